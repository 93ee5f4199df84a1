// Which providers can take a request, in which order, with which body, at which price; and why the others were left.
import type { FidelityChange, FidelityLevel, GenerationRequest, ProviderName } from '../contract/index.ts'
import { isFaithfulEnough } from './model-checks.ts'
import type { Model } from './model-schema.ts'
import { chooseNative, findModel, givenIn, providerNames, standInsOf, whyNoNative } from './models.ts'
import { changedFields, providerTitles } from './native-draft.ts'
import { buildNativeInput } from './native-input.ts'
import type { Fidelity } from './native-input.ts'
import { unknownModelError } from './parse-request.ts'
import { estimatePrice } from './price.ts'
import type { EstimatedPrice } from './price.ts'
import { listed } from './request-error.ts'
import type { RequestError } from './request-error.ts'
import { orderByPreference } from './route-preference.ts'
import type { PreferenceDecision, TrackRecord } from './route-preference.ts'
import { uploadObstacle } from './route-uploads.ts'
import type { RouteUploads } from './route-uploads.ts'
import { itemSeeds, pricesOfAll, wholeTask } from './several-pictures.ts'
import type { ItemSeeds, WholeTask } from './several-pictures.ts'

/** The environment variable that gives a provider its key. */
export const keyVariables: Readonly<Record<ProviderName, string>> = { kie: 'KIE_API_KEY', defapi: 'DEFAPI_KEY' }

/** One provider of the route, with everything that a submit needs. */
export interface Candidate {
  provider: ProviderName
  /** our name: that of the request, or of a stand-in */
  canonicalModel: string
  /** endpoint family, as in `ProviderRequest` */
  api: string
  /** the provider's name of the model; null where the endpoint implies it */
  model: string | null
  /** native fields of a task for one picture */
  input: Record<string, unknown>
  /** one task for all pictures; null where only one is wanted, or the model does not take that many */
  whole: WholeTask | null
  /** of items that would otherwise be equal; null where they are not */
  itemSeeds: ItemSeeds | null
  fidelity: { level: FidelityLevel; changes: FidelityChange[] }
  /** list price of one picture; null where nobody has published one */
  price: EstimatedPrice
  /** measured on single pictures; null: never measured */
  typicalDurationMs: number | null
}

export interface LeftProvider {
  provider: ProviderName
  /** the end of a sentence that begins with the provider */
  because: string
}

export type PlannedRoute =
  /** `preferences`: what was made of `route.prefer`, one for each model; empty where the request has none */
  | { ok: true; candidates: Candidate[]; left: LeftProvider[]; preferences: PreferenceDecision[] }
  | { ok: false; reason: 'no_provider'; left: LeftProvider[]; errors: RequestError[] }
  | { ok: false; reason: 'invalid'; errors: RequestError[] }

export interface RouteSetting {
  /** asked first where the request names no order */
  preferred: ProviderName
  /** those that have a key */
  available: ReadonlySet<ProviderName>
  /** of the tracks that `tracksWanted` names; default: none, so that a preference that needs them keeps the order */
  observed?: readonly TrackRecord[]
  /** of a request that names uploads */
  uploads?: RouteUploads
}

/** Pure: the same request and setting give the same route. Stand-ins come after the model itself has been asked of everybody. */
export function planRoute(request: GenerationRequest, setting: RouteSetting): PlannedRoute {
  const model = findModel(request.model)
  if (model === null) return { ok: false, reason: 'invalid', errors: [unknownModelError(request.model)] }
  const wanted = request.route?.providers ?? [
    setting.preferred,
    ...providerNames.filter((provider) => provider !== setting.preferred),
  ]
  const candidates: Candidate[] = []
  const left: LeftProvider[] = providerNames
    .filter((provider) => !wanted.includes(provider))
    .map((provider) => ({ provider, because: 'is not in `route.providers`' }))
  const standIns = standInsOf(request)
  const preferences: PreferenceDecision[] = []
  let limit: string | undefined
  for (const asked of [model, ...standIns]) {
    const where = asked === model ? '' : `with ${asked.name} in its place `
    const outcomes: { provider: ProviderName; outcome: Considered }[] = []
    for (const provider of wanted) {
      const outcome = asked === model ? consider(model, provider, request, setting) : standIn(asked, provider, request, setting)
      if (outcome.kind === 'invalid') return { ok: false, reason: 'invalid', errors: outcome.errors }
      outcomes.push({ provider, outcome })
    }
    const fit = outcomes.flatMap(({ outcome }) => (outcome.kind === 'candidate' ? [outcome.candidate] : []))
    const { ordered, decided } = orderByPreference(fit, request, setting.observed ?? [])
    const room = request.route?.fallback === false ? 1 - candidates.length : ordered.length
    const taken = new Set(ordered.slice(0, Math.max(0, room)))
    candidates.push(...taken)
    if (decided !== null && taken.size > 0) preferences.push(decided)
    for (const { provider, outcome } of outcomes) {
      if (outcome.kind === 'candidate' && taken.has(outcome.candidate)) continue
      if (outcome.kind === 'left') limit ??= outcome.limit
      const because = outcome.kind === 'left' ? outcome.because : 'would be a fallback, and `route.fallback` is false'
      left.push({ provider, because: `${where}${because}` })
    }
  }
  for (const { canonicalModel, provider, because } of leaveTooDearAtFirst(candidates, request)) {
    limit ??= 'route.maxCostUsd'
    left.push({ provider, because: canonicalModel === model.name ? because : `with ${canonicalModel} in its place ${because}` })
  }
  if (candidates.length > 0) return { ok: true, candidates, left, preferences }
  const reasons = left.map(({ provider, because }) => `${providerTitles[provider]} ${because}`).join('; ')
  const field = limit ?? (request.route?.providers === undefined ? 'model' : 'route.providers')
  return {
    ok: false,
    reason: 'no_provider',
    left,
    errors: [{ field, message: `no provider can make this ${model.name} picture: ${reasons}` }],
  }
}

