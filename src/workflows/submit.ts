// The paid step.
import { CancellationScope } from '@temporalio/workflow'
import type { AttemptInput, AttemptStanding } from '../activities/types.ts'
import { activityFailure } from '../contract/index.ts'
import { bookkeeping, submitting } from './activity-options.ts'
import { leftAttempt } from './close.ts'
import { lastMomentMs } from './decide.ts'
import type { Step } from './decide.ts'
import { applicationFailureOf, lastKnownTaskId, refusalOf, sentenceOf } from './failures.ts'
import { attemptInput, happen, itemPrefix, routeEntry } from './run.ts'
import type { Run } from './run.ts'
import { mayHaveCost } from './state.ts'

/** Claims and sends one attempt. However the activity ends, the ledger row says what it means. */
export async function trySubmit(run: Run, step: Extract<Step, { kind: 'submit' }>): Promise<void> {
  const { plan, state } = run
  const entry = routeEntry(plan, step.entry)
  const input = attemptInput(run, step)
  // I3: also what was asked for as a whole before there were items.
  const left = [...(run.whole === null ? [] : [run.whole]), run].flatMap((story) =>
    story.state.attempts
      .filter((attempt) => (story !== run || attempt.number !== step.number) && mayHaveCost(attempt))
      .map((attempt) => leftAttempt(story, attempt)),
  )
  const untilDeadlineMs = state.deadlineAtMs - Date.now()
  // What is paid in the last moment could not be waited for any more.
  const sendBeforeMs = state.deadlineAtMs - lastMomentMs
  const summary = `${itemPrefix(run)}submit to ${entry.provider} (${entry.model}), attempt ${step.number}`
  let standing: AttemptStanding
  try {
    standing = await submitting(entry, plan.limits, untilDeadlineMs, summary).submitTask({ ...input, left, sendBeforeMs })
  } catch (error) {
    standing = await CancellationScope.nonCancellable(() => standingAfterFailure(input, error))
  }
  run.submittingUsd = 0
  happen(run, { kind: 'submitted', number: step.number, entry: step.entry, standing })
}

/** A timeout, a crash or a cancel proves nothing (I3): only a typed refusal may be taken at its word. */
async function standingAfterFailure(input: AttemptInput, error: unknown): Promise<AttemptStanding> {
  const failure = applicationFailureOf(error)
  if (failure?.type === activityFailure.submitRefused) {
    return { state: 'rejected', providerTaskId: null, recorded: true, ...refusalOf(failure), provenFree: true, tries: 1 }
  }
  const heardTaskId = lastKnownTaskId(error)
  if (heardTaskId !== null) {
    // The worker died with the reply in hand: its last heartbeat names the task, and `awaitTask` writes it.
    return {
      state: 'accepted',
      providerTaskId: heardTaskId,
      recorded: false,
      reason: null,
      message: null,
      provenFree: false,
      tries: 1,
    }
  }
  const isRefusedForNow = failure?.type === activityFailure.submitRefusedForNow
  const isLedgerAway = failure?.type === activityFailure.ledgerUnavailable
  const why = isRefusedForNow
    ? refusalOf(failure)
    : { reason: isLedgerAway ? ('ledger_unavailable' as const) : ('withdrawn' as const), message: sentenceOf(error) }
  const withdraw = async (): Promise<AttemptStanding> => bookkeeping('withdraw the attempt').withdrawAttempt({ ...input, ...why })
  const resolve = async (): Promise<AttemptStanding> => bookkeeping('look up what became of the submit').resolveAttempt(input)
  // A refusal on the last try left the row free; after anything else somebody may still be sending, so look first.
  let standing = isRefusedForNow ? await withdraw() : await resolve()
  while (standing.state === 'absent' || standing.state === 'claimed' || standing.state === 'sending') {
    standing = standing.state === 'sending' ? await resolve() : await withdraw()
  }
  return standing
}
