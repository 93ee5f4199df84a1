// What a provider's answer means for its account. Pure: state and news go in, what to write comes out.
import type { RefusalReason } from '../contract/index.ts'
import type { AccountNews, Pause, PauseRules } from './accounts-port.ts'

/** An account as its row is, under its lock. */
export interface AccountState {
  /** by the database's clock */
  now: Date
  failures: number
  slowStart: boolean
  /** null: none is on */
  pause: Pause | null
  /** the news is about a send that began before the account was resumed, or before the breaker closed again */
  isOldNews: boolean
}

export interface NewPause extends Pick<Pause, 'by' | 'reason' | 'message'> {
  /** null: until somebody ends it */
  durationMs: number | null
}

export interface NewsEffect {
  failures: number
  slowStart: boolean
  closesBreaker: boolean
  pause: NewPause | null
}

/** Caps reset by the day at both providers, at an hour we do not know: asked again often enough to lose little of it. */
const quotaPauseMs = 3_600_000
/** A provider that asks for more is misread or mistaken; who really means it says so again after this. */
const longestPauseMs = 86_400_000

/** How a refusal is taken. Each reason is named, so that a new one cannot be forgotten. */
const meanings: Record<RefusalReason, 'pauses' | 'healthy' | 'fault' | 'says_nothing'> = {
  rate_limited: 'pauses',
  queue_full: 'pauses',
  maintenance: 'pauses',
  quota: 'pauses',
  no_credits: 'pauses',
  auth: 'pauses',
  // It read the request and had an opinion.
  content_policy: 'healthy',
  invalid_input: 'healthy',
  source_image: 'healthy',
  upload_gone: 'healthy',
  model_unavailable: 'healthy',
  unreachable: 'fault',
  no_answer: 'fault',
  provider_fault: 'fault',
  empty_result: 'fault',
  // Ours, or about one attempt's time.
  ledger_unavailable: 'says_nothing',
  deadline: 'says_nothing',
  withdrawn: 'says_nothing',
  busy: 'says_nothing',
  paused: 'says_nothing',
}

export function effectOf(state: AccountState, news: AccountNews, rules: PauseRules): NewsEffect {
  const { failures, slowStart } = state
  const none: NewsEffect = { failures, slowStart, closesBreaker: false, pause: null }
  if (news.kind === 'accepted')
    return { failures: 0, slowStart: false, closesBreaker: state.pause?.by === 'breaker', pause: null }
  if (news.kind === 'fault') return afterFault(state, news.message, rules)
  const meaning = meanings[news.reason]
  if (meaning === 'fault') return afterFault(state, news.message, rules)
  if (meaning === 'says_nothing') return none
  if (meaning === 'healthy') return { ...none, failures: 0 }
  const durationMs = durationOf(news.reason, news.retryAfterMs, rules)
  const pause: NewPause = { by: 'provider', reason: news.reason, message: news.message, durationMs }
  return { ...none, failures: 0, pause: !state.isOldNews && mayPause(state, pause) ? pause : null }
}

function afterFault(state: AccountState, message: string, rules: PauseRules): NewsEffect {
  const { failures, slowStart, isOldNews } = state
  if (isOldNews) return { failures, slowStart, closesBreaker: false, pause: null }
  const isHalfOpen = slowStart && state.pause === null
  const opens = failures + 1 >= rules.breakerFailures || isHalfOpen
  const pause: NewPause = { by: 'breaker', reason: 'provider_fault', message, durationMs: rules.breakerPauseMs }
  // Faults of sends that were on their way when it opened do not keep it open.
  const pauses = opens && state.pause?.by !== 'breaker' && mayPause(state, pause)
  return { failures: failures + 1, slowStart: slowStart || opens, closesBreaker: false, pause: pauses ? pause : null }
}

function durationOf(reason: RefusalReason, retryAfterMs: number | null, rules: PauseRules): number | null {
  // No time heals these: a person or a balance check ends them.
  if (reason === 'no_credits' || reason === 'auth') return null
  const said = retryAfterMs !== null && retryAfterMs > 0 ? retryAfterMs : null
  if (said !== null) return Math.min(said, longestPauseMs)
  if (reason === 'maintenance') return rules.maintenancePauseMs
  return reason === 'quota' ? quotaPauseMs : rules.rateLimitPauseMs
}

/** An operator's word stands until an operator changes it; of others, the longer pause stands. */
export function mayPause({ pause: current, now }: AccountState, next: Pick<NewPause, 'by' | 'durationMs'>): boolean {
  if (next.by === 'operator') return true
  if (current === null) return next.durationMs === null || next.durationMs > 0
  if (current.by === 'operator' || current.until === null) return false
  return next.durationMs === null || now.getTime() + next.durationMs > current.until.getTime()
}
