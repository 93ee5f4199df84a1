// The catalogue as JSON for programs: `GET /v1/models`.
import type { ProviderName } from '../contract/index.ts'
import type { Evidence, Model, NativeField, NativeModel, PixelLimits, Price, TaskKind } from './model-schema.ts'
import { documentedNativesOf, kindsOf, models, providerNames, referenceLimits } from './models.ts'
import { leftOutOf } from './left-out.ts'
import type { LeftOut } from './left-out.ts'
import { carriersOf, choicesOf, maxCountOf, parameterNames } from './native-draft.ts'
import { isMetered, priceRangeUsd } from './price.ts'
import { reservedFieldProblem } from './provider-options.ts'

/** What one provider has for a model. Lists are empty where there is no choice. */
export interface NativeSummary {
  api: string
  model: string | null
  kinds: TaskKind[]
  /** `seen`: somebody is known to have seen it work */
  standing: 'seen' | 'documented'
  /** why it is never asked for, although it is documented */
  withheld: string | null
  aspectRatios: string[]
  resolutions: string[]
  outputFormats: string[]
  qualities: string[]
  backgrounds: string[]
  /** `1536x1024` and the like */
  takesSize: boolean
  takesSeed: boolean
  takesStrength: boolean
  takesNegativePrompt: boolean
  mask: 'required' | 'optional' | 'none'
  prompt: 'required' | 'optional' | 'none'
  minPromptLength: number | null
  maxPromptLength: number | null
  minReferenceImages: number
  maxReferenceImages: number
  /** of each; null: not documented */
  maxReferenceSizeBytes: number | null
  /** of each; null: not documented */
  referencePixels: PixelLimits | null
  /** the mask must be as wide and as high as the picture that it is laid on, which is the first reference image */
  maskHasSizeOfPicture: boolean
  /** pictures of one task */
  maxCount: number
  /** what counts for each parameter that a request leaves out, as far as the provider takes the parameter */
  leftOut: LeftOut
  /** native fields, for `providerOptions`: those that no parameter of ours sets, and that a caller may set */
  nativeFields: ({ name: string } & NativeField)[]
  price: Price | null
  typicalDurationMs: number | null
  evidence: { interface: Evidence; price: Evidence; duration: Evidence | null; seenWorking: Evidence | null }
}

export interface ProviderSummary {
  natives: NativeSummary[]
}

export interface ModelSummary {
  name: string
  aliases: string[]
  title: string
  /** what it is first of all for */
  kind: TaskKind
  kinds: TaskKind[]
  providers: Partial<Record<ProviderName, ProviderSummary>>
  /** why a provider is missing in `providers` */
  absent: Partial<Record<ProviderName, string>>
  /** providers that had it once, and since when it is known to be gone */
  retired: Partial<Record<ProviderName, string>>
}

function presenceOf(native: NativeModel, name: 'prompt' | 'mask'): 'required' | 'optional' | 'none' {
  const [carrier] = carriersOf(native, name)
  if (carrier === undefined) return 'none'
  return native.fields[carrier]?.required === true ? 'required' : 'optional'
}

function pictureFields(native: NativeModel, names: readonly string[]): Extract<NativeField, { type: 'url' | 'urls' }>[] {
  return names.flatMap((name) => {
    const field = native.fields[name]
    return field?.type === 'url' || field?.type === 'urls' ? [field] : []
  })
}

/** What every field for reference images takes. */
function limitsOfReferences(native: NativeModel): Pick<NativeSummary, 'maxReferenceSizeBytes' | 'referencePixels'> {
  const fields = pictureFields(native, carriersOf(native, 'referenceImages'))
  const sizes = fields.flatMap(({ maxSizeBytes }) => maxSizeBytes ?? [])
  // Where there are several fields none of them has limits of its own: a test looks after that.
  const pixels = fields.find((field) => field.pixels !== undefined)?.pixels
  return { maxReferenceSizeBytes: sizes.length === 0 ? null : Math.min(...sizes), referencePixels: pixels ?? null }
}

