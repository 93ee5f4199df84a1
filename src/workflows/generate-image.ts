// The story of one generation. Every branch is in decide.ts; here is only what each step does.
import { CancellationScope, isCancellation, setHandler, workflowInfo } from '@temporalio/workflow'
import { CancelledFailure } from '@temporalio/common'
import type { AttemptStanding } from '../activities/types.ts'
import type { DecisionReport, Generation, GenerationRequest, LiveView } from '../contract/index.ts'
import { activityFailure, statusQuery, wakeSignal } from '../contract/index.ts'
import { asking, bookkeeping, planLocally, storing, submitting } from './activity-options.ts'
import { closeCancelled, closingOf, endFailed, leftAttempt } from './close.ts'
import { attemptEndsAtMs, decide, lastMomentMs, mayHaveCost, phaseOf } from './decide.ts'
import type { GenerationState, Step } from './decide.ts'
import { applicationFailureOf, generationFailed, lastKnownTaskId, refusalOf, sentenceOf } from './failures.ts'
import { liveView } from './live-view.ts'
import { note, routeEntry } from './run.ts'
import type { Run } from './run.ts'
import { createWakes } from './wakes.ts'

type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>

/**
 * One picture, from request to stored file. The workflow id is the generation id.
 * Ends with the generation, or fails with an `ApplicationFailure` whose type is a `FailureType` and whose first detail is the generation.
 */
export async function GenerateImage(request: GenerationRequest): Promise<Generation> {
  const generationId = workflowInfo().workflowId
  const startedAtMs = Date.now()
  const wakes = createWakes()
  const decisions: DecisionReport[] = []
  let state: GenerationState | null = null
  // Before the first await: a callback may come sooner than the submit's reply.
  setHandler(wakeSignal, wakes.receive)
  setHandler(statusQuery, (): LiveView => liveView(state, decisions, wakes.total()))

  let run: Run | null = null
  try {
    const plan = await makePlan(generationId, request)
    // By the clock of the workflow, like every later decision.
    decisions.push(...plan.decisions.map((decision) => ({ ...decision, at: new Date(Date.now()).toISOString() })))
    const { route, policy } = plan
    state = { route, policy, deadlineAtMs: startedAtMs + plan.deadlineMs, attempts: [], generation: null, endedAs: null }
    run = { generationId, plan, state, wakes, decisions }
    return await tellStory(run)
  } catch (error) {
    if (!isCancellation(error)) throw error
    const closed = await closeCancelled(generationId, run)
    // The pictures may have been stored while the cancel was on its way: then the generation is completed, and stays so (I2).
    if (closed?.status === 'completed') return closed
    throw error
  }
}

async function tellStory(run: Run): Promise<Generation> {
  for (;;) {
    // A submit that was running when the cancel came has been booked; nothing new may be paid now.
    if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('the generation was cancelled')
    const step = decide(run.state, Date.now())
    note(run, step)
    switch (step.kind) {
      case 'submit':
        await trySubmit(run, step)
        break
      case 'await':
        await wakeOrPoll(run, step)
        break
      case 'listen':
        await listenForLostReply(run, step)
        break
      case 'store':
        await storeImages(run, step)
        break
      case 'finish':
        return finish(step.generation)
      case 'fail':
        return endFailed(run, step.failure)
    }
  }
}

/** After a reset the row may say that the generation had ended otherwise before: that end stays (I2). */
function finish(generation: Generation): Generation {
  if (generation.status === 'completed') return generation
  if (generation.status === 'cancelled') throw new CancelledFailure('the generation had been cancelled')
  throw generationFailed(
    generation.failure ?? { type: 'ResultUnavailable', message: 'the generation had failed before' },
    generation,
  )
}

async function makePlan(generationId: string, request: GenerationRequest): Promise<Run['plan']> {
  try {
    try {
      return await planLocally('plan the route').planGeneration({ generationId, request })
    } catch (error) {
      if (isCancellation(error) || applicationFailureOf(error)?.nonRetryable === true) throw error
      return await bookkeeping('plan the route once the ledger answers').planGeneration({ generationId, request })
    }
  } catch (error) {
    const failure = applicationFailureOf(error)
    // Unwrapped, so that callers see `InvalidRequest` and the like as the type of the workflow's failure.
    throw failure ?? error
  }
}

/** Claims and sends one attempt. However the activity ends, the ledger row says what it means. */
async function trySubmit(run: Run, step: StepOf<'submit'>): Promise<void> {
  const { plan, state, generationId } = run
  const entry = routeEntry(plan, step.entry)
  const ref = { generationId, item: 0, attempt: step.number }
  const left = state.attempts.filter((attempt) => mayHaveCost(attempt)).map((attempt) => leftAttempt(attempt))
  const untilDeadlineMs = state.deadlineAtMs - Date.now()
  const summary = `submit to ${entry.provider} (${entry.model}), attempt ${step.number}`
  let standing: AttemptStanding
  try {
    standing = await submitting(entry, plan.limits, untilDeadlineMs, summary).submitTask({ ref, entry: step.entry, left })
  } catch (error) {
    standing = await CancellationScope.nonCancellable(() => standingAfterFailure(ref, step.entry, error))
  }
  state.attempts.push({
    number: step.number,
    entry: step.entry,
    phase: phaseOf(standing),
    providerTaskId: standing.providerTaskId,
    recorded: standing.recorded,
    reason: standing.reason,
    message: standing.message,
    provenFree: standing.provenFree,
    isHeard: false,
    acceptedAtMs: standing.providerTaskId === null ? null : Date.now(),
  })
}

