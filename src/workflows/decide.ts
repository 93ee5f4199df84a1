// Every branch of a generation, as one pure function: state in, next step out. `test/unit/workflows/decide.test.ts` is its table.
// Nothing here waits, asks or writes.
import type { FailureType, Generation, ProviderName } from '../contract/index.ts'
import { isLeft, listPriceUsd, mayHaveCost, paidAttempts } from './state.ts'
import type { AttemptRecord, GenerationState, ItemEnd, Refusal } from './state.ts'

export interface Failure {
  type: FailureType
  message: string
  provider?: ProviderName
}

export type Step =
  /** `number` is that of a new attempt, or of the one whose turn has come */
  | { kind: 'submit'; number: number; entry: number; because: string }
  /** stand in line at the provider, until `untilMs`; `waitOutPause`: also while its accounts are paused */
  | { kind: 'queue'; attempt: AttemptRecord; untilMs: number; waitOutPause: boolean; because: string }
  /** `message` is for the row */
  | { kind: 'leave_line'; attempt: AttemptRecord; message: string; because: string }
  | { kind: 'await'; attempt: AttemptRecord; because: string }
  | { kind: 'listen'; attempt: AttemptRecord; because: string }
  /** nothing more can be bought, but a task that was left behind is still at work: wait for it */
  | { kind: 'watch'; attempt: AttemptRecord; because: string }
  /** this entry of the route makes one picture per task: ask it, and those behind it, item by item */
  | { kind: 'split'; entry: number; because: string }
  | { kind: 'store'; attempt: AttemptRecord; because: string }
  /** every item has ended, and the pictures of some are stored */
  | { kind: 'conclude'; served: Extract<ItemEnd, { served: true }>; because: string }
  | { kind: 'finish'; generation: Generation }
  | { kind: 'fail'; failure: Failure; because: string }

/** Temporal ends a retrying activity up to one poll before its time; 2 s covers the last poll (see activities/poll-delay.ts). */
export const lastMomentMs = 2_000

/** What to do next. */
export function decide(state: GenerationState, nowMs: number): Step {
  if (state.generation !== null) return { kind: 'finish', generation: state.generation }
  if (state.items?.every(({ served }) => served) === true) return afterItems(state.items)
  // Whoever finishes first is used, also one that was left behind: it is paid for.
  const ready = state.attempts.find(({ phase }) => phase === 'succeeded')
  if (ready !== undefined) return { kind: 'store', attempt: ready, because: `${nameOf(state, ready)} has finished` }
  const step = state.items === null ? nextStep(state, nowMs) : afterItems(state.items)
  // Something is lacking: what is paid for and may still bring it is waited for.
  const watched = step.kind === 'fail' || step.kind === 'conclude' ? stillAtWork(state, nowMs) : undefined
  if (watched === undefined) return step
  return { kind: 'watch', attempt: watched, because: `${nameOf(state, watched)} still works on its task` }
}

function nextStep(state: GenerationState, nowMs: number): Exclude<Step, { kind: 'finish' }> {
  const last = state.attempts.at(-1)
  return last === undefined ? spend(state, nowMs, state.share.entry, state.share.because) : follow(state, nowMs, last)
}

/** What came is kept; that the rest failed is said with it. */
function afterItems(items: readonly ItemEnd[]): Exclude<Step, { kind: 'finish' }> {
  const all = items.length
  const stored = items.filter((item) => item.served)
  const [first] = stored
  if (first !== undefined)
    return { kind: 'conclude', served: first, because: `${stored.length} of ${all} items have their picture` }
  const [failure] = items.flatMap((item) => (item.served ? [] : [item.failure]))
  const message = `none of ${all} items got a picture: ${failure?.message ?? 'none was asked for'}`
  return { kind: 'fail', failure: { type: 'ProvidersExhausted', ...failure, message }, because: message }
}

function follow(state: GenerationState, nowMs: number, last: AttemptRecord): Exclude<Step, { kind: 'finish' }> {
  const name = nameOf(state, last)
  switch (last.phase) {
    case 'succeeded':
      return { kind: 'store', attempt: last, because: `${name} has finished` }
    case 'queued':
    case 'turn': {
      const refusal = refusalForAll(state)
      if (refusal !== null) return leaveLine(last, name, `not sent: ${refusal.why}`)
      return last.phase === 'queued' ? inLine(state, nowMs, last) : takeTurn(state, nowMs, last)
    }
    case 'accepted':
      return { kind: 'await', attempt: last, because: `${name} took the task` }
    case 'unknown':
      return { kind: 'listen', attempt: last, because: `the submit to ${name} got no readable answer, so a task may exist` }
    case 'unheard':
      return afterUnheard(state, nowMs, last)
    case 'overdue':
      if (attemptEndsAtMs(state, last) >= state.deadlineAtMs) {
        return fail('DeadlineExceeded', `${name} did not finish within the deadline of the generation`, state, last)
      }
      return spend(state, nowMs, last.entry + 1, `${name} did not finish within its deadline`)
    case 'exhausted':
      return afterExhausted(state, nowMs, last)
    case 'rejected':
    case 'failed':
      return afterRefusal(state, nowMs, last)
  }
}

