import { setTimeout as sleep } from 'node:timers/promises'

/** What `work` gives; null where it takes longer than `timeoutMs`. Rejects with it, or as soon as `signal` is aborted. `work` goes on. */
export async function waitWithin<T>(
  work: Promise<T>,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<T | null> {
  const over = new AbortController()
  try {
    return await Promise.race([work, sleep(timeoutMs, null, { signal: AbortSignal.any([signal, over.signal]) })])
  } finally {
    over.abort()
  }
}
