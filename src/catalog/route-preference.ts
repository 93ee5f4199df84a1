// Which provider of one model is asked first when the request prefers the cheapest, the fastest or the steadiest. Pure: what was observed
// comes in. A preference orders the providers of one model and never reaches across models.
import type { GenerationRequest, ProviderName, RouteRequest } from '../contract/index.ts'
import { medianInterval, quantile } from './median-interval.ts'
import type { Candidate } from './plan-route.ts'
import { roundMicro } from './price.ts'
import { shareInterval } from './share-interval.ts'
import { pricesOfAll } from './several-pictures.ts'

/** What the newest attempts at one provider with one of its models have shown. */
export interface TrackRecord {
  provider: ProviderName
  /** the provider's name of the model, or the endpoint family where there is none */
  model: string
  /** attempts whose end says something about the provider, and how many of them succeeded */
  judged: number
  succeeded: number
  /** of succeeded attempts for one picture: POST begun → we knew that it had finished, by one clock for all providers */
  timesToPictureMs: readonly number[]
  /** succeeded attempts whose cost is the provider's own word, and the middle one, per picture */
  measured: number
  costP50Usd: number | null
}

/** What was made of the preference, for the decision record. */
export interface PreferenceDecision {
  decision: string
  because: string
  /** false: the order is what it would have been without a preference */
  hasDecided: boolean
}

/** Below 20 a share is known to ±20 points at best, and a middle time still follows single pictures. */
export const minimumSample = 20

/**
 * Width of the intervals of shares and middle times. Two intervals of 83 % that do not touch are what a test of the difference at 5 % would
 * call different; with the usual 95 % (1.96) it would be a test at well below 1 %, and real differences would be passed over.
 */
const intervalZ = 1.39
/** What a normal deviate of 1.39 leaves on each side. */
const intervalTail = 0.0823

export type Preference = Exclude<RouteRequest['prefer'], undefined>

export const preferenceOf = ({ route }: GenerationRequest): Preference => route?.prefer ?? 'order'

/** Smaller is better. One that lies below another as a whole comes before it; where two overlap, the order stays. */
interface Measure {
  low: number
  high: number
  /** as it is written down, behind the provider's name */
  text: string
  /** of what has to be observed, how much there is; null: nothing had to be */
  sample: { size: number; of: string } | null
}

const measures: Readonly<
  Record<Exclude<Preference, 'order'>, (candidate: Candidate, record: TrackRecord | null, request: GenerationRequest) => Measure>
> = {
  cheapest: measureCost,
  fastest: measureTime,
  steadiest: measureShare,
}

/** `candidates` are those of one model, in the order in which they are asked without a preference. Null: there is none. */
export function orderByPreference(
  candidates: readonly Candidate[],
  request: GenerationRequest,
  records: readonly TrackRecord[],
): { ordered: Candidate[]; decided: PreferenceDecision | null } {
  const prefer = preferenceOf(request)
  const [first] = candidates
  if (prefer === 'order' || first === undefined) return { ordered: [...candidates], decided: null }
  const where = first.canonicalModel === request.model ? '' : ` with ${first.canonicalModel}`
  const kept = (because: string) => ({
    ordered: [...candidates],
    decided: { decision: `prefer ${prefer}${where}: order kept`, because, hasDecided: false },
  })
  if (candidates.length === 1) return kept(`only ${first.provider} can take it`)
  const measured = candidates.map((candidate) => ({
    candidate,
    measure: measures[prefer](candidate, recordOf(candidate, records), request),
  }))
  const short = measured.flatMap(({ candidate, measure: { sample } }) =>
    sample === null || sample.size >= minimumSample ? [] : [{ provider: candidate.provider, ...sample }],
  )
  if (short[0] !== undefined) {
    const sizes = short.map(({ provider, size }) => `${provider} has ${size}`).join(' and ')
    return kept(`${sizes} of at least ${minimumSample} recent ${short[0].of}`)
  }
  const ordered = takeUnbeaten(measured, (one, other) => one.measure.high < other.measure.low)
  const found = ordered.map(({ candidate, measure }) => `${candidate.provider} ${measure.text}`).join(', ')
  if (!isOrdered(ordered)) return kept(`no clear difference: ${found}`)
  const names = ordered.map(({ candidate }) => candidate.provider).join(' before ')
  return {
    ordered: ordered.map(({ candidate }) => candidate),
    decided: { decision: `prefer ${prefer}${where}: ${names}`, because: found, hasDecided: true },
  }
}

/** Again and again the first of those that no other one beats: where nothing is clear the order stays, and nobody is lost. */
export function takeUnbeaten<Each>(given: readonly Each[], beats: (one: Each, other: Each) => boolean): Each[] {
  const left = [...given]
  const taken: Each[] = []
  while (left.length > 0) {
    const at = left.findIndex((each) => !left.some((other) => beats(other, each)))
    taken.push(...left.splice(Math.max(0, at), 1))
  }
  return taken
}

function isOrdered(ordered: readonly { measure: Measure }[]): boolean {
  return ordered.some(({ measure }) => ordered.some((other) => measure.high < other.measure.low))
}

function recordOf({ provider, model, api }: Candidate, records: readonly TrackRecord[]): TrackRecord | null {
  return records.find((record) => record.provider === provider && record.model === (model ?? api)) ?? null
}

/** Behind everybody. */
const never = { low: Infinity, high: Infinity, sample: null }

/** Of all pictures, as the first of its model; per picture where it was measured. */
function measureCost(candidate: Candidate, record: TrackRecord | null, { count = 1 }: GenerationRequest): Measure {
  const [listUsd = null] = pricesOfAll([candidate], count)
  if (listUsd !== null) return { ...exactly(listUsd), text: `${listUsd} USD by list`, sample: null }
  const size = record?.measured ?? 0
  const usd = record?.costP50Usd ?? null
  if (usd === null || size < minimumSample) {
    return { ...never, text: `has no list price, and ${size} of at least ${minimumSample} measured costs` }
  }
  const allUsd = roundMicro(usd * count)
  return { ...exactly(allUsd), text: `${allUsd} USD measured, p50 of ${size}`, sample: null }
}

/**
 * p50, since p95 of a small sample is the word of one or two slow pictures. The time from POST until we know of the picture: what the caller waits for,
 * without our own line and download, which would be the same at the other provider. Who calls back late, or has to be asked, is slower.
 */
function measureTime(_candidate: Candidate, record: TrackRecord | null): Measure {
  const timesMs = record?.timesToPictureMs ?? []
  const { from, to } = medianInterval(timesMs, intervalTail) ?? { from: 0, to: Infinity }
  const seconds = (ms: number): string => (ms / 1_000).toFixed(1)
  const text = `p50 ${seconds(quantile(timesMs, 0.5) ?? Infinity)} s (${seconds(from)} to ${seconds(to)}) of ${timesMs.length}`
  return { low: from, high: to, text, sample: { size: timesMs.length, of: 'pictures' } }
}

function measureShare(_candidate: Candidate, record: TrackRecord | null): Measure {
  const { judged, succeeded } = record ?? { judged: 0, succeeded: 0 }
  const { from, to } = shareInterval(succeeded, judged, intervalZ) ?? { from: 0, to: 1 }
  const text = `${((succeeded / Math.max(1, judged)) * 100).toFixed(1)} % of ${judged}`
  return { low: -to, high: -from, text, sample: { size: judged, of: 'attempts' } }
}

const exactly = (value: number): { low: number; high: number } => ({ low: value, high: value })
