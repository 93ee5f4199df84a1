// What a request asks, against what the providers of its model can do. The rule: a value that no provider of the route can honour is
// refused before any money is spent; one that only some can honour is adapted at the others, and said so (`fidelity`).
import type { GenerationRequest, ProviderName } from '../contract/index.ts'
import type { Model, NativeModel } from './model-schema.ts'
import { chooseNative, nativesOf, providerNames, referenceLimits } from './models.ts'
import { buildNativeInput, choicesOf, providerTitles } from './native-input.ts'
import { listed, quote, thousands } from './request-error.ts'
import type { RequestError } from './request-error.ts'

interface Candidate {
  provider: ProviderName
  native: NativeModel
}

type Choice = 'aspectRatio' | 'resolution' | 'outputFormat'

/** Errors of this request at this model; empty: at least one provider of the route may take it. */
export function checkAgainstModel(model: Model, request: GenerationRequest): RequestError[] {
  const wanted = request.route?.providers ?? providerNames
  const offering = wanted.filter((provider) => nativesOf(model, provider).length > 0)
  // Nobody in the route has the model: planRoute says who, and why not.
  if (offering.length === 0) return []
  const references = checkReferences(model, offering, request.referenceImages?.length ?? 0)
  if (references !== null) return [references]
  const candidates = candidatesFor(model, offering, request)
  return [
    ...checkPrompt(model, candidates, request),
    ...(['aspectRatio', 'resolution', 'outputFormat'] as const).flatMap((field) =>
      checkChoice(model, candidates, request, field),
    ),
    ...checkBodies(candidates, request),
  ]
}

function candidatesFor(model: Model, providers: readonly ProviderName[], request: GenerationRequest): Candidate[] {
  return providers.flatMap((provider) => {
    const native = chooseNative(model, provider, request.referenceImages?.length ?? 0)
    return native === null ? [] : [{ provider, native }]
  })
}

function checkReferences(model: Model, offering: readonly ProviderName[], count: number): RequestError | null {
  const field = 'referenceImages'
  const limits = offering.map((provider) => {
    const all = nativesOf(model, provider).map(referenceLimits)
    return { provider, min: Math.min(...all.map((limit) => limit.min)), max: Math.max(...all.map((limit) => limit.max)) }
  })
  const min = Math.min(...limits.map((limit) => limit.min))
  const max = Math.max(...limits.map((limit) => limit.max))
  if (count > max) {
    if (max === 0) return { field, message: `${model.name} takes no reference images at ${titlesOf(offering)}` }
    const each = limits.map((limit) => `${providerTitles[limit.provider]} ${limit.max}`).join(', ')
    return {
      field,
      message: `${model.name} takes at most ${max} reference image${max === 1 ? '' : 's'} (${each}); there are ${count}`,
    }
  }
  return count < min ? { field, message: `${model.name} needs at least ${min} reference image${min === 1 ? '' : 's'}` } : null
}

function checkPrompt(model: Model, candidates: readonly Candidate[], request: GenerationRequest): RequestError[] {
  const limits = candidates.map(({ provider, native }) => {
    const field = native.fields[native.parameters.prompt.field]
    return { provider, max: field?.type === 'string' ? (field.maxLength ?? Infinity) : Infinity }
  })
  if (limits.length === 0 || limits.some((limit) => request.prompt.length <= limit.max)) return []
  const each = limits.map((limit) => `${thousands(limit.max)} characters at ${providerTitles[limit.provider]}`)
  return [
    {
      field: 'prompt',
      message: `prompt is too long for ${model.name}: at most ${listed(each)}; it has ${thousands(request.prompt.length)}`,
    },
  ]
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
