import type { ActivityDeps } from './deps.ts'
import { standingOf } from './standing.ts'
import { notYet, toApplicationFailure } from './to-application-failure.ts'
import type { AttemptInput, AttemptStanding } from './types.ts'

/** Somebody may be talking to the provider: look again soon, but do not hold a worker's slot meanwhile. */
const lookAgainAfterMs = 1_000

/** What became of a submit whose activity ended in a timeout or a crash: only the row knows. Waits until nobody can be sending. */
export function createResolveAttempt(deps: ActivityDeps) {
  return async function resolveAttempt({ ref }: AttemptInput): Promise<AttemptStanding> {
    try {
      const row = await deps.ledger.readAttempt(ref)
      if (row === null) {
        return { state: 'absent', providerTaskId: null, recorded: true, reason: null, message: null, provenFree: true, tries: 0 }
      }
      if (row.state === 'sending') throw notYet('StillSilent', 'a submit may still be on the wire', lookAgainAfterMs)
      return standingOf(row)
    } catch (error) {
      throw toApplicationFailure(error)
    }
  }
}