function promptLimits(native: NativeModel): { min: number | null; max: number | null } {
  const [carrier] = carriersOf(native, 'prompt')
  const field = carrier === undefined ? undefined : native.fields[carrier]
  return field?.type === 'string' ? { min: field.minLength ?? null, max: field.maxLength ?? null } : { min: null, max: null }
}

function summarise(native: NativeModel): NativeSummary {
  const takes = (name: Parameters<typeof carriersOf>[1]): boolean => carriersOf(native, name).length > 0
  const limits = referenceLimits(native)
  const prompt = promptLimits(native)
  const ours = new Set(parameterNames.flatMap((name) => carriersOf(native, name)))
  const isOurs = (name: string): boolean => ours.has(name) || reservedFieldProblem(name) !== null
  return {
    api: native.api,
    model: native.model,
    kinds: native.kinds,
    standing: native.evidence.seenWorking === null ? 'documented' : 'seen',
    withheld: native.withheld ?? null,
    aspectRatios: [...choicesOf(native, 'aspectRatio').keys()],
    resolutions: [...choicesOf(native, 'resolution').keys()],
    outputFormats: [...choicesOf(native, 'outputFormat').keys()],
    qualities: [...choicesOf(native, 'quality').keys()],
    backgrounds: [...choicesOf(native, 'background').keys()],
    takesSize: takes('size'),
    takesSeed: takes('seed'),
    takesStrength: takes('strength'),
    takesNegativePrompt: takes('negativePrompt'),
    mask: presenceOf(native, 'mask'),
    prompt: presenceOf(native, 'prompt'),
    minPromptLength: prompt.min,
    maxPromptLength: prompt.max,
    minReferenceImages: limits.min,
    maxReferenceImages: limits.max,
    ...limitsOfReferences(native),
    maskHasSizeOfPicture: pictureFields(native, carriersOf(native, 'mask')).some(
      ({ pixels }) => pixels?.sameSizeAs !== undefined,
    ),
    maxCount: maxCountOf(native),
    leftOut: leftOutOf(native),
    nativeFields: Object.entries(native.fields).flatMap(([name, field]) => (isOurs(name) ? [] : [{ name, ...field }])),
    price: native.price,
    typicalDurationMs: native.typicalDurationMs,
    evidence: native.evidence,
  }
}

/** Only models that can do this somewhere, that this provider can be asked for, that have a published price up to this. */
export interface ModelFilter {
  kind?: TaskKind
  provider?: ProviderName
  maxPriceUsd?: number
}

/** In the order of the catalogue. */
export function listModels(filter: ModelFilter = {}): ModelSummary[] {
  return models.map(summariseModel).filter((model) => fits(model, filter))
}

function fits(model: ModelSummary, { kind, provider, maxPriceUsd }: ModelFilter): boolean {
  const natives = providerNames
    .filter((name) => provider === undefined || name === provider)
    .flatMap((name) => model.providers[name]?.natives ?? [])
    .filter((native) => native.withheld === null)
  if (kind !== undefined && !model.kinds.includes(kind)) return false
  if (provider !== undefined && natives.length === 0) return false
  return maxPriceUsd === undefined || natives.some(({ price }) => leastPerPictureUsd(price) <= maxPriceUsd)
}

/** Infinity where none is known. */
function leastPerPictureUsd(price: Price | null): number {
  return price === null || isMetered(price) ? Infinity : (priceRangeUsd(price)?.from ?? Infinity)
}

function summariseModel(model: Model): ModelSummary {
  const summary: ModelSummary = {
    name: model.name,
    aliases: model.aliases,
    title: model.title,
    kind: model.kind,
    kinds: kindsOf(model),
    providers: {},
    absent: {},
    retired: {},
  }
  for (const provider of providerNames) {
    const offer = model.providers[provider]
    if ('natives' in offer) summary.providers[provider] = { natives: documentedNativesOf(model, provider).map(summarise) }
    else {
      summary.absent[provider] = offer.absent
      if (offer.retired !== undefined) summary.retired[provider] = offer.retired.noticed
    }
  }
  return summary
}
