// Ask the provider until its task has an end. One try is one query; Temporal's retry policy is the timer.
import { Context } from '@temporalio/activity'
import type { Cost } from '../contract/index.ts'
import type { ProviderVerdict } from '../ledger/ledger.ts'
import type { QueryOutcome, Snapshot } from '../providers/provider.ts'
import { attemptContext } from './attempt-context.ts'
import type { AttemptContext } from './attempt-context.ts'
import type { ActivityDeps } from './deps.ts'
import { mixedUp } from './ownership.ts'
import { forgetDeadLinks } from './send-references.ts'
import { pollDelayMs, withinDeadline } from './poll-delay.ts'
import { standingOf } from './standing.ts'
import { notYet, toApplicationFailure } from './to-application-failure.ts'
import type { AttemptStanding, AwaitInput } from './types.ts'

export function createAwaitTask(deps: ActivityDeps) {
  return async function awaitTask(input: AwaitInput): Promise<AttemptStanding> {
    const { ref, providerTaskId, recorded } = input
    try {
      const attempt = await attemptContext(deps, input)
      // The submit knew the id but could not write it: first things first.
      const row = recorded ? await deps.ledger.readAttempt(ref) : await deps.ledger.recordTaskId(ref, providerTaskId)
      if (row === null) throw new Error(`no ledger row for attempt ${ref.attempt} of ${ref.generationId}`)
      const { info, cancellationSignal } = Context.current()
      const answer = await attempt.provider.query(attempt.stored.api, providerTaskId, {
        account: row.account,
        timeoutMs: deps.limits.queryTimeoutMs,
        signal: cancellationSignal,
      })
      await deps.pointReached?.('await.asked', info.attempt)
      if (answer.kind === 'snapshot' && answer.snapshot.state !== 'pending') {
        const why = await mixedUp(deps, attempt, row, answer.snapshot)
        // I5. Its own task may still be named by its callback, and is then booked by settlement.
        if (why !== null) throw notYet('StillPending', `the task is another attempt's: ${why}`, pollPause(attempt, answer))
        const verdict = await forgetDeadLinks(deps, attempt, verdictOf(answer.snapshot))
        return standingOf(await deps.ledger.recordVerdict(ref, verdict))
      }
      // Only a parsed terminal state is an end: 401, 404, 429, 5xx, HTML and unknown words all mean "ask again".
      throw notYet('StillPending', describe(attempt, answer), pollPause(attempt, answer))
    } catch (error) {
      throw toApplicationFailure(error)
    }
  }
}

function pollPause(attempt: AttemptContext, answer: QueryOutcome): number {
  const { info } = Context.current()
  return withinDeadline(pollDelayMs(attempt.limits, info.attempt, answer), info, Date.now())
}

/** What the ledger books for a provider's final word. */
export function verdictOf(snapshot: Snapshot): ProviderVerdict {
  const cost: Cost | null = snapshot.cost === null ? null : { ...snapshot.cost, source: 'measured' }
  return {
    state: snapshot.state === 'succeeded' ? 'succeeded' : 'failed',
    reason: snapshot.failureReason,
    message: snapshot.failureMessage,
    cost,
    provenFree: snapshot.provenFree,
    finishedAt: snapshot.finishedAtMs === null ? null : new Date(snapshot.finishedAtMs),
  }
}

function describe({ planned }: AttemptContext, answer: QueryOutcome): string {
  if (answer.kind === 'snapshot') return `${planned.provider} says ${answer.snapshot.rawState}`
  return `${planned.provider}: ${answer.message}`
}
