// The other side of an attempt: what the provider really did with the POST, and what the workflow has been told of it so far.
import type { AttemptStanding, BusyReport } from '../../src/activities/types.ts'
import type { PauseAuthor, RefusalReason } from '../../src/contract/index.ts'
import { pickOf } from './choices.ts'
import type { Choose } from './choices.ts'

/** As far as the workflow may know. */
export type Told =
  /** nothing was sent */
  | 'in_line'
  /** a task id */
  | 'open'
  /** sent, no readable answer */
  | 'unknown'
  | 'succeeded'
  /** failed, and charged all the same */
  | 'failed_paid'
  /** refused, withdrawn, or failed and proven free */
  | 'free'

export interface Job {
  number: number
  entry: number
  told: Told
  reason: RefusalReason | null
  /** the provider has a task of ours and has charged for it */
  isMade: boolean
  /** Infinity: never */
  endsAtMs: number
  result: 'succeeded' | 'failed'
  isFree: boolean
  failure: RefusalReason
  /** when a callback or a late reply names the task of a lost reply */
  heardAtMs: number
  /** listened, and nothing heard */
  isUnheard: boolean
  /** reported to the ledger as left behind, before a later attempt or at the end */
  isFlagged: boolean
  /** how long after a job's end a watcher of a left attempt sees it */
  watchDelayMs: number
}

const picturesTakeMs = [8_000, 30_000, 30_000, 130_000, 130_000, 700_000, 700_000, 2_000_000, Infinity] as const
const failures = ['provider_fault', 'content_policy', 'invalid_input', 'empty_result', 'source_image'] as const

export function newJob(choose: Choose, number: number, entry: number): Job {
  return {
    number,
    entry,
    told: 'in_line',
    reason: null,
    isMade: false,
    endsAtMs: Infinity,
    result: 'succeeded',
    isFree: false,
    failure: 'provider_fault',
    heardAtMs: Infinity,
    isUnheard: false,
    isFlagged: false,
    watchDelayMs: pickOf(choose, [50, 15_000]),
  }
}

/** The provider takes the POST: from here on it costs. */
export function makeTask(choose: Choose, job: Job, nowMs: number, hasCallback: boolean): void {
  job.isMade = true
  job.endsAtMs = nowMs + pickOf(choose, picturesTakeMs)
  job.result = choose(4) === 3 ? 'failed' : 'succeeded'
  job.isFree = job.result === 'failed' && choose(3) !== 2
  job.failure = pickOf(choose, failures)
  const isLateReply = choose(5) === 4
  job.heardAtMs = isLateReply ? nowMs + 20_000 : hasCallback && choose(4) !== 3 ? job.endsAtMs : Infinity
}

/** Unless it is known to cost nothing. */
export function mayCost({ told }: Job): boolean {
  return told === 'open' || told === 'unknown' || told === 'succeeded' || told === 'failed_paid'
}

export function hasCost({ isMade, result, isFree, endsAtMs }: Job, nowMs: number): boolean {
  return isMade && !(result === 'failed' && isFree && endsAtMs <= nowMs)
}

const blank: AttemptStanding = {
  state: 'claimed',
  providerTaskId: null,
  recorded: true,
  reason: null,
  message: null,
  provenFree: false,
  tries: 1,
}

export function acceptedStanding(job: Job, recorded = true): AttemptStanding {
  job.told = 'open'
  return { ...blank, state: 'accepted', providerTaskId: `task-${job.number}`, recorded }
}

export function unknownStanding(job: Job): AttemptStanding {
  job.told = 'unknown'
  return { ...blank, state: 'unknown', reason: 'no_answer' }
}

export function freeStanding(job: Job, state: 'rejected' | 'withdrawn', reason: RefusalReason): AttemptStanding {
  job.told = 'free'
  job.reason = reason
  return { ...blank, state, reason, provenFree: true }
}

/** The provider's word on a task that has ended. */
export function endStanding(job: Job): AttemptStanding {
  const base = { ...blank, providerTaskId: `task-${job.number}` }
  if (job.result === 'succeeded') {
    job.told = 'succeeded'
    return { ...base, state: 'succeeded' }
  }
  job.told = job.isFree ? 'free' : 'failed_paid'
  job.reason = job.failure
  return { ...base, state: 'failed', reason: job.failure, provenFree: job.isFree }
}

/** An earlier run left the row open; what it paid next has a row of its own. */
export function abandonedStanding(job: Job, hasTaskId: boolean): AttemptStanding {
  job.told = hasTaskId ? 'open' : 'unknown'
  // The earlier run had listened before it left.
  job.isUnheard = !hasTaskId
  return { ...blank, state: 'abandoned', providerTaskId: hasTaskId ? `task-${job.number}` : null, reason: 'deadline' }
}

export function settledStanding(job: Job): AttemptStanding {
  job.told = job.isFree ? 'free' : 'failed_paid'
  return { ...blank, state: 'settled', providerTaskId: `task-${job.number}`, provenFree: job.isFree }
}

export function busyStanding(choose: Choose, job: Job): AttemptStanding {
  job.told = 'in_line'
  const because = pickOf<BusyReport['because']>(choose, ['line', 'window', 'in_flight', 'paused', 'paused'])
  const isPaused = because === 'paused'
  return {
    ...blank,
    busy: {
      because,
      pausedBy: isPaused ? pickOf<PauseAuthor>(choose, ['provider', 'operator', 'breaker']) : null,
      reason: isPaused ? 'maintenance' : null,
      message: 'no account has room',
      pauseEndsInMs: isPaused ? pickOf(choose, [10_000, 3_000_000, null]) : null,
    },
  }
}

/** In line no longer: a permit is held. */
export function turnStanding(job: Job): AttemptStanding {
  job.told = 'in_line'
  return blank
}
