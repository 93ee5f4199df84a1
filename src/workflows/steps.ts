// What each step of a story does, whether it is about a generation or about one of its items.
import { CancellationScope, condition, isCancellation, sleep } from '@temporalio/workflow'
import type { AttemptStanding } from '../activities/types.ts'
import { asking, bookkeeping, queueing } from './activity-options.ts'
import { attemptEndsAtMs, lastMomentMs } from './decide.ts'
import type { Step } from './decide.ts'
import { sentenceOf } from './failures.ts'
import { attemptInput, happen, itemPrefix, routeEntry } from './run.ts'
import type { Run } from './run.ts'
import { trySubmit } from './submit.ts'
import { hasLateSuccess, isWatched, watchLeftAttempts } from './watch.ts'

type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>

/** Steps that end neither the generation nor an item. */
type CommonStep = StepOf<'submit' | 'queue' | 'leave_line' | 'await' | 'listen' | 'watch'>

export async function takeStep(run: Run, step: CommonStep): Promise<void> {
  switch (step.kind) {
    case 'submit':
      watchLeftAttempts(run)
      return unlessServed(run, () => trySubmit(run, step))
    case 'queue':
      return unlessServed(run, () => waitForTurn(run, step))
    case 'leave_line':
      return leaveLine(run, step)
    case 'await':
      return unlessServed(run, () => wakeOrPoll(run, step))
    case 'listen':
      return unlessServed(run, () => listenForLostReply(run, step))
    case 'watch':
      return waitOn(run, step)
  }
}

/** Runs one step, and ends it as soon as an attempt that was left behind turns out to have a picture: then nothing else is needed. */
export async function unlessServed(run: Run, work: () => Promise<void>): Promise<void> {
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

/** Nothing more can be bought: only what was left behind can still bring a picture. */
async function waitOn(run: Run, { attempt: { number } }: StepOf<'watch'>): Promise<void> {
  watchLeftAttempts(run)
  const untilMs = Math.max(1, run.state.deadlineAtMs - lastMomentMs - Date.now())
  await condition(() => !isWatched(run, number), untilMs, { summary: `${itemPrefix(run)}attempt ${number} may still finish` })
}

/** Stands in line for a place at the provider's accounts. */
async function waitForTurn(run: Run, { attempt, untilMs, waitOutPause }: StepOf<'queue'>): Promise<void> {
  const { plan } = run
  const { number } = attempt
  const entry = routeEntry(plan, attempt.entry)
  const input = { ...attemptInput(run, attempt), priority: plan.policy.priority, waitOutPause }
  const leftMs = Math.max(1, untilMs - Date.now())
  try {
    const standing = await queueing(
      entry,
      plan.limits,
      leftMs,
      `${itemPrefix(run)}stand in line at ${entry.provider}`,
    ).waitForTurn(input)
    happen(run, { kind: 'line_ended', number, standing })
  } catch (error) {
    if (isCancellation(error)) throw error
    // The time in line is over, which `decide` sees by the clock; anything else that ends it early is tried again after a pause.
    if (Date.now() < untilMs - lastMomentMs) await sleep(plan.limits.pollMinMs, { summary: 'stand in line again' })
  }
}

/** Nothing was sent, so this is free; unless the row says otherwise, and then that counts. */
async function leaveLine(run: Run, { attempt, message }: StepOf<'leave_line'>): Promise<void> {
  const { number, line } = attempt
  const paused = line?.busy.reason === 'operator' ? 'paused' : line?.busy.reason
  const reason = line?.busy.because === 'paused' ? (paused ?? 'paused') : 'busy'
  const standing = await bookkeeping('leave the line').withdrawAttempt({ ...attemptInput(run, attempt), reason, message })
  happen(run, { kind: 'line_ended', number, standing })
}

/** Signal or grace timer, then one activity that asks until the provider has an end for this attempt. */
async function wakeOrPoll(run: Run, { attempt }: StepOf<'await'>): Promise<void> {
  const { plan, state, wakes } = run
  const entry = routeEntry(plan, attempt.entry)
  const input = attemptInput(run, attempt)
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
      `${itemPrefix(run)}ask ${entry.provider} until attempt ${attempt.number} ends`,
    ).awaitTask({ ...input, providerTaskId: attempt.providerTaskId ?? '', recorded: attempt.recorded })
  try {
    const standing = await wakes.wakeOrPoll(input.ref, graceMs, grace, ask, plan.limits)
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
  const input = attemptInput(run, attempt)
  const endsAtMs = Math.min(state.deadlineAtMs, Date.now() + plan.limits.unknownListenMs)
  const ask = async (): Promise<AttemptStanding> =>
    asking(
      entry,
      plan.limits,
      Math.max(1, endsAtMs - Date.now()),
      `${itemPrefix(run)}listen for the lost reply of attempt ${attempt.number}`,
    ).listenForLostReply(input)
  try {
    const standing = await wakes.wakeOrPoll(input.ref, 0, '', ask, plan.limits)
    happen(run, { kind: 'listened', number: attempt.number, standing })
  } catch (error) {
    if (isCancellation(error)) throw error
    happen(run, { kind: 'listened', number: attempt.number, standing: null })
  }
}
