// What callbacks do to a running generation: they wake the wait of their own attempt, and nothing else (I12).
import { CancellationScope, condition, isCancellation, sleep } from '@temporalio/workflow'
import type { Wake } from '../contract/index.ts'

interface Bounds {
  /** wakes that count per attempt; the rest is a flood */
  wakesPerAttempt: number
  /** at least this long between two queries that a wake caused */
  wakeSpacingMs: number
}

export interface Wakes {
  receive: (wake: Wake) => void
  total: () => number
  /**
   * Waits for a wake or the grace timer, then runs `ask`, an activity that repeats itself until it has an answer.
   * A wake that comes meanwhile cancels it and starts it afresh, so that its back-off is not waited out.
   */
  wakeOrPoll<T>(attempt: number, graceMs: number, summary: string, ask: () => Promise<T>, bounds: Bounds): Promise<T>
}

export function createWakes(): Wakes {
  const received = new Map<number, number>()
  const used = new Map<number, number>()
  const pending = (attempt: number, limit: number): boolean =>
    Math.min(received.get(attempt) ?? 0, limit) > (used.get(attempt) ?? 0)
  const use = (attempt: number, limit: number): void => {
    used.set(attempt, Math.min(received.get(attempt) ?? 0, limit))
  }

  return {
    receive: (wake: Wake | null | undefined) => {
      // Anybody with access to Temporal can send anything: an error here would fail the workflow task for ever.
      if (typeof wake?.attempt === 'number') received.set(wake.attempt, (received.get(wake.attempt) ?? 0) + 1)
    },
    total: () => [...received.values()].reduce((sum, count) => sum + count, 0),
    async wakeOrPoll(attempt, graceMs, summary, ask, { wakesPerAttempt, wakeSpacingMs }) {
      const isWoken = (): boolean => pending(attempt, wakesPerAttempt)
      if (!isWoken() && graceMs > 0) await condition(isWoken, graceMs, { summary })
      for (;;) {
        use(attempt, wakesPerAttempt)
        const startedAtMs = Date.now()
        const scope = new CancellationScope()
        const asked = scope.run(ask).then((answer) => ({ answer }))
        // The loser of the race below may still fail or time out: by then nobody listens, and nobody must trip over it.
        asked.catch(() => undefined)
        const first = await Promise.race([asked, condition(isWoken)])
        if (first !== undefined) return first.answer
        // TRY_CANCEL, never ABANDON: an abandoned activity that fails later leaves the SDK without a valid transition.
        scope.cancel()
        await asked.catch((error: unknown) => {
          if (!isCancellation(error)) throw error
        })
        const spacingMs = wakeSpacingMs - (Date.now() - startedAtMs)
        if (spacingMs > 0) await sleep(spacingMs, { summary: 'at most one query a second per attempt' })
      }
    },
  }
}
