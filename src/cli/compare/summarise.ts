// Runs → the report as JSON: what the table, the page and programs read. Pure.
import type { CostSource, FidelityChange, FidelityLevel, Generation, ProviderName } from '../../contract/index.ts'
import type { Comparison, RunPrice } from './comparison.ts'
import { planRuns } from './comparison.ts'
import type { Execution } from './execute.ts'
import type { MeasuredRun } from './measure-run.ts'
import { measureRun } from './measure-run.ts'
import type { PairedResult } from './pairs.ts'
import { comparePairs } from './pairs.ts'
import type { Interval } from '../../catalog/share-interval.ts'
import { mean, median, medianInterval, p95, wilsonInterval } from './statistics.ts'

export interface Distribution {
  /** number of values */
  n: number
  mean: number | null
  p50: number | null
  /** 95 %, from order statistics; null below 6 values */
  p50Interval: Interval | null
  /** null below 20 values */
  p95: number | null
}

export interface FailureKind {
  /** a reason of the ledger, such as `rate_limited` */
  kind: string
  count: number
  /** words of the newest one; foreign text */
  example: string
}

export interface ProviderSummary {
  provider: ProviderName
  /** the provider's own name of the model; null until it was asked */
  model: string | null
  /** how much of what was asked for it takes; null until it was asked. The same for every run: the prompt changes nothing in it */
  fidelity: { level: FidelityLevel; changes: FidelityChange[] } | null
  planned: number
  started: number
  /** runs that say something about the provider: with a picture, or asked and without one */
  counted: number
  pictures: number
  /** pictures ÷ counted */
  successShare: number | null
  /** Wilson, 95 % */
  successInterval: Interval | null
  /** first POST → stored, of runs with a picture */
  timeToPictureMs: Distribution
  /** mean of each part over runs with a picture: means add up to the mean of the whole, medians do not */
  meanPartsMs: { queue: number | null; submit: number | null; provider: number | null; news: number | null; store: number | null }
  callbackDelayMs: Distribution
  /** runs with a picture whose provider called back */
  calledBack: number
  /** of all its runs, failed ones included; null while one has no known cost */
  costUsd: number | null
  /** the same ÷ pictures */
  costPerPictureUsd: number | null
  /** the same ÷ runs that cost something, with a picture or without: what it takes, whatever came of it */
  costPerPaidRunUsd: number | null
  costSource: CostSource | 'assumed'
  /** most frequent first */
  failures: FailureKind[]
  /** ended without saying anything about the provider, by kind */
  notCounted: FailureKind[]
  /** runs that needed more than one POST */
  retried: number
  open: number
  price: RunPrice
}

export interface PromptSummary {
  /** index in `prompts` */
  prompt: number
  text: string
  providers: { provider: ProviderName; counted: number; pictures: number; p50Ms: number | null }[]
}

export interface ComparisonReport {
  id: string
  createdAt: string
  /** when this report was made */
  reportedAt: string
  /** first and last moment of its runs; null before the first */
  period: { from: string; to: string } | null
  mode: Comparison['mode']
  model: string
  request: Comparison['request']
  /** those of `request` that came from files */
  pictures: Comparison['pictures']
  seed: number
  concurrency: number
  runsPerProvider: number
  planned: number
  started: number
  ended: number
  /** why not all runs were started; null: all were */
  stopped: Execution['stopped']
  capUsd: number | null
  /** known costs */
  spentUsd: number
  providers: ProviderSummary[]
  /** one for each two providers */
  pairs: PairedResult[]
  prompts: PromptSummary[]
  /** in the order of starting */
  runs: MeasuredRun[]
}

export function summarise(comparison: Comparison, { generations, stopped }: Execution, now: Date): ComparisonReport {
  const runs = planRuns(comparison).map((planned) =>
    measureRun(comparison, planned, generations.get(planned.generationId) ?? null),
  )
  const isStarted = ({ end }: MeasuredRun): boolean => end !== 'not_started'
  return {
    id: comparison.id,
    createdAt: comparison.createdAt,
    reportedAt: now.toISOString(),
    period: periodOf([...generations.values()]),
    mode: comparison.mode,
    model: comparison.request.model,
    request: comparison.request,
    pictures: comparison.pictures,
    seed: comparison.seed,
    concurrency: comparison.concurrency,
    runsPerProvider: comparison.runs,
    planned: runs.length,
    started: runs.filter(isStarted).length,
    ended: runs.filter((run) => isStarted(run) && run.end !== 'open').length,
    stopped,
    capUsd: comparison.capUsd,
    spentUsd: roundMicro(runs.reduce((sum, { cost }) => sum + (cost.usd ?? 0), 0)),
    providers: comparison.providers.map((provider) => summariseProvider(comparison, provider, { runs, generations })),
    pairs: pairsOf(comparison.providers).map(([one, other]) => comparePairs(runs, one, other)),
    prompts: comparison.prompts.flatMap((text, prompt) => {
      const own = runs.filter((run) => run.prompt === prompt)
      return own.length === 0
        ? []
        : [{ prompt, text, providers: comparison.providers.map((provider) => summarisePrompt(own, provider)) }]
    }),
    runs,
  }
}

