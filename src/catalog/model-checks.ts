// What a request asks, against what the providers of its model can do. The rule: a value that no provider of the route can honour is
// refused before any money is spent; one that only some can honour is adapted at the others, and said so (`fidelity`).
import { fidelityLevels } from '../contract/index.ts'
import type { FidelityLevel, GenerationRequest, ProviderName } from '../contract/index.ts'
import type { Model, NativeModel } from './model-schema.ts'
import {
  chooseNative,
  documentedNativesOf,
  givenIn,
  nativesForMask,
  nativesOf,
  providerNames,
  referenceLimits,
} from './models.ts'
import { changedFields, choiceNames, choicesOf, providerTitles } from './native-draft.ts'
import type { Choice } from './native-draft.ts'
import { buildNativeInput } from './native-input.ts'
import { listed, quote, thousands } from './request-error.ts'
import type { RequestError } from './request-error.ts'
import { checkCount } from './several-pictures.ts'

interface Candidate {
  provider: ProviderName
  native: NativeModel
}

/** Errors of this request at this model; empty: at least one provider of the route may take it. */
export function checkAgainstModel(model: Model, request: GenerationRequest): RequestError[] {
  const twice = saidTwice(request)
  if (twice.length > 0) return twice
  const wanted = request.route?.providers ?? providerNames
  const offering = wanted.filter((provider) => nativesOf(model, provider).length > 0)
  // Nobody in the route has the model: planRoute says who, and why not. A model that nobody at all has is refused here.
  if (offering.length === 0) return checkOffered(model)
  const pictures = checkMask(model, offering, request) ?? checkReferences(model, offering, request)
  if (pictures !== null) return [pictures]
  const candidates = candidatesFor(model, offering, request)
  const errors = [
    ...checkPrompt(model, candidates, request),
    ...checkCount(
      model,
      candidates.map(({ native }) => native),
      request,
    ),
    ...choiceNames.flatMap((field) => checkChoice(model, candidates, request, field)),
    ...checkBodies(candidates, request),
  ]
  return errors.length > 0 ? errors : checkFidelity(model, candidates, request)
}

function saidTwice(request: GenerationRequest): RequestError[] {
  const errors: RequestError[] = []
  if (request.size !== undefined) {
    const other = (['aspectRatio', 'resolution'] as const).filter((field) => request[field] !== undefined)
    if (other.length > 0)
      errors.push({ field: 'size', message: `size already says what ${listed(other)} says; give one or the other` })
  }
  if (request.mask !== undefined && (request.referenceImages?.length ?? 0) === 0)
    errors.push({ field: 'mask', message: 'mask needs the picture that it is laid on, as the first of `referenceImages`' })
  return errors
}

function checkOffered(model: Model): RequestError[] {
  if (providerNames.some((provider) => nativesOf(model, provider).length > 0)) return []
  const reasons = providerNames.map((provider) => `${providerTitles[provider]}: ${whyNotOffered(model, provider)}`)
  return [{ field: 'model', message: `no provider can be asked for ${model.name}; ${reasons.join('; ')}` }]
}

function whyNotOffered(model: Model, provider: ProviderName): string {
  const offer = model.providers[provider]
  if ('absent' in offer) return offer.absent
  return documentedNativesOf(model, provider)[0]?.withheld ?? ''
}

function candidatesFor(model: Model, providers: readonly ProviderName[], request: GenerationRequest): Candidate[] {
  return providers.flatMap((provider) => {
    const native = chooseNative(model, provider, givenIn(request))
    return native === null ? [] : [{ provider, native }]
  })
}

function checkMask(model: Model, offering: readonly ProviderName[], request: GenerationRequest): RequestError | null {
  const given = givenIn(request)
  if (offering.some((provider) => nativesForMask(model, provider, given).length > 0)) return null
  const message = given.mask
    ? `${model.name} takes no mask at ${titlesOf(offering)}`
    : `${model.name} needs a mask at ${titlesOf(offering)}`
  return { field: 'mask', message }
}

function checkReferences(model: Model, offering: readonly ProviderName[], request: GenerationRequest): RequestError | null {
  const field = 'referenceImages'
  const given = givenIn(request)
  const limits = offering.flatMap((provider) => {
    const all = nativesForMask(model, provider, given).map(referenceLimits)
    if (all.length === 0) return []
    return [{ provider, min: Math.min(...all.map((limit) => limit.min)), max: Math.max(...all.map((limit) => limit.max)) }]
  })
  const min = Math.min(...limits.map((limit) => limit.min))
  const max = Math.max(...limits.map((limit) => limit.max))
  const count = given.references
  const withMask = given.mask ? ' with a mask' : ''
  if (count > max) {
    if (max === 0) return { field, message: `${model.name} takes no reference images at ${titlesOf(offering)}` }
    const each = limits.map((limit) => `${providerTitles[limit.provider]} ${limit.max}`).join(', ')
    return {
      field,
      message: `${model.name} takes at most ${max} reference image${max === 1 ? '' : 's'}${withMask} (${each}); there are ${count}`,
    }
  }
  if (count >= min) return null
  return { field, message: `${model.name} needs at least ${min} reference image${min === 1 ? '' : 's'}${withMask}` }
}

interface PromptLimit {
  provider: ProviderName
  taken: boolean
  required: boolean
  min: number
  max: number
}

function promptLimit({ provider, native }: Candidate): PromptLimit {
  const name = native.parameters.prompt?.field
  const field = name === undefined ? undefined : native.fields[name]
  const [min, max] = field?.type === 'string' ? [field.minLength ?? 0, field.maxLength ?? Infinity] : [0, Infinity]
  return { provider, taken: name !== undefined, required: field?.required === true, min, max }
}

