// Every branch of a generation, as one pure function: state in, next step out. `test/unit/workflows/decide.test.ts` is its table.
// Nothing here waits, asks or writes.
import type { AttemptOutcome, FailureType, Generation, ProviderName, RefusalReason } from '../contract/index.ts'
import type { AttemptStanding, PlannedEntry, RoutePolicy } from '../activities/types.ts'

/** Where the workflow stands with one attempt. */
export type AttemptPhase =
  /** the provider has a task of ours */
  | 'accepted'
  /** sent, no readable answer: listen first */
  | 'unknown'
  /** listened, and nothing was heard */
  | 'unheard'
  /** deadline passed while the provider was still at work */
  | 'overdue'
  /** provider: finished */
  | 'succeeded'
  /** provider: task failed */
  | 'failed'
  /** provider: refused for good, no task */
  | 'rejected'
  /** all tries used, nothing sent or refused each time, row withdrawn: free */
  | 'exhausted'

export interface AttemptRecord {
  number: number
  /** index in the route */
  entry: number
  phase: AttemptPhase
  providerTaskId: string | null
  recorded: boolean
  reason: RefusalReason | null
  message: string | null
  provenFree: boolean
  /** its callback has come already, so that there is nothing to wait for before asking */
  isHeard: boolean
  /** workflow time at which the task id was known */
  acceptedAtMs: number | null
}

export interface GenerationState {
  route: PlannedEntry[]
  policy: RoutePolicy
  deadlineAtMs: number
  attempts: AttemptRecord[]
  /** set once the pictures are stored and the row is closed */
  generation: Generation | null
  /** set when the generation is being closed without pictures */
  endedAs: 'completed' | 'failed' | 'cancelled' | null
}

export interface Failure {
  type: FailureType
  message: string
  provider?: ProviderName
}

export type Step =
  | { kind: 'submit'; number: number; entry: number; because: string }
  | { kind: 'await'; attempt: AttemptRecord; because: string }
  | { kind: 'listen'; attempt: AttemptRecord; because: string }
  | { kind: 'store'; attempt: AttemptRecord; because: string }
  | { kind: 'finish'; generation: Generation }
  | { kind: 'fail'; failure: Failure; because: string }

/** Temporal ends a retrying activity up to one poll before its time; 2 s covers the last poll (see activities/poll-delay.ts). */
export const lastMomentMs = 2_000

/** What to do next. */
export function decide(state: GenerationState, nowMs: number): Step {
  if (state.generation !== null) return { kind: 'finish', generation: state.generation }
  const last = state.attempts.at(-1)
  if (last === undefined) return spend(state, nowMs, 0, 'first in the route')
  const name = nameOf(state, last)
  switch (last.phase) {
    case 'succeeded':
      return { kind: 'store', attempt: last, because: `${name} has finished` }
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
  const isLast =
    !state.policy.fallback || attempt.entry + 1 >= state.route.length || paidAttempts(state) >= state.policy.maxPaidAttempts
  if (entry === undefined || isLast || state.policy.onOverdue === 'wait') return state.deadlineAtMs
  return Math.min(state.deadlineAtMs, (attempt.acceptedAtMs ?? 0) + entry.attemptDeadlineMs)
}

/** Attempts that reached accepted or unknown and are not proven free. */
export function paidAttempts(state: GenerationState): number {
  return state.attempts.filter((attempt) => mayHaveCost(attempt)).length
}

/** True unless the attempt is known to cost nothing. */
export function mayHaveCost(attempt: AttemptRecord): boolean {
  return attempt.phase !== 'rejected' && attempt.phase !== 'exhausted' && !attempt.provenFree
}

/** How a left attempt is reported. */
export function outcomeWhenLeft(attempt: AttemptRecord): AttemptOutcome {
  switch (attempt.phase) {
    case 'unknown':
    case 'unheard':
      return 'unknown'
    case 'accepted':
    case 'overdue':
      return 'overdue'
    case 'succeeded':
    case 'failed':
    case 'rejected':
    case 'exhausted':
      return attempt.phase
  }
}

/** The phase that follows from what the ledger row says after a submit, a query or a look-up. */
export function phaseOf(standing: AttemptStanding): AttemptPhase {
  switch (standing.state) {
    case 'accepted':
    case 'succeeded':
    case 'failed':
    case 'rejected':
    case 'unknown':
      return standing.state
    case 'withdrawn':
    case 'claimed':
    case 'absent':
      return 'exhausted'
    // Only seen after a reset: an earlier run left this attempt, and what it paid next has a row of its own, which is found next.
    case 'abandoned':
    case 'settled':
      return standing.providerTaskId === null ? 'unheard' : 'overdue'
    // resolveAttempt waits until nobody can be sending; if one is all the same, a task may exist.
    case 'sending':
      return 'unknown'
  }
}

function afterUnheard(state: GenerationState, nowMs: number, last: AttemptRecord): Step {
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

function afterExhausted(state: GenerationState, nowMs: number, last: AttemptRecord): Step {
  // Our own ledger was away and nothing was sent: no reason to leave a provider that was never asked.
  if (last.reason === 'ledger_unavailable') return spend(state, nowMs, last.entry, 'the ledger is back and nothing had been sent')
  return spend(
    state,
    nowMs,
    last.entry + 1,
    `${nameOf(state, last)} did not take the task: ${last.message ?? last.reason ?? 'no reason given'}`,
  )
}

function afterRefusal(state: GenerationState, nowMs: number, last: AttemptRecord): Step {
  const said = `${nameOf(state, last)}: ${last.message ?? last.reason ?? 'no reason given'}`
  if (last.reason === 'content_policy' && state.policy.onRefusal === 'fail') return fail('ContentRefused', said, state, last)
  if (last.reason === 'invalid_input' || last.reason === 'source_image') return fail('InputRefused', said, state, last)
  return spend(state, nowMs, last.entry + 1, said)
}

/** The next attempt, if time, route and money allow one. */
function spend(state: GenerationState, nowMs: number, entry: number, because: string): Step {
  const last = state.attempts.at(-1)
  // Polls end up to one poll early: a second spend in that last moment could not be waited for any more.
  const endsAtMs = last === undefined ? state.deadlineAtMs : state.deadlineAtMs - lastMomentMs
  if (nowMs >= endsAtMs) return fail('DeadlineExceeded', `the deadline passed; ${because}`, state, last)
  const follows = last !== undefined && entry !== last.entry
  if (state.route[entry] === undefined || (follows && !state.policy.fallback)) {
    const why = last !== undefined && !state.policy.fallback ? 'fallback is switched off' : 'no further provider in the route'
    return fail('ProvidersExhausted', `${because}; ${why}`, state, last)
  }
  if (paidAttempts(state) >= state.policy.maxPaidAttempts) {
    return fail('PaidAttemptsExhausted', `${because}; maxPaidAttempts (${state.policy.maxPaidAttempts}) is used up`, state, last)
  }
  return { kind: 'submit', number: state.attempts.length + 1, entry, because }
}

function fail(type: FailureType, message: string, state: GenerationState, last: AttemptRecord | undefined): Step {
  const provider = last === undefined ? undefined : state.route[last.entry]?.provider
  return { kind: 'fail', failure: { type, message, ...(provider === undefined ? {} : { provider }) }, because: message }
}

function nameOf(state: GenerationState, attempt: AttemptRecord): string {
  return state.route[attempt.entry]?.provider ?? 'provider'
}