function summariseProvider(
  comparison: Comparison,
  provider: ProviderName,
  { runs, generations }: { runs: MeasuredRun[]; generations: Execution['generations'] },
): ProviderSummary {
  const own = runs.filter((run) => run.provider === provider)
  const started = own.filter(({ end }) => end !== 'not_started')
  const pictures = own.filter(({ end }) => end === 'picture')
  const failed = own.filter(({ end }) => end === 'no_picture')
  const counted = pictures.length + failed.length
  const asked = started.flatMap(({ generationId }) => generations.get(generationId) ?? [])
  const model = asked.map(({ attempts }) => attempts.at(-1)?.model).find((name) => name !== undefined)
  return {
    provider,
    model: model ?? null,
    fidelity: asked.map(({ fidelity }) => fidelity).find((fidelity) => fidelity !== null) ?? null,
    planned: own.length,
    started: started.length,
    counted,
    pictures: pictures.length,
    successShare: counted === 0 ? null : pictures.length / counted,
    successInterval: wilsonInterval(pictures.length, counted),
    timeToPictureMs: distributionOf(pictures.map(({ timeToPictureMs }) => timeToPictureMs)),
    meanPartsMs: meanPartsOf(pictures),
    callbackDelayMs: distributionOf(pictures.map(({ callbackDelayMs }) => callbackDelayMs)),
    calledBack: pictures.filter(({ wasCalledBack }) => wasCalledBack).length,
    ...costOf(started, pictures.length),
    failures: kindsOf(failed),
    notCounted: kindsOf(own.filter(({ end }) => end === 'not_counted')),
    retried: started.filter(({ tries }) => tries > 1).length,
    open: own.filter(({ end }) => end === 'open').length,
    price: comparison.prices[provider] ?? { usd: null, source: 'none' },
  }
}

function summarisePrompt(runs: readonly MeasuredRun[], provider: ProviderName): PromptSummary['providers'][number] {
  const own = runs.filter((run) => run.provider === provider)
  const pictures = own.filter(({ end }) => end === 'picture')
  return {
    provider,
    counted: own.filter(({ end }) => end === 'picture' || end === 'no_picture').length,
    pictures: pictures.length,
    p50Ms: toWhole(median(pictures.flatMap(({ timeToPictureMs }) => timeToPictureMs ?? []))),
  }
}

function distributionOf(values: readonly (number | null)[]): Distribution {
  const known = values.filter((value) => value !== null)
  return {
    n: known.length,
    mean: toWhole(mean(known)),
    p50: toWhole(median(known)),
    p50Interval: medianInterval(known),
    p95: toWhole(p95(known)),
  }
}

function meanPartsOf(pictures: readonly MeasuredRun[]): ProviderSummary['meanPartsMs'] {
  const timed = pictures.flatMap(({ parts, queueMs }) => (parts === null ? [] : [{ ...parts, queueMs: queueMs ?? 0 }]))
  const meanOf = (values: number[]): number | null => toWhole(mean(values))
  return {
    queue: meanOf(timed.map(({ queueMs }) => queueMs)),
    submit: meanOf(timed.map(({ submitMs }) => submitMs)),
    provider: meanOf(timed.map(({ providerMs }) => providerMs)),
    news: meanOf(timed.flatMap(({ newsMs }) => newsMs ?? [])),
    store: meanOf(timed.map(({ storeMs }) => storeMs)),
  }
}

function costOf(
  started: readonly MeasuredRun[],
  pictures: number,
): Pick<ProviderSummary, 'costUsd' | 'costPerPictureUsd' | 'costPerPaidRunUsd' | 'costSource'> {
  const costs = started.filter(({ end }) => end !== 'open').map(({ cost }) => cost)
  const isKnown = costs.every(({ usd }) => usd !== null)
  if (!isKnown || costs.length === 0) return nothingPaid
  const costUsd = roundMicro(costs.reduce((sum, { usd }) => sum + (usd ?? 0), 0))
  // A run that cost nothing has no source: it takes nothing from what the others know.
  const sources = costs.filter(({ usd }) => usd !== 0).map(({ source }) => source)
  const least = (['assumed', 'estimated', 'measured'] as const).find((source) => sources.includes(source)) ?? 'none'
  return {
    costUsd,
    costPerPictureUsd: pictures === 0 ? null : roundMicro(costUsd / pictures),
    costPerPaidRunUsd: sources.length === 0 ? null : roundMicro(costUsd / sources.length),
    costSource: least,
  }
}

const nothingPaid = { costUsd: null, costPerPictureUsd: null, costPerPaidRunUsd: null, costSource: 'none' } as const

function kindsOf(runs: readonly MeasuredRun[]): FailureKind[] {
  const kinds = new Map<string, FailureKind>()
  for (const { failure } of runs) {
    const { kind, message } = failure ?? { kind: 'unknown', message: '' }
    const known = kinds.get(kind)
    kinds.set(kind, { kind, count: (known?.count ?? 0) + 1, example: message === '' ? (known?.example ?? '') : message })
  }
  return [...kinds.values()].toSorted((one, other) => other.count - one.count || (one.kind < other.kind ? -1 : 1))
}

function pairsOf(providers: readonly ProviderName[]): [ProviderName, ProviderName][] {
  return providers.flatMap((one, at) => providers.slice(at + 1).map((other): [ProviderName, ProviderName] => [one, other]))
}

function periodOf(generations: readonly Generation[]): ComparisonReport['period'] {
  const moments = generations
    .flatMap(({ createdAt, finishedAt }) => [createdAt, ...(finishedAt === null ? [] : [finishedAt])])
    .toSorted()
  const [from, to] = [moments[0], moments.at(-1)]
  return from === undefined || to === undefined ? null : { from, to }
}

/** A millionth of a dollar, as the ledger rounds. */
function roundMicro(usd: number): number {
  return Math.round(usd * 1e6) / 1e6
}

function toWhole(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms)
}