type Considered =
  | { kind: 'candidate'; candidate: Candidate }
  /** `limit`: the field of the request but for which it would be in the route */
  | { kind: 'left'; because: string; limit?: 'route.minimumFidelity' | 'route.maxCostUsd' }
  | { kind: 'invalid'; errors: RequestError[] }

function consider(model: Model, provider: ProviderName, request: GenerationRequest, setting: RouteSetting): Considered {
  const built = build(model, provider, request, setting)
  if (built.kind !== 'candidate') return built
  const { candidate } = built
  return admit(candidate, request, setting) ?? built
}

/**
 * Another model that the request lists. That it is another one is a change like any other. Native options are fields of the model that was
 * asked for: under the same name they could mean something else here, so they are not sent.
 */
function standIn(model: Model, provider: ProviderName, request: GenerationRequest, setting: RouteSetting): Considered {
  const { providerOptions, ...asked } = request
  const built = build(model, provider, asked, setting)
  // What is wrong here would not be wrong with the model that was asked for.
  if (built.kind === 'invalid') return { kind: 'left', because: built.errors.map(({ message }) => message).join('; ') }
  if (built.kind === 'left') return built
  const fidelity: Fidelity = {
    level: built.candidate.fidelity.level === 'exact' ? 'adapted' : built.candidate.fidelity.level,
    changes: [
      { field: 'model', asked: request.model, sent: model.name, why: '`route.models` lists it to stand in' },
      ...built.candidate.fidelity.changes,
    ],
  }
  const options = Object.keys(providerOptions?.[provider] ?? {})
  if (options.length > 0) {
    const why = `${providerTitles[provider]} is not sent the native fields of another model`
    fidelity.level = 'degraded'
    fidelity.changes.push({ field: `providerOptions.${provider}`, asked: options.join(', '), sent: null, why })
  }
  const candidate = { ...built.candidate, fidelity }
  return admit(candidate, request, setting) ?? { kind: 'candidate', candidate }
}

/** Last, so that a missing key is named only where it is the one thing that is missing. */
function admit(candidate: Candidate, request: GenerationRequest, setting: RouteSetting): Considered | null {
  const { provider, fidelity } = candidate
  if (!isFaithfulEnough(fidelity.level, request)) {
    const fields = changedFields(fidelity.changes)
    const minimum = request.route?.minimumFidelity ?? ''
    const because = `would be ${fidelity.level} (${listed(fields)}), and route.minimumFidelity is ${minimum}`
    return { kind: 'left', because, limit: 'route.minimumFidelity' }
  }
  const tooDear = costObstacle(candidate, request)
  if (tooDear !== null) return { kind: 'left', because: tooDear, limit: 'route.maxCostUsd' }
  if (!setting.available.has(provider)) return { kind: 'left', because: `has no key: ${keyVariables[provider]} is not set` }
  return null
}

/**
 * What could never be asked for within the limit is not in the route: a plan that is looked at must not promise it. Of several pictures
 * a fallback may make only those that are lacking.
 */
function costObstacle(candidate: Candidate, request: GenerationRequest): string | null {
  return tooDear(candidate, request, request.route?.fallback === false ? (request.count ?? 1) : 1)
}

/** Nobody asked for any picture before these, so they would be asked for all of them. Takes them out of the candidates. */
function leaveTooDearAtFirst(candidates: Candidate[], request: GenerationRequest): (Candidate & LeftProvider)[] {
  const reasons = candidates.map((candidate) => tooDear(candidate, request, request.count ?? 1))
  const first = reasons.indexOf(null)
  const left = candidates.splice(0, first === -1 ? candidates.length : first)
  return left.map((candidate, at) => ({ ...candidate, because: reasons[at] ?? '' }))
}

function tooDear(candidate: Candidate, { route }: GenerationRequest, pictures: number): string | null {
  const limit = route?.maxCostUsd
  if (limit === undefined) return null
  const [usd = null] = pricesOfAll([pictures === 1 ? { ...candidate, whole: null } : candidate], pictures)
  if (usd === null) return 'has no list price for it, and route.maxCostUsd limits the cost'
  if (usd <= limit) return null
  return `takes ${usd} USD for ${pictures === 1 ? 'a picture' : `${pictures} pictures`}, and route.maxCostUsd is ${limit}`
}

function build(model: Model, provider: ProviderName, request: GenerationRequest, { uploads }: RouteSetting): Considered {
  const offer = model.providers[provider]
  if ('absent' in offer) return { kind: 'left', because: `does not offer ${model.name}: ${offer.absent}` }
  const native = chooseNative(model, provider, givenIn(request))
  if (native === null) return { kind: 'left', because: whyNoNative(model, provider, givenIn(request)) }
  const obstacle = uploadObstacle(native, provider, request, uploads)
  if (obstacle !== null) return { kind: 'left', because: obstacle }
  const isOne = (request.count ?? 1) === 1
  const built = buildNativeInput(provider, native, isOne ? request : { ...request, count: 1 })
  if (built.kind === 'invalid') return built
  if (built.kind === 'unfit') return { kind: 'left', because: built.because }
  return {
    kind: 'candidate',
    candidate: {
      provider,
      canonicalModel: model.name,
      api: native.api,
      model: native.model,
      input: built.input,
      whole: wholeTask(provider, native, request),
      itemSeeds: isOne ? null : itemSeeds(native, built.input, request.count ?? 1),
      fidelity: built.fidelity,
      price: estimatePrice(native, built.input),
      typicalDurationMs: native.typicalDurationMs,
    },
  }
}
