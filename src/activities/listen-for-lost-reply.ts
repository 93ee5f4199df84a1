// A submit got no readable answer. Its task id may still turn up: in the row, when the slow reply arrives after all, or in a callback
// to the attempt's own sealed address. A claimed id is adopted only after the ownership test.
import { Context } from '@temporalio/activity'
import type { AttemptRow } from '../ledger/ledger.ts'
import { attemptContext } from './attempt-context.ts'
import type { AttemptContext } from './attempt-context.ts'
import type { ActivityDeps } from './deps.ts'
import { ownershipOf } from './ownership.ts'
import { withinDeadline } from './poll-delay.ts'
import { standingOf } from './standing.ts'
import { notYet, toApplicationFailure } from './to-application-failure.ts'
import type { AttemptInput, AttemptStanding } from './types.ts'

export function createListenForLostReply(deps: ActivityDeps) {
  return async function listenForLostReply(input: AttemptInput): Promise<AttemptStanding> {
    const { ref } = input
    try {
      const attempt = await attemptContext(deps, input)
      const row = await deps.ledger.readAttempt(ref)
      if (row === null) throw new Error(`no ledger row for attempt ${ref.attempt} of ${ref.generationId}`)
      // `abandoned` without id: left behind, and listened for while its successor runs.
      const isNameless = row.state === 'unknown' || (row.state === 'abandoned' && row.providerTaskId === null)
      if (!isNameless) return standingOf(row)
      const adopted = await adoptFromHints(deps, attempt, row)
      if (adopted !== null) return standingOf(adopted)
      if (!mayBeHeardOf(attempt, row)) return standingOf(row)
      throw notYet(
        'StillSilent',
        'no sign of the lost reply yet',
        withinDeadline(attempt.limits.listenPollMs, Context.current().info, Date.now()),
      )
    } catch (error) {
      throw toApplicationFailure(error)
    }
  }
}

/** Without a callback address nothing but our own late reply can come, and that only until the send deadline. */
export function mayBeHeardOf({ planned }: AttemptContext, row: AttemptRow): boolean {
  return planned.hasCallback || (row.sendDeadlineAt !== null && row.sendDeadlineAt.getTime() > Date.now())
}

async function adoptFromHints(deps: ActivityDeps, attempt: AttemptContext, row: AttemptRow): Promise<AttemptRow | null> {
  const claims = new Set((await deps.ledger.readHints(row)).map(({ claimedTaskId }) => claimedTaskId))
  for (const claimedTaskId of claims) {
    if (claimedTaskId === null) continue
    const ownership = await ownershipOf(deps, attempt, row, claimedTaskId)
    if (ownership.kind === 'ours') return deps.ledger.adoptTaskId(row, claimedTaskId)
    const { generationId, item, attempt: number } = row
    deps.logger.warn(
      { generationId, item, attempt: number, claimedTaskId, why: ownership.why },
      'a callback named a task that is not adopted',
    )
  }
  return null
}