/** Until when an attempt is waited for. An attempt that nothing can follow keeps the whole time: leaving it would gain nothing. */
export function attemptEndsAtMs(state: GenerationState, attempt: AttemptRecord): number {
  const entry = state.route[attempt.entry]
  const mayFollow = state.policy.onOverdue === 'fallback' && !isLeft(state, attempt) && canSpend(state, attempt.entry + 1)
  if (entry === undefined || !mayFollow) return state.deadlineAtMs
  return Math.min(state.deadlineAtMs, (attempt.acceptedAtMs ?? 0) + entry.attemptDeadlineMs)
}

/** A task that was left behind and whose id is known. One without id may be heard of by settlement, but is not waited for. */
function stillAtWork(state: GenerationState, nowMs: number): AttemptRecord | undefined {
  if (nowMs >= state.deadlineAtMs - lastMomentMs) return undefined
  return state.attempts.find(({ phase, providerTaskId }) => phase === 'overdue' && providerTaskId !== null)
}

/** In line: wait for the turn, or go to the next provider where that is sooner. Leaving costs nothing, since nothing was sent. */
function inLine(state: GenerationState, nowMs: number, last: AttemptRecord): Exclude<Step, { kind: 'finish' }> {
  const name = nameOf(state, last)
  const hasNext = canSpend(state, last.entry + 1)
  const patienceMs = hasNext ? (last.line?.sinceMs ?? nowMs) + state.policy.maxQueueMs : Infinity
  const untilMs = Math.min(state.deadlineAtMs, patienceMs)
  const why = last.line?.busy.message ?? 'no account has room'
  if (nowMs >= untilMs - lastMomentMs) return leaveLine(last, name, `${why}; waited long enough`)
  const isPaused = last.line?.busy.because === 'paused'
  if (isPaused && mayReroute(last, untilMs, hasNext)) return leaveLine(last, name, why)
  return { kind: 'queue', attempt: last, untilMs, waitOutPause: isPaused, because: `${name}: ${why}` }
}

function takeTurn(state: GenerationState, nowMs: number, last: AttemptRecord): Exclude<Step, { kind: 'finish' }> {
  // What is paid in the last moment could not be waited for any more.
  if (nowMs >= state.deadlineAtMs - lastMomentMs) return leaveLine(last, nameOf(state, last), 'its turn came too late')
  return { kind: 'submit', number: last.number, entry: last.entry, because: 'its turn has come' }
}

function leaveLine(attempt: AttemptRecord, name: string, message: string): Extract<Step, { kind: 'leave_line' }> {
  return { kind: 'leave_line', attempt, message, because: `${name}: ${message}` }
}

/**
 * Every account is paused. A rate limit passes in seconds, so it is waited for; after anything else the next provider is asked. Where
 * there is none, a pause that a person may end at any moment is waited for, but not a key or a balance that the provider refused.
 */
function mayReroute({ line }: AttemptRecord, untilMs: number, hasNext: boolean): boolean {
  if (line === null) return false
  const { reason, pausedBy } = line.busy
  const isBeyond = line.pauseEndsAtMs === null || line.pauseEndsAtMs > untilMs - lastMomentMs
  if (hasNext) return isBeyond || (reason !== 'rate_limited' && reason !== 'queue_full')
  return isBeyond && pausedBy === 'provider'
}

function afterUnheard(state: GenerationState, nowMs: number, last: AttemptRecord): Exclude<Step, { kind: 'finish' }> {
  const name = nameOf(state, last)
  switch (state.policy.onUnknown) {
    case 'fail':
      return fail('UnknownOutcome', `the submit to ${name} got no readable answer and no callback named its task`, state, last)
    case 'resubmit':
      return spend(state, nowMs, last.entry, `nothing was heard of the submit to ${name}; onUnknown says resubmit`)
    case 'fallback':
      return spend(state, nowMs, last.entry + 1, `nothing was heard of the submit to ${name}`)
  }
}

function afterExhausted(state: GenerationState, nowMs: number, last: AttemptRecord): Exclude<Step, { kind: 'finish' }> {
  // Our own ledger was away and nothing was sent: no reason to leave a provider that was never asked.
  if (last.reason === 'ledger_unavailable') return spend(state, nowMs, last.entry, 'the ledger is back and nothing had been sent')
  return spend(
    state,
    nowMs,
    last.entry + 1,
    `${nameOf(state, last)} did not take the task: ${last.message ?? last.reason ?? 'no reason given'}`,
  )
}

