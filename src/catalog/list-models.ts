// The catalogue as JSON for programs: `GET /v1/models`.
import type { ProviderName } from '../contract/index.ts'
import type { Evidence, NativeModel, Price, TaskKind } from './model-schema.ts'
import { models, nativesOf, providerNames, referenceLimits } from './models.ts'
import { choicesOf } from './native-input.ts'

/** What one provider has for a model. Lists are empty where there is no choice. */
export interface ProviderSummary {
  natives: {
    api: string
    model: string | null
    kinds: TaskKind[]
    aspectRatios: string[]
    resolutions: string[]
    outputFormats: string[]
    takesSeed: boolean
    maxReferenceImages: number
    maxPromptLength: number | null
    price: Price | null
    typicalDurationMs: number | null
    evidence: { interface: Evidence; price: Evidence; duration: Evidence | null; seenWorking: Evidence | null }
  }[]
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
}

function summarise(native: NativeModel): ProviderSummary['natives'][number] {
  const prompt = native.fields[native.parameters.prompt.field]
  return {
    api: native.api,
    model: native.model,
    kinds: native.kinds,
    aspectRatios: [...choicesOf(native, 'aspectRatio').keys()],
    resolutions: [...choicesOf(native, 'resolution').keys()],
    outputFormats: [...choicesOf(native, 'outputFormat').keys()],
    takesSeed: native.parameters.seed !== undefined,
    maxReferenceImages: referenceLimits(native).max,
    maxPromptLength: prompt?.type === 'string' ? (prompt.maxLength ?? null) : null,
    price: native.price,
    typicalDurationMs: native.typicalDurationMs,
    evidence: native.evidence,
  }
}

/** All models, in the order of the catalogue. */
export function listModels(): ModelSummary[] {
  return models.map((model) => {
    const natives = providerNames.flatMap((provider) => nativesOf(model, provider))
    const kinds = [...new Set(natives.flatMap((native) => native.kinds))]
    const summary: ModelSummary = {
      name: model.name,
      aliases: model.aliases,
      title: model.title,
      kind: kinds[0] ?? 'text-to-image',
      kinds,
      providers: {},
      absent: {},
    }
    for (const provider of providerNames) {
      const offer = model.providers[provider]
      if ('absent' in offer) summary.absent[provider] = offer.absent
      else summary.providers[provider] = { natives: offer.natives.map(summarise) }
    }
    return summary
  })
}