/** A timeout, a crash or a cancel proves nothing (I3): only a typed refusal may be taken at its word. */
async function standingAfterFailure(
  ref: { generationId: string; item: number; attempt: number },
  entry: number,
  error: unknown,
): Promise<AttemptStanding> {
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
  const withdraw = async (): Promise<AttemptStanding> =>
    bookkeeping('withdraw the attempt').withdrawAttempt({ ref, entry, ...why })
  const resolve = async (): Promise<AttemptStanding> =>
    bookkeeping('look up what became of the submit').resolveAttempt({ ref, entry })
  // A refusal on the last try left the row free; after anything else somebody may still be sending, so look first.
  let standing = isRefusedForNow ? await withdraw() : await resolve()
  while (standing.state === 'absent' || standing.state === 'claimed' || standing.state === 'sending') {
    standing = standing.state === 'sending' ? await resolve() : await withdraw()
  }
  return standing
}

/** Signal or grace timer, then one activity that asks until the provider has an end for this attempt. */
async function wakeOrPoll(run: Run, { attempt }: StepOf<'await'>): Promise<void> {
  const { plan, state, wakes } = run
  const entry = routeEntry(plan, attempt.entry)
  const ref = { generationId: run.generationId, item: 0, attempt: attempt.number }
  const grace = entry.hasCallback
    ? `callback grace for ${entry.provider}`
    : `${entry.provider}'s first seconds, no callback address`
  const endsAtMs = attemptEndsAtMs(state, attempt)
  const graceMs = attempt.isHeard ? 0 : Math.min(plan.limits.firstPollAfterMs, endsAtMs - Date.now())
  const ask = async (): Promise<AttemptStanding> =>
    // At least a millisecond: Temporal reads 0 as "no limit".
    asking(
      entry,
      plan.limits,
      Math.max(1, endsAtMs - Date.now()),
      `ask ${entry.provider} until attempt ${attempt.number} ends`,
    ).awaitTask({
      ref,
      entry: attempt.entry,
      providerTaskId: attempt.providerTaskId ?? '',
      recorded: attempt.recorded,
    })
  try {
    const standing = await wakes.wakeOrPoll(attempt.number, graceMs, grace, ask, plan.limits)
    attempt.recorded = true
    attempt.phase = phaseOf(standing)
    attempt.reason = standing.reason
    attempt.message = standing.message
    attempt.provenFree = standing.provenFree
  } catch (error) {
    if (isCancellation(error)) throw error
    // Only the deadline may end the wait: a poller that ends early for any other reason is started again after the next grace.
    if (Date.now() < endsAtMs - lastMomentMs) return
    // No answer in time is not a failure of the task: it is left open, owing.
    attempt.phase = 'overdue'
    attempt.reason = 'deadline'
    attempt.message = sentenceOf(error)
  }
}

/** The reply to a submit was lost. A callback, or a reply that arrives after all, may still name the task. */
async function listenForLostReply(run: Run, { attempt }: StepOf<'listen'>): Promise<void> {
  const { plan, state, wakes } = run
  const entry = routeEntry(plan, attempt.entry)
  const ref = { generationId: run.generationId, item: 0, attempt: attempt.number }
  const endsAtMs = Math.min(state.deadlineAtMs, Date.now() + plan.limits.unknownListenMs)
  const ask = async (): Promise<AttemptStanding> =>
    asking(
      entry,
      plan.limits,
      Math.max(1, endsAtMs - Date.now()),
      `listen for the lost reply of attempt ${attempt.number}`,
    ).listenForLostReply({
      ref,
      entry: attempt.entry,
    })
  try {
    const standing = await wakes.wakeOrPoll(attempt.number, 0, '', ask, plan.limits)
    attempt.providerTaskId = standing.providerTaskId
    attempt.phase = standing.state === 'unknown' ? 'unheard' : phaseOf(standing)
    attempt.isHeard = true
    attempt.acceptedAtMs = Date.now()
  } catch (error) {
    if (isCancellation(error)) throw error
    attempt.phase = 'unheard'
  }
}

async function storeImages(run: Run, { attempt }: StepOf<'store'>): Promise<void> {
  const { plan, state } = run
  const ref = { generationId: run.generationId, item: 0, attempt: attempt.number }
  const untilDeadlineMs = state.deadlineAtMs - Date.now()
  const closing = closingOf(run, 'completed', null, attempt)
  try {
    const activities = storing(plan.limits, untilDeadlineMs, `fetch and store the picture of attempt ${attempt.number}`)
    state.generation = await activities.storeImages({ ref, entry: attempt.entry, closing })
  } catch (error) {
    if (isCancellation(error)) throw error
    // A run that fails while a cancel waits for it is not tried again: the caller's word counts, not the failure.
    if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('the generation was cancelled')
    // The provider has the picture and was paid: asking another one would pay twice for one picture.
    state.generation = await endFailed(run, { type: 'ResultUnavailable', message: sentenceOf(error) })
  }
}
