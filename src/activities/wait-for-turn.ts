// No account of the provider has room, so the attempt stands in line: first come, first served, by priority. Its turn is a permit that is
// held for it for a moment. Waiting is never a failed try.
import { Context } from '@temporalio/activity'
import type { Busy } from '../ledger/accounts-port.ts'
import { attemptContext } from './attempt-context.ts'
import type { ActivityDeps } from './deps.ts'
import { withinDeadline } from './poll-delay.ts'
import { accountOffer, busyReport } from './send-offer.ts'
import { standingOf } from './standing.ts'
import { notYet, toApplicationFailure } from './to-application-failure.ts'
import type { AttemptStanding, TurnInput } from './types.ts'

export function createWaitForTurn(deps: ActivityDeps) {
  return async function waitForTurn(input: TurnInput): Promise<AttemptStanding> {
    const { ref, priority, waitOutPause } = input
    try {
      const attempt = await attemptContext(deps, input)
      const { provider } = attempt.planned
      const turn = await deps.ledger.takeTurn(ref, {
        ...accountOffer(deps, attempt),
        provider,
        mode: deps.mode,
        priority,
        holdMs: deps.limits.turnHoldMs,
      })
      if (turn.kind === 'decided') return standingOf(turn.row)
      const row = await deps.ledger.readAttempt(ref)
      if (row === null) throw new Error(`no ledger row for attempt ${ref.attempt} of ${ref.generationId}`)
      if (turn.kind === 'granted') return standingOf(row)
      // Not worth standing here for: the workflow decides what else to do.
      if (isWorthTelling(turn.busy, waitOutPause)) return { ...standingOf(row), busy: busyReport(turn.busy) }
      const delayMs = withinDeadline(turn.busy.retryAfterMs, Context.current().info, Date.now())
      throw notYet('StillInLine', `number ${turn.position} in line: ${busyReport(turn.busy).message}`, delayMs)
    } catch (error) {
      throw toApplicationFailure(error)
    }
  }
}

/** A pause that the workflow does not know of yet, or that the provider will not end by itself. */
function isWorthTelling({ because, pause }: Busy, waitOutPause: boolean): boolean {
  if (because !== 'paused' || pause === null) return false
  return !waitOutPause || (pause.by === 'provider' && pause.until === null)
}
