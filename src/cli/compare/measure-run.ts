// One run as the ledger tells it: was there a picture, how long did each part take, what did it cost, why not.
import type {
  AttemptReport,
  CostSource,
  FailureType,
  Generation,
  ImageReport,
  ProviderName,
  RefusalReason,
} from '../../contract/index.ts'
import type { Comparison, PlannedRun } from './comparison.ts'

/** Parts of the time to the picture, in ms, in this order without a gap. */
export interface TimeParts {
  /** first POST begun → the provider has the task; tries that were refused for the moment are part of it */
  submitMs: number
  /** → finished: by the provider's clock where it tells, else by ours when we knew */
  providerMs: number
  /** → known here, by callback or poll; null where the provider does not tell when it finished */
  newsMs: number | null
  /** → fetched, checked, stored, booked */
  storeMs: number
}

export type RunEnd =
  /** stored */
  | 'picture'
  /** the provider was asked, and none came */
  | 'no_picture'
  /** ended before the provider was asked, or by our own fault: says nothing about the provider */
  | 'not_counted'
  /** not ended */
  | 'open'
  /** never asked for */
  | 'not_started'

export interface MeasuredRun extends PlannedRun {
  end: RunEnd
  /** when it was asked for */
  createdAt: string | null
  /** created → first POST: planning and our own line. No part of the time to the picture */
  queueMs: number | null
  /** first POST → stored; null without a picture */
  timeToPictureMs: number | null
  parts: TimeParts | null
  /** finished at the provider → its first callback is here; null without a callback, or where the provider does not tell when it finished */
  callbackDelayMs: number | null
  /** a callback named the task, before or after it was known by a poll */
  wasCalledBack: boolean
  /** POSTs made */
  tries: number
  cost: { usd: number | null; source: CostSource | 'assumed' }
  failure: { kind: string; message: string } | null
  image: ImageReport | null
}

/**
 * Whether a provider names the moment at which it finished. kie: `completeTime`. defapi: no such field, so the ledger has the moment at which
 * we knew - test/fixtures/kie/README.md, test/fixtures/defapi/README.md
 */
const tellsWhenFinished: Readonly<Record<ProviderName, boolean>> = { kie: true, defapi: false }

/** Ends that are our own doing: nothing was asked, or something of ours was away. */
const ownFailures: readonly FailureType[] = [
  'InvalidRequest',
  'RequestConflict',
  'NoProvider',
  'BudgetExceeded',
  'CostLimitReached',
  'ServiceUnavailable',
]

/** A try was begun, and nothing left this machine: no connection, our own ledger away, or somebody else had ended it. */
const unsentReasons: readonly (RefusalReason | null)[] = ['unreachable', 'ledger_unavailable', 'withdrawn']

const isUnsent = ({ outcome, reason }: AttemptReport): boolean => outcome === 'exhausted' && unsentReasons.includes(reason)

export function measureRun(comparison: Comparison, planned: PlannedRun, generation: Generation | null): MeasuredRun {
  if (generation === null) return { ...planned, ...nothingKnown }
  const attempt = generation.attempts.at(-1)
  const end = endOf(generation)
  const timing = end === 'picture' ? timingOf(generation) : null
  return {
    ...planned,
    end,
    createdAt: generation.createdAt,
    queueMs: generation.timings.untilSubmitMs,
    timeToPictureMs: timing?.totalMs ?? null,
    parts: timing?.parts ?? null,
    callbackDelayMs: end === 'picture' ? callbackDelayOf(generation) : null,
    wasCalledBack: attempt !== undefined && attempt.calledBackAt !== null,
    tries: attempt?.activityTries ?? 0,
    cost: costOf(comparison, planned.provider, generation),
    failure: end === 'no_picture' || end === 'not_counted' ? failureOf(generation) : null,
    image: generation.images.find(({ spare }) => !spare) ?? null,
  }
}

const nothingKnown = {
  end: 'not_started',
  createdAt: null,
  queueMs: null,
  timeToPictureMs: null,
  parts: null,
  callbackDelayMs: null,
  wasCalledBack: false,
  tries: 0,
  cost: { usd: 0, source: 'none' },
  failure: null,
  image: null,
} as const satisfies Omit<MeasuredRun, keyof PlannedRun>

