// The only way a test waits: ask again until it holds, or fail with the last reason.
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Runs `probe` until it resolves without throwing; rejects with its last error after `timeoutMs` (default 30 s: a busy machine takes its time).
 * Give `assert.ok` a message inside a probe: without one Node reads and parses the source at every failure, which blocks the event loop.
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  options: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const { timeoutMs = 30_000, everyMs = 25 } = options
  const endMs = performance.now() + timeoutMs
  for (;;) {
    try {
      return await probe()
    } catch (error) {
      if (performance.now() >= endMs) throw error
    }
    await sleep(everyMs)
  }
}
