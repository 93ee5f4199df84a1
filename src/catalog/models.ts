// All models, and how a caller's spelling finds one.
import { distance } from 'fastest-levenshtein'
import type { ProviderName } from '../contract/index.ts'
import { fluxModels } from './data/flux.ts'
import { googleModels } from './data/google.ts'
import { grokModels } from './data/grok.ts'
import { midjourneyModels } from './data/midjourney.ts'
import { openaiModels } from './data/openai.ts'
import type { Model, NativeModel } from './model-schema.ts'

export const providerNames: readonly ProviderName[] = ['kie', 'defapi']

/** Every model, in the order in which they are listed. */
export const models: readonly Model[] = [...googleModels, ...grokModels, ...openaiModels, ...fluxModels, ...midjourneyModels]

const byName = new Map<string, Model>()
for (const model of models) {
  for (const name of [model.name, ...model.aliases]) byName.set(name, model)
}

/** The model that a name or alias means; capitals and surrounding blanks do not matter. */
export function findModel(nameOrAlias: string): Model | null {
  return byName.get(nameOrAlias.trim().toLowerCase()) ?? null
}

/** Up to three canonical names whose name or alias is spelled most like this one. */
export function nearestModelNames(unknownName: string): string[] {
  // A name is short: what is longer than any of ours cannot become more similar by its tail.
  const wanted = unknownName.trim().toLowerCase().slice(0, 64)
  const closestSpelling = (model: Model): number =>
    Math.min(...[model.name, ...model.aliases].map((name) => distance(wanted, name)))
  return (
    models
      .map((model) => ({ name: model.name, distance: closestSpelling(model) }))
      .toSorted((a, b) => a.distance - b.distance)
      // The first is always named; the others only where at least half of the letters agree.
      .filter((candidate, index) => index === 0 || candidate.distance <= wanted.length / 2)
      .slice(0, 3)
      .map((candidate) => candidate.name)
  )
}

/** How many reference images one native model takes: none, at least one, up to so many. */
export function referenceLimits(native: NativeModel): { min: number; max: number } {
  const parameter = native.parameters.referenceImages
  const field = parameter === undefined ? undefined : native.fields[parameter.field]
  if (field === undefined) return { min: 0, max: 0 }
  const max = field.type === 'urls' ? field.maxItems : 1
  return { min: field.required === true ? 1 : 0, max }
}

/** The native models of one provider; empty where it does not offer the model. */
export function nativesOf(model: Model, provider: ProviderName): NativeModel[] {
  const offer = model.providers[provider]
  return 'natives' in offer ? offer.natives : []
}

/** The native model for a request with or without reference images; null where the provider has none for that. */
export function chooseNative(model: Model, provider: ProviderName, referenceCount: number): NativeModel | null {
  const fits = nativesOf(model, provider).filter((native) => {
    const limits = referenceLimits(native)
    return referenceCount === 0 ? limits.min === 0 : limits.max > 0
  })
  return fits[0] ?? null
}