function endOf(generation: Generation): RunEnd {
  const { status, failure, attempts } = generation
  if (status === 'completed') return 'picture'
  if (status === 'cancelled') return 'not_counted'
  if (status !== 'failed') return 'open'
  const wasAsked = attempts.some((attempt) => attempt.submittedAt !== null && !isUnsent(attempt))
  const isOurs = failure !== null && ownFailures.includes(failure.type)
  return wasAsked && !isOurs ? 'no_picture' : 'not_counted'
}

/** Null where a moment is missing: what cannot be measured is not guessed. */
function timingOf(generation: Generation): { totalMs: number; parts: TimeParts } | null {
  const { timings, attempts, servedBy, createdAt, finishedAt } = generation
  const serving = attempts.find(({ number }) => number === servedBy?.attempt)
  if (serving === undefined || finishedAt === null || timings.untilSubmitMs === null) return null
  if (serving.acceptedAt === null || serving.finishedAt === null) return null
  const sentMs = Date.parse(createdAt) + timings.untilSubmitMs
  const acceptedMs = Date.parse(serving.acceptedAt)
  const madeMs = Date.parse(serving.finishedAt)
  const storedMs = Date.parse(finishedAt)
  const knownMs = Math.min(storedMs, Math.max(madeMs, whenKnown(generation) ?? madeMs))
  const isTold = tellsWhenFinished[serving.provider]
  return {
    totalMs: Math.max(0, storedMs - sentMs),
    parts: {
      submitMs: Math.max(0, acceptedMs - sentMs),
      // What the provider does not tell apart is its own: making the picture and letting us know.
      providerMs: Math.max(0, (isTold ? madeMs : knownMs) - acceptedMs),
      newsMs: isTold ? knownMs - madeMs : null,
      storeMs: Math.max(0, storedMs - knownMs),
    },
  }
}

/** The workflow writes down when it turned to storing: that is when it knew. */
function whenKnown({ decisions }: Generation): number | null {
  const at = decisions.findLast(({ decision }) => decision.startsWith('store from '))?.at
  return at === undefined ? null : Date.parse(at)
}

function callbackDelayOf({ attempts, servedBy }: Generation): number | null {
  const serving = attempts.find(({ number }) => number === servedBy?.attempt)
  if (serving === undefined || serving.calledBackAt === null || serving.finishedAt === null) return null
  // The clocks of two companies: a callback that seems to come before the end came at once.
  return tellsWhenFinished[serving.provider]
    ? Math.max(0, Date.parse(serving.calledBackAt) - Date.parse(serving.finishedAt))
    : null
}

/**
 * What somebody assumes stands in where nobody has a figure, and above an estimate that is lower: the ledger estimates by the list, which they
 * have said is out of date. The provider's own word, and a run that is known to be free, stand as they are.
 */
function costOf(comparison: Comparison, provider: ProviderName, { cost, attempts }: Generation): MeasuredRun['cost'] {
  const price = comparison.prices[provider]
  const assumedUsd = price?.source === 'assumed' ? price.usd : null
  const mayHaveCost = attempts.some(({ submittedAt }) => submittedAt !== null)
  if (cost.usd === null)
    return mayHaveCost && assumedUsd !== null ? { usd: assumedUsd, source: 'assumed' } : { usd: null, source: 'none' }
  if (cost.source === 'estimated' && assumedUsd !== null && assumedUsd > cost.usd) return { usd: assumedUsd, source: 'assumed' }
  return { usd: cost.usd, source: cost.source }
}

function failureOf({ attempts, failure, status }: Generation): { kind: string; message: string } {
  const attempt = attempts.at(-1)
  const kind = attempt?.reason ?? (failure === null ? status : (attempt?.outcome ?? failure.type))
  return { kind, message: attempt?.message ?? failure?.message ?? '' }
}

/** What a run takes from the cap: null while nobody knows, and then its worst case stays reserved. */
export function knownCostUsd(comparison: Comparison, provider: ProviderName, generation: Generation): number | null {
  const isOwing = generation.attempts.some(
    ({ state, verdict, openClaims }) => state === 'abandoned' || verdict === 'unresolved' || openClaims > 0,
  )
  // Without a figure of the ledger's own the worst case stays reserved, which is the same sum.
  return isOwing || generation.cost.usd === null ? null : costOf(comparison, provider, generation).usd
}
