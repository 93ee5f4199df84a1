// The story of one generation. Every branch is in decide.ts, every change in state.ts; here is only what each step does.
import { CancellationScope, condition, isCancellation, setHandler, sleep, workflowInfo } from '@temporalio/workflow'
import { CancelledFailure } from '@temporalio/common'
import type { AttemptStanding } from '../activities/types.ts'
import type { DecisionReport, Generation, GenerationRequest, LiveView } from '../contract/index.ts'
import { statusQuery, wakeSignal } from '../contract/index.ts'
import { asking, bookkeeping, planLocally, queueing, storing } from './activity-options.ts'
import { closeCancelled, closingOf, endFailed } from './close.ts'
import { attemptEndsAtMs, decide, lastMomentMs } from './decide.ts'
import type { Step } from './decide.ts'
import { applicationFailureOf, generationFailed, sentenceOf } from './failures.ts'
import { liveView } from './live-view.ts'
import { happen, note, routeEntry } from './run.ts'
import type { Run } from './run.ts'
import { startSettlements } from './settlements.ts'
import type { GenerationState } from './state.ts'
import { trySubmit } from './submit.ts'
import { hasLateSuccess, isWatched, stopWatching, watchLeftAttempts } from './watch.ts'
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
  let run: Run | null = null
  // Before the first await: a callback may come sooner than the submit's reply.
  setHandler(wakeSignal, wakes.receive)
  setHandler(statusQuery, (): LiveView => liveView(run?.state ?? null, decisions, wakes.total()))

  try {
    const plan = await makePlan(generationId, request)
    // By the clock of the workflow, like every later decision.
    decisions.push(...plan.decisions.map((decision) => ({ ...decision, at: new Date(Date.now()).toISOString() })))
    const { route, policy } = plan
    const deadlineAtMs = startedAtMs + plan.deadlineMs
    const state: GenerationState = { route, policy, deadlineAtMs, attempts: [], generation: null, endedAs: null }
    run = { generationId, plan, state, wakes, decisions, watched: { scope: new CancellationScope(), running: new Map() } }
    return await tellStory(run)
  } catch (error) {
    // A run of an activity that fails while a cancel waits for it is not tried again: the caller's word counts, not that failure.
    const isCancelled = isCancellation(error) || (run === null && CancellationScope.current().consideredCancelled)
    if (!isCancelled) throw error
    const closed = await closeCancelled(generationId, run)
    // The pictures may have been stored while the cancel was on its way: then the generation is completed, and stays so (I2).
    if (closed?.status === 'completed') return closed
    throw isCancellation(error) ? error : new CancelledFailure('the generation was cancelled')
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
        watchLeftAttempts(run)
        await unlessServed(run, () => trySubmit(run, step))
        break
      case 'queue':
        await unlessServed(run, () => waitForTurn(run, step))
        break
      case 'leave_line':
        await leaveLine(run, step)
        break
      case 'await':
        await unlessServed(run, () => wakeOrPoll(run, step))
        break
      case 'listen':
        await unlessServed(run, () => listenForLostReply(run, step))
        break
      case 'watch':
        watchLeftAttempts(run)
        await condition(
          () => !isWatched(run, step.attempt.number),
          Math.max(1, run.state.deadlineAtMs - lastMomentMs - Date.now()),
          {
            summary: `attempt ${step.attempt.number} may still finish`,
          },
        )
        break
      case 'store':
        await storeImages(run, step)
        break
      case 'finish':
        return finish(run, step.generation)
      case 'fail':
        return endFailed(run, step.failure)
    }
  }
}

/** Runs one step, and ends it as soon as an attempt that was left behind turns out to have a picture: then nothing else is needed. */
async function unlessServed(run: Run, work: () => Promise<void>): Promise<void> {
  const step = new CancellationScope()
  const lookout = new CancellationScope()
  const working = step.run(work)
  const served = lookout.run(() => condition(() => hasLateSuccess(run)))
  // However the race ends (a cancel of the generation ends the lookout at once), the step itself is waited for: it may be paying.
  await Promise.race([working, served]).catch(() => undefined)
  if (hasLateSuccess(run)) step.cancel()
  lookout.cancel()
  try {
    await working
  } catch (error) {
    // Its own end, not that of the generation: a submit that was on the wire has been booked meanwhile.
    if (!isCancellation(error) || !hasLateSuccess(run)) throw error
  } finally {
    await served.catch(() => undefined)
  }
}