function afterRefusal(state: GenerationState, nowMs: number, last: AttemptRecord): Exclude<Step, { kind: 'finish' }> {
  const refusal = refusalForAll(state)
  if (refusal !== null) return fail(refusal.type, refusal.why, state, last)
  // Not its fault, and free: the same provider again, with a copy that is new. Once, so that one which cannot keep copies is left.
  const isGone = last.reason === 'upload_gone' && last.provenFree
  const wasGone = state.attempts.some((other) => other !== last && other.entry === last.entry && other.reason === 'upload_gone')
  if (isGone && !wasGone) return spend(state, nowMs, last.entry, `${nameOf(state, last)}: its copy of a picture was gone`)
  return spend(state, nowMs, last.entry + 1, `${nameOf(state, last)}: ${last.message ?? last.reason ?? 'no reason given'}`)
}

/** The next attempt, if time, route and money allow one. */
function spend(state: GenerationState, nowMs: number, from: number, because: string): Exclude<Step, { kind: 'finish' }> {
  const { share, attempts, route } = state
  const last = attempts.at(-1)
  // Polls end up to one poll early: a second spend in that last moment could not be waited for any more.
  const endsAtMs = last === undefined ? state.deadlineAtMs : state.deadlineAtMs - lastMomentMs
  if (nowMs >= endsAtMs) return fail('DeadlineExceeded', `the deadline passed; ${because}`, state, last)
  const next = entryToAsk(state, from)
  if ('why' in next) return fail(next.type, `${because}; ${next.why}`, state, last)
  const { entry } = next
  const passedOver = route
    .slice(from, entry)
    .map(({ provider, model }) => `${model} at ${provider} would cost more than maxCostUsd allows`)
  const why = [because, ...passedOver].join('; ')
  if (share.pictures > 1 && !route[entry]?.whole) return { kind: 'split', entry, because: why }
  return { kind: 'submit', number: share.earlierAttempts + attempts.length + 1, entry, because: why }
}

/** Whether anything may follow, time apart. */
function canSpend(state: GenerationState, from: number): boolean {
  return 'entry' in entryToAsk(state, from)
}

/** The first entry of the route from `from` on that the money allows, time apart; or why there is none. */
function entryToAsk(state: GenerationState, from: number): { entry: number } | { type: FailureType; why: string } {
  const { policy, route } = state
  const refusal = refusalForAll(state)
  if (refusal !== null) return refusal
  const current = state.attempts.at(-1)?.entry ?? state.share.entry
  if (from !== current && !policy.fallback) return { type: 'ProvidersExhausted', why: 'fallback is switched off' }
  if (from >= route.length) return { type: 'ProvidersExhausted', why: 'no further provider in the route' }
  if (paidAttempts(state) >= policy.maxPaidAttempts) {
    return { type: 'PaidAttemptsExhausted', why: `maxPaidAttempts (${policy.maxPaidAttempts}) is used up` }
  }
  const end = policy.fallback ? route.length : from + 1
  for (let entry = from; entry < end; entry += 1) if (isAffordable(state, entry)) return { entry }
  const limit = `maxCostUsd (${policy.maxCostUsd ?? 'none'})`
  return { type: 'CostLimitReached', why: `another attempt would cost more than ${limit} allows` }
}

function isAffordable(state: GenerationState, entry: number): boolean {
  const { maxCostUsd } = state.policy
  if (maxCostUsd === null) return true
  return state.elsewhereUsd + spentAtMostUsd(state) + listPriceUsd(state, entry) <= maxCostUsd + roundingUsd
}

/** One provider's word about the request itself, also of one that was left behind, ends the spending: another one would get the same request. */
export function refusalForAll(state: GenerationState): Refusal | null {
  if (state.refusedElsewhere !== null) return state.refusedElsewhere
  for (const attempt of state.attempts) {
    if (attempt.phase !== 'rejected' && attempt.phase !== 'failed') continue
    const why = `${nameOf(state, attempt)}: ${attempt.message ?? attempt.reason ?? 'no reason given'}`
    if (attempt.reason === 'content_policy' && state.policy.onRefusal === 'fail') return { type: 'ContentRefused', why }
    if (attempt.reason === 'invalid_input' || attempt.reason === 'source_image') return { type: 'InputRefused', why }
  }
  return null
}

/** Prices have at most five decimals; adding a few of them in floating point is off by far less than this. */
const roundingUsd = 1e-9

/** By list prices. An attempt without one has used up any limit. */
function spentAtMostUsd(state: GenerationState): number {
  return state.attempts.filter((attempt) => mayHaveCost(attempt)).reduce((sum, { entry }) => sum + listPriceUsd(state, entry), 0)
}

function fail(
  type: FailureType,
  message: string,
  state: GenerationState,
  last: AttemptRecord | undefined,
): Extract<Step, { kind: 'fail' }> {
  const provider = last === undefined ? undefined : state.route[last.entry]?.provider
  return { kind: 'fail', failure: { type, message, ...(provider === undefined ? {} : { provider }) }, because: message }
}

function nameOf(state: GenerationState, attempt: AttemptRecord): string {
  return state.route[attempt.entry]?.provider ?? 'provider'
}