function checkPrompt(model: Model, candidates: readonly Candidate[], request: GenerationRequest): RequestError[] {
  const limits = candidates.map(promptLimit)
  const { prompt } = request
  const error = (message: string): RequestError[] => [{ field: 'prompt', message }]
  if (limits.length === 0) return []
  if (prompt === undefined) return limits.every(({ required }) => required) ? error(`prompt is required for ${model.name}`) : []
  if (limits.every(({ taken }) => !taken)) {
    return error(`${model.name} takes no prompt, it works on the picture alone; leave it out`)
  }
  if (limits.some(({ taken, min, max }) => taken && prompt.length >= min && prompt.length <= max)) return []
  const isTooLong = limits.some(({ max }) => prompt.length > max)
  const each = limits.map(
    (limit) => `${thousands(isTooLong ? limit.max : limit.min)} characters at ${providerTitles[limit.provider]}`,
  )
  const [what, bound] = isTooLong ? ['long', 'at most'] : ['short', 'at least']
  return error(`prompt is too ${what} for ${model.name}: ${bound} ${listed(each)}; it has ${thousands(prompt.length)}`)
}

/** Whether this provider would send the value as it was asked, with everything else in the request. */
function honours({ provider, native }: Candidate, request: GenerationRequest, field: Choice): boolean {
  // What only stands in the way of the whole body is reported by its own check.
  const { providerOptions: _overruling, ...asked } = request
  const built = buildNativeInput(provider, native, asked)
  return built.kind !== 'built' || built.fidelity.changes.every((change) => change.field !== field)
}

function checkChoice(model: Model, candidates: readonly Candidate[], request: GenerationRequest, field: Choice): RequestError[] {
  const asked = request[field]
  if (asked === undefined || candidates.length === 0 || candidates.some((candidate) => honours(candidate, request, field)))
    return []
  // All providers are asked, so that the message can also say who outside the route would do it.
  const all = candidatesFor(model, providerNames, request)
  const inRoute = new Set(candidates.map((candidate) => candidate.provider))
  const values = [...new Set(all.flatMap(({ native }) => [...choicesOf(native, field).keys()]))]
  const offers = values.flatMap((value) => {
    const by = all.filter(
      (candidate) => choicesOf(candidate.native, field).has(value) && honours(candidate, { ...request, [field]: value }, field),
    )
    return by.length === 0 ? [] : [{ value, by: by.map((candidate) => candidate.provider) }]
  })
  const allowed = offers.filter(({ by }) => by.some((provider) => inRoute.has(provider))).map(({ value }) => value)
  return [{ field, message: choiceMessage(model, request, field, asked, offers, [...inRoute]), allowed }]
}

function choiceMessage(
  model: Model,
  request: GenerationRequest,
  field: Choice,
  asked: string,
  offers: readonly { value: string; by: ProviderName[] }[],
  inRoute: readonly ProviderName[],
): string {
  const pictures = (request.referenceImages?.length ?? 0) > 0 ? ' with reference images' : ''
  if (offers.length === 0) return `${model.name} has no choice of ${field}${pictures} at any provider; leave it out`
  const { aspectRatio } = request
  const ratio =
    field === 'resolution' ? ` with ${aspectRatio === undefined ? 'no aspectRatio' : `aspectRatio ${aspectRatio}`}` : ''
  const groups = new Map<string, string[]>()
  for (const { value, by } of offers) groups.set(titlesOf(by), [...(groups.get(titlesOf(by)) ?? []), value])
  const what = [...groups].map(([titles, values]) => `${values.join(', ')} (${titles})`).join('; ')
  return `${field} ${quote(asked)} is not possible for ${model.name}${pictures}${ratio} at ${titlesOf(inRoute)}; allowed: ${what}`
}

const titlesOf = (providers: readonly ProviderName[]): string => listed(providers.map((provider) => providerTitles[provider]))

/** What would make the body itself wrong: native options above all. */
function checkBodies(candidates: readonly Candidate[], request: GenerationRequest): RequestError[] {
  return candidates.flatMap(({ provider, native }) => {
    const built = buildNativeInput(provider, native, request)
    return built.kind === 'invalid' ? built.errors : []
  })
}

/** Whether this level is as good as the request wants it. */
export function isFaithfulEnough(level: FidelityLevel, { route }: GenerationRequest): boolean {
  return fidelityLevels.indexOf(level) <= fidelityLevels.indexOf(route?.minimumFidelity ?? 'degraded')
}

/** A route that the request itself forbids would only be found empty after it was accepted. */
function checkFidelity(model: Model, candidates: readonly Candidate[], request: GenerationRequest): RequestError[] {
  // A stand-in is always a change, but may be a smaller one.
  if (request.route?.models !== undefined) return []
  const built = candidates.flatMap(({ provider, native }) => {
    const input = buildNativeInput(provider, native, request)
    return input.kind === 'built' ? [{ provider, fidelity: input.fidelity }] : []
  })
  if (built.length === 0 || built.some(({ fidelity }) => isFaithfulEnough(fidelity.level, request))) return []
  const each = built.map(({ provider, fidelity }) => {
    return `${fidelity.level} at ${providerTitles[provider]} (${listed(changedFields(fidelity.changes))})`
  })
  const message = `route.minimumFidelity is ${request.route?.minimumFidelity ?? ''}, and this ${model.name} picture would be ${listed(each)}`
  return [{ field: 'route.minimumFidelity', message }]
}
