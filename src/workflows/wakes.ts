// What callbacks do to a running generation: they wake the wait of their own attempt, and nothing else (I12).
import { CancellationScope, condition, isCancellation, sleep } from '@temporalio/workflow'
import type { Wake } from '../contract/index.ts'

type Ref = Pick<Wake, 'item' | 'attempt'>

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
  wakeOrPoll<T>(ref: Ref, graceMs: number, summary: string, ask: () => Promise<T>, bounds: Bounds): Promise<T>
}

export function createWakes(): Wakes {
  const received = new Map<string, number>()
  const used = new Map<string, number>()
  const keyOf = ({ item, attempt }: Ref): string => `${item}/${attempt}`
  const pending = (key: string, limit: number): boolean => Math.min(received.get(key) ?? 0, limit) > (used.get(key) ?? 0)
  const use = (key: string, limit: number): void => {
    used.set(key, Math.min(received.get(key) ?? 0, limit))
  }

  return {
    receive: (wake: Partial<Wake> | null | undefined) => {
      // Anybody with access to Temporal can send anything: an error here would fail the workflow task for ever.
      if (typeof wake?.attempt !== 'number') return
      const key = keyOf({ item: wake.item ?? 0, attempt: wake.attempt })
      received.set(key, (received.get(key) ?? 0) + 1)
    },
    total: () => [...received.values()].reduce((sum, count) => sum + count, 0),
    async wakeOrPoll(ref, graceMs, summary, ask, { wakesPerAttempt, wakeSpacingMs }) {
      const key = keyOf(ref)
      const isWoken = (): boolean => pending(key, wakesPerAttempt)
      if (!isWoken() && graceMs > 0) await condition(isWoken, graceMs, { summary })
      for (;;) {
        use(key, wakesPerAttempt)
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
