// What must hold, whatever happens. Judged by what the provider did and what the workflow was told, never by the workflow's own state.
import type { FailureType } from '../../src/contract/index.ts'
import { lastMomentMs } from '../../src/workflows/decide.ts'
import type { Step } from '../../src/workflows/decide.ts'
import { hasCost, mayCost } from './jobs.ts'
import type { Job } from './jobs.ts'
import type { Scenario } from './scenario.ts'

export interface Facts {
  scenario: Scenario
  nowMs: number
  jobs: readonly Job[]
}

type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>

const roundingUsd = 1e-9

/** Null: all well. Called before the money is spent. */
export function faultOfSubmit(facts: Facts, { number, entry }: StepOf<'submit'>, flagged: ReadonlySet<number>): string | null {
  const { scenario, nowMs, jobs } = facts
  const { policy, route, deadlineAtMs } = scenario
  const others = jobs.filter((job) => job.number !== number)
  const costly = others.filter(mayCost)
  const last = others.at(-1)
  if (number !== others.length + 1) return `attempt ${number} is not the one after ${others.length}`
  const next = route[entry]
  if (next === undefined) return 'submit to an entry that the route does not have'
  if (nowMs >= deadlineAtMs) return 'submit after the deadline of the generation'
  if (last !== undefined && nowMs >= deadlineAtMs - lastMomentMs) return 'submit in the last moment, which nobody can wait for'
  if (others.some(({ told }) => told === 'succeeded')) return 'submit although a picture is there'
  if (costly.length >= policy.maxPaidAttempts) return `paid attempt ${costly.length + 1} of at most ${policy.maxPaidAttempts}`
  const unflagged = costly.find((job) => !flagged.has(job.number))
  if (unflagged !== undefined) return `submit while attempt ${unflagged.number} may have cost and is not marked`
  if (!isAffordable(facts, costly, entry)) return 'submit beyond maxCostUsd'
  return faultByPolicy(facts, others, entry, others.length < jobs.length)
}

/** By list prices, with what may have cost so far. */
function isAffordable(facts: Facts, costly: readonly Job[], entry: number): boolean {
  const { maxCostUsd } = facts.scenario.policy
  return maxCostUsd === null || priceOf(facts, [...costly, { entry }]) <= maxCostUsd
}

/** Entries from `from` to before `end` that could have been asked. */
function affordable(facts: Facts, costly: readonly Job[], from: number, end: number): number[] {
  const entries = facts.scenario.route.map((_, entry) => entry)
  return entries.filter((entry) => entry >= from && entry < end && isAffordable(facts, costly, entry))
}

function faultByPolicy(facts: Facts, others: readonly Job[], entry: number, wasInLine: boolean): string | null {
  const { policy } = facts.scenario
  const last = others.at(-1)
  if (!policy.fallback && entry !== (last?.entry ?? 0)) return 'fallback although it is switched off'
  if (!wasInLine && affordable(facts, others.filter(mayCost), (last?.entry ?? -1) + 1, entry).length > 0)
    return 'an entry of the route that the money allows is passed over'
  if (last === undefined) return null
  const refusals = others.filter(({ told }) => told === 'free' || told === 'failed_paid').map(({ reason }) => reason)
  if (policy.onRefusal === 'fail' && refusals.includes('content_policy'))
    return 'submit after a content refusal, with onRefusal fail'
  if (refusals.includes('invalid_input') || refusals.includes('source_image')) return 'submit of an input that was refused'
  // One that has stood in line was decided on before: what was open then may have been heard of meanwhile.
  if (wasInLine) return null
  if (entry < last.entry) return 'back to a provider that was left'
  if (entry === last.entry && !mayRepeat(last, policy.onUnknown)) return 'the same provider is asked again'
  if (last.told === 'unknown' && !last.isUnheard) return 'submit before a lost reply was listened for'
  if (last.told === 'unknown' && policy.onUnknown === 'fail') return 'submit after an unknown outcome, with onUnknown fail'
  if (last.told === 'open' && policy.onOverdue === 'wait') return 'submit while a task is at work, with onOverdue wait'
  return null
}

function mayRepeat({ told, reason }: Job, onUnknown: string): boolean {
  return told === 'unknown' ? onUnknown === 'resubmit' : reason === 'ledger_unavailable'
}

function priceOf({ scenario }: Facts, attempts: readonly { entry: number }[]): number {
  return attempts.reduce((sum, { entry }) => sum + (scenario.route[entry]?.priceUsd ?? Infinity), 0) - roundingUsd
}

/** Is there a reason to give up, and is it the one that is named? */
export function faultOfFailure(facts: Facts, { failure }: StepOf<'fail'>): string | null {
  const { scenario, nowMs, jobs } = facts
  const isEarly = nowMs < scenario.deadlineAtMs - lastMomentMs
  if (jobs.some(({ told }) => told === 'succeeded')) return 'fail although a picture is there'
  if (isEarly && jobs.some(({ told }) => told === 'open'))
    return 'fail while a task that may cost is still at work, and there is time'
  if (jobs.some(({ told, isUnheard }) => told === 'unknown' && !isUnheard)) return 'fail before a lost reply was listened for'
  if (jobs.some(({ told }) => told === 'in_line')) return 'fail while an attempt is in line'
  return isReason(facts, failure.type, isEarly) ? null : `fail with ${failure.type}, for which there is no reason`
}

function isReason(facts: Facts, type: FailureType, isEarly: boolean): boolean {
  const { scenario, jobs } = facts
  const { policy, route } = scenario
  const last = jobs.at(-1)
  const costly = jobs.filter(mayCost)
  const isRefused = (reason: string): boolean => jobs.some((job) => job.reason === reason && !(job.told === 'open'))
  switch (type) {
    case 'DeadlineExceeded':
      return !isEarly
    case 'ProvidersExhausted':
      return last !== undefined && (!policy.fallback || last.entry + 1 >= route.length)
    case 'PaidAttemptsExhausted':
      return costly.length >= policy.maxPaidAttempts
    case 'CostLimitReached':
      return policy.maxCostUsd !== null && affordable(facts, costly, (last?.entry ?? -1) + 1, mayFallBackTo(facts)).length === 0
    case 'ContentRefused':
      return policy.onRefusal === 'fail' && isRefused('content_policy')
    case 'InputRefused':
      return isRefused('invalid_input') || isRefused('source_image')
    case 'UnknownOutcome':
      return policy.onUnknown === 'fail' && jobs.some(({ told }) => told === 'unknown')
    default:
      return false
  }
}

/** Without fallback only the first of the route is ever asked. */
const mayFallBackTo = ({ scenario: { policy, route } }: Facts): number => (policy.fallback ? route.length : 1)

/** The books, once it has ended: whoever was paid is the one that served, or is on the list. */
export function faultOfBooks({ scenario, nowMs, jobs }: Facts, served: number | null): string | null {
  const paid = jobs.filter((job) => hasCost(job, nowMs))
  if (paid.length > Math.max(scenario.policy.maxPaidAttempts, scenario.earlierRows)) return `${paid.length} tasks paid`
  const silent = paid.find(({ number, isFlagged, told }) => number !== served && !isFlagged && told !== 'failed_paid')
  return silent === undefined ? null : `the task of attempt ${silent.number} was paid, and nobody is told`
}
