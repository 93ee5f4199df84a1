// Which providers can take a request, in which order, with which body, at which price; and why the others were left.
import type { FidelityChange, FidelityLevel, GenerationRequest, ProviderName } from '../contract/index.ts'
import type { Model } from './model-schema.ts'
import { chooseNative, findModel, providerNames } from './models.ts'
import { buildNativeInput, providerTitles } from './native-input.ts'
import { unknownModelError } from './parse-request.ts'
import { estimatePrice } from './price.ts'
import type { EstimatedPrice } from './price.ts'
import type { RequestError } from './request-error.ts'

/** The environment variable that gives a provider its key. */
export const keyVariables: Readonly<Record<ProviderName, string>> = { kie: 'KIE_API_KEY', defapi: 'DEFAPI_KEY' }

/** One provider of the route, with everything that a submit needs. */
export interface Candidate {
  provider: ProviderName
  /** endpoint family, as in `ProviderRequest` */
  api: string
  /** the provider's name of the model; null where the endpoint implies it */
  model: string | null
  /** native fields */
  input: Record<string, unknown>
  fidelity: { level: FidelityLevel; changes: FidelityChange[] }
  /** list price; null where nobody has published one */
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
  | { ok: true; candidates: Candidate[]; left: LeftProvider[] }
  | { ok: false; reason: 'no_provider' | 'invalid'; errors: RequestError[] }

export interface RouteSetting {
  /** asked first where the request names no order */
  preferred: ProviderName
  /** those that have a key */
  available: ReadonlySet<ProviderName>
}

/** Pure: the same request and setting give the same route. */
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
  for (const provider of wanted) {
    const outcome = consider(model, provider, request, setting)
    if (outcome.kind === 'invalid') return { ok: false, reason: 'invalid', errors: outcome.errors }
    if (outcome.kind === 'left') left.push({ provider, because: outcome.because })
    else if (candidates.length > 0 && request.route?.fallback === false)
      left.push({ provider, because: 'would be a fallback, and `route.fallback` is false' })
    else candidates.push(outcome.candidate)
  }
  if (candidates.length > 0) return { ok: true, candidates, left }
  const reasons = left.map(({ provider, because }) => `${providerTitles[provider]} ${because}`).join('; ')
  const field = request.route?.providers === undefined ? 'model' : 'route.providers'
  return {
    ok: false,
    reason: 'no_provider',
    errors: [{ field, message: `no provider can make this ${model.name} picture: ${reasons}` }],
  }
}

type Considered =
  | { kind: 'candidate'; candidate: Candidate }
  | { kind: 'left'; because: string }
  | { kind: 'invalid'; errors: RequestError[] }

function consider(model: Model, provider: ProviderName, request: GenerationRequest, setting: RouteSetting): Considered {
  const offer = model.providers[provider]
  if ('absent' in offer) return { kind: 'left', because: `does not offer ${model.name}: ${offer.absent}` }
  const native = chooseNative(model, provider, request.referenceImages?.length ?? 0)
  if (native === null) {
    const what = (request.referenceImages?.length ?? 0) === 0 ? 'needs a reference image' : 'takes no reference images'
    return { kind: 'left', because: `${what} for this model` }
  }
  const built = buildNativeInput(provider, native, request)
  if (built.kind === 'invalid') return built
  if (built.kind === 'unfit') return { kind: 'left', because: built.because }
  // Last, so that a missing key is named only where it is the one thing that is missing.
  if (!setting.available.has(provider)) return { kind: 'left', because: `has no key: ${keyVariables[provider]} is not set` }
  return {
    kind: 'candidate',
    candidate: {
      provider,
      api: native.api,
      model: native.model,
      input: built.input,
      fidelity: built.fidelity,
      price: estimatePrice(native, built.input),
      typicalDurationMs: native.typicalDurationMs,
    },
  }
}
