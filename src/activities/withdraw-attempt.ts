import { attemptContext } from './attempt-context.ts'
import type { ActivityDeps } from './deps.ts'
import { standingOf } from './standing.ts'
import { toApplicationFailure } from './to-application-failure.ts'
import type { AttemptStanding, WithdrawInput } from './types.ts'

/**
 * The workflow gives an attempt up: `claimed → withdrawn`, or a tombstone where no run ever claimed, so that a run that wakes late
 * finds its time over. A row that has moved on is answered as it is, and the attempt takes that outcome instead.
 */
export function createWithdrawAttempt(deps: ActivityDeps) {
  return async function withdrawAttempt({ reason, message, ...attempt }: WithdrawInput): Promise<AttemptStanding> {
    try {
      const { row } = await attemptContext(deps, attempt)
      return standingOf(await deps.ledger.withdrawAttempt(row, { reason, message }))
    } catch (error) {
      throw toApplicationFailure(error)
    }
  }
}