/** After a reset the row may say that the generation had ended otherwise before: that end stays (I2). */
async function finish(run: Run, generation: Generation): Promise<Generation> {
  await stopWatching(run)
  await CancellationScope.nonCancellable(() => startSettlements(run, generation))
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

/** Stands in line for a place at the provider's accounts. */
async function waitForTurn(run: Run, { attempt, untilMs, waitOutPause }: StepOf<'queue'>): Promise<void> {
  const { plan, generationId } = run
  const { number } = attempt
  const entry = routeEntry(plan, attempt.entry)
  const input = {
    ref: { generationId, item: 0, attempt: number },
    entry: attempt.entry,
    priority: plan.policy.priority,
    waitOutPause,
  }
  const leftMs = Math.max(1, untilMs - Date.now())
  try {
    const standing = await queueing(entry, plan.limits, leftMs, `stand in line at ${entry.provider}`).waitForTurn(input)
    happen(run, { kind: 'line_ended', number, standing })
  } catch (error) {
    if (isCancellation(error)) throw error
    // The time in line is over, which `decide` sees by the clock; anything else that ends it early is tried again after a pause.
    if (Date.now() < untilMs - lastMomentMs) await sleep(plan.limits.pollMinMs, { summary: 'stand in line again' })
  }
}

/** Nothing was sent, so this is free; unless the row says otherwise, and then that counts. */
async function leaveLine(run: Run, { attempt, message }: StepOf<'leave_line'>): Promise<void> {
  const { number, entry, line } = attempt
  const ref = { generationId: run.generationId, item: 0, attempt: number }
  const paused = line?.busy.reason === 'operator' ? 'paused' : line?.busy.reason
  const reason = line?.busy.because === 'paused' ? (paused ?? 'paused') : 'busy'
  const standing = await bookkeeping('leave the line').withdrawAttempt({ ref, entry, reason, message })
  happen(run, { kind: 'line_ended', number, standing })
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
    happen(run, { kind: 'answered', number: attempt.number, standing })
  } catch (error) {
    if (isCancellation(error)) throw error
    // Only the deadline may end the wait: a poller that ends early for any other reason is started again after the next grace.
    if (Date.now() < endsAtMs - lastMomentMs) return
    // No answer in time is not a failure of the task: it is left open, owing.
    happen(run, { kind: 'overdue', number: attempt.number, message: sentenceOf(error) })
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
    happen(run, { kind: 'listened', number: attempt.number, standing })
  } catch (error) {
    if (isCancellation(error)) throw error
    happen(run, { kind: 'listened', number: attempt.number, standing: null })
  }
}

async function storeImages(run: Run, { attempt }: StepOf<'store'>): Promise<void> {
  const { plan, state } = run
  const ref = { generationId: run.generationId, item: 0, attempt: attempt.number }
  const untilDeadlineMs = state.deadlineAtMs - Date.now()
  const closing = closingOf(run, 'completed', null, attempt)
  try {
    const activities = storing(plan.limits, untilDeadlineMs, `fetch and store the picture of attempt ${attempt.number}`)
    happen(run, { kind: 'stored', generation: await activities.storeImages({ ref, entry: attempt.entry, closing }) })
  } catch (error) {
    if (isCancellation(error)) throw error
    // A run that fails while a cancel waits for it is not tried again: the caller's word counts, not the failure.
    if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('the generation was cancelled')
    // The provider has the picture and was paid: asking another one would pay twice for one picture.
    const failure = { type: 'ResultUnavailable' as const, message: sentenceOf(error) }
    happen(run, { kind: 'stored', generation: await endFailed(run, failure) })
  }
}
