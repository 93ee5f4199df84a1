// What comes of a submit: from the provider, or from the row that an earlier run of the same generation left.
import type { AttemptStanding } from '../../src/activities/types.ts'
import { pickOf } from './choices.ts'
import type { Choose } from './choices.ts'
import * as jobsOf from './jobs.ts'
import type { Job } from './jobs.ts'
import type { Scenario } from './scenario.ts'

export interface Answer {
  /** for the coverage of a run */
  happened: string
  standing: AttemptStanding
}

const answers = ['accepted', 'accepted', 'accepted', 'unknown', 'exhausted', 'rejected', 'busy', 'unwritten'] as const
const laterReasons = ['rate_limited', 'unreachable', 'maintenance', 'ledger_unavailable', 'queue_full'] as const
const finalReasons = ['model_unavailable', 'content_policy', 'invalid_input', 'auth', 'no_credits', 'source_image'] as const

export function answerToSubmit(choose: Choose, scenario: Scenario, job: Job, sentAtMs: number): Answer {
  // A claim for a generation that has ended is withdrawn at once.
  if (scenario.hadEnded) return { happened: 'submit too late', standing: jobsOf.freeStanding(job, 'withdrawn', 'withdrawn') }
  const what = pickOf(choose, answers)
  return { happened: `submit ${what}`, standing: standingOf(what, choose, scenario, job, sentAtMs) }
}

function standingOf(
  what: (typeof answers)[number],
  choose: Choose,
  scenario: Scenario,
  job: Job,
  sentAtMs: number,
): AttemptStanding {
  const hasCallback = scenario.route[job.entry]?.hasCallback === true
  switch (what) {
    case 'accepted':
    case 'unwritten':
      jobsOf.makeTask(choose, job, sentAtMs, hasCallback)
      return jobsOf.acceptedStanding(job, what === 'accepted')
    case 'unknown':
      if (choose(2) === 0) jobsOf.makeTask(choose, job, sentAtMs, hasCallback)
      return jobsOf.unknownStanding(job)
    case 'exhausted':
      return jobsOf.freeStanding(job, 'withdrawn', pickOf(choose, laterReasons))
    case 'rejected':
      return jobsOf.freeStanding(job, 'rejected', pickOf(choose, finalReasons))
    case 'busy':
      return jobsOf.busyStanding(choose, job)
  }
}

const rows = ['accepted', 'ended', 'unknown', 'rejected', 'withdrawn', 'abandoned', 'lost', 'settled'] as const

/** The workflow was reset: the row says what an earlier run has done, and nothing is sent. */
export function rowOfEarlierRun(choose: Choose, scenario: Scenario, job: Job, nowMs: number): Answer {
  const what = pickOf(choose, rows)
  return { happened: `found ${what}`, standing: standingOfRow(what, choose, scenario, job, nowMs) }
}

function standingOfRow(
  what: (typeof rows)[number],
  choose: Choose,
  scenario: Scenario,
  job: Job,
  nowMs: number,
): AttemptStanding {
  if (what === 'rejected') return jobsOf.freeStanding(job, 'rejected', 'model_unavailable')
  if (what === 'withdrawn') return jobsOf.freeStanding(job, 'withdrawn', 'unreachable')
  // Made in the past, so that it may have ended long ago.
  jobsOf.makeTask(choose, job, nowMs - 60_000, scenario.route[job.entry]?.hasCallback === true)
  if (what === 'accepted') return jobsOf.acceptedStanding(job)
  if (what === 'unknown') return jobsOf.unknownStanding(job)
  if (what === 'abandoned') return jobsOf.abandonedStanding(job, true)
  if (what === 'lost') return jobsOf.abandonedStanding(job, false)
  job.endsAtMs = Math.min(job.endsAtMs, nowMs)
  return what === 'settled' && scenario.hadEnded ? jobsOf.settledStanding(job) : jobsOf.endStanding(job)
}
