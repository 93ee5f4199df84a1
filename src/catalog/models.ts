// All models, and how a caller's spelling finds one.
import { distance } from 'fastest-levenshtein'
import type { GenerationRequest, ProviderName } from '../contract/index.ts'
import { announcedModels } from './data/announced.ts'
import { fluxModels } from './data/flux.ts'
import { googleModels } from './data/google.ts'
import { grokModels } from './data/grok.ts'
import { ideogramModels } from './data/ideogram.ts'
import { imagenModels } from './data/imagen.ts'
import { midjourneyModels } from './data/midjourney.ts'
import { openaiModels } from './data/openai.ts'
import { qwenModels } from './data/qwen.ts'
import { seedreamModels } from './data/seedream.ts'
import { toolModels } from './data/tools.ts'
import { wanModels } from './data/wan.ts'
import type { Model, NativeModel, TaskKind } from './model-schema.ts'
import { carriersOf } from './native-draft.ts'

export const providerNames: readonly ProviderName[] = ['kie', 'defapi']

/** Every model, in the order in which they are listed. */
export const models: readonly Model[] = [
  ...googleModels,
  ...imagenModels,
  ...grokModels,
  ...openaiModels,
  ...fluxModels,
  ...seedreamModels,
  ...qwenModels,
  ...ideogramModels,
  ...wanModels,
  ...toolModels,
  ...midjourneyModels,
  ...announcedModels,
]

const byName = new Map<string, Model>()
for (const model of models) {
  for (const name of [model.name, ...model.aliases]) byName.set(name, model)
}

/** The model that a name or alias means; capitals and surrounding blanks do not matter. */
export function findModel(nameOrAlias: string): Model | null {
  return byName.get(nameOrAlias.trim().toLowerCase()) ?? null
}

/** The models that a request lists to stand in, in its order. */
export function standInsOf({ route }: GenerationRequest): Model[] {
  return (route?.models ?? []).flatMap((name) => findModel(name) ?? [])
}

/** Up to three canonical names whose name or alias is spelled most like this one; none where nothing is like it. */
export function nearestModelNames(unknownName: string): string[] {
  // A name is short: what is longer than any of ours cannot become more similar by its tail.
  const wanted = unknownName.trim().toLowerCase().slice(0, 64)
  // A beginning counts nearly as much as the whole: `imagen` is short for one of several.
  const closestSpelling = (model: Model): number =>
    Math.min(
      ...[model.name, ...model.aliases].flatMap((name) => [
        distance(wanted, name),
        distance(wanted, name.slice(0, wanted.length)) + 1,
      ]),
    )
  return (
    models
      .map((model) => ({ name: model.name, distance: closestSpelling(model) }))
      .toSorted((a, b) => a.distance - b.distance)
      // Only where at least half of the letters agree.
      .filter((candidate) => candidate.distance <= wanted.length / 2)
      .slice(0, 3)
      .map((candidate) => candidate.name)
  )
}

/** The fields that take reference images, in the order in which they are filled, with how many each takes. */
export function referenceFields(native: NativeModel): { field: string; min: number; max: number }[] {
  return carriersOf(native, 'referenceImages').map((name) => {
    const field = native.fields[name]
    const min = field?.required === true ? (field.type === 'urls' ? (field.minItems ?? 1) : 1) : 0
    // Where no limit is documented, one is what every provider takes.
    return { field: name, min, max: field?.type === 'urls' ? (field.maxItems ?? 1) : 1 }
  })
}

/** Which field takes which of the reference images, in their order. */
export function placeReferences<Image>(native: NativeModel, references: readonly Image[]): { field: string; images: Image[] }[] {
  const left = [...references]
  const fields = referenceFields(native)
  return fields.map(({ field, max }, at) => {
    // Later fields that must have a picture keep theirs.
    const spoken = fields.slice(at + 1).reduce((sum, later) => sum + later.min, 0)
    return { field, images: left.splice(0, Math.min(max, Math.max(0, left.length - spoken))) }
  })
}

/** How many reference images one native model takes: none, at least one, up to so many. */
export function referenceLimits(native: NativeModel): { min: number; max: number } {
  const fields = referenceFields(native)
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
  return { min: sum(fields.map(({ min }) => min)), max: sum(fields.map(({ max }) => max)) }
}

/** The native models of one provider that a request may be sent to; empty where it does not offer the model. */
export function nativesOf(model: Model, provider: ProviderName): NativeModel[] {
  return documentedNativesOf(model, provider).filter(({ withheld }) => withheld === undefined)
}

/** With those that are documented and never asked for. */
export function documentedNativesOf(model: Model, provider: ProviderName): NativeModel[] {
  const offer = model.providers[provider]
  return 'natives' in offer ? offer.natives : []
}

/** Everything that the model can do somewhere, what it is first of all for at the front. */
export function kindsOf(model: Model): TaskKind[] {
  const natives = providerNames.flatMap((provider) => nativesOf(model, provider))
  return [...new Set([model.kind, ...natives.flatMap(({ kinds }) => kinds)])]
}

/** What a request gives a model to look at. */
export interface Given {
  references: number
  mask: boolean
}

export const givenIn = ({ referenceImages, mask }: GenerationRequest): Given => ({
  references: referenceImages?.length ?? 0,
  mask: mask !== undefined,
})

/** The native models that take a mask where there is one, and need none where there is none. */
export function nativesForMask(model: Model, provider: ProviderName, { mask }: Given): NativeModel[] {
  return nativesOf(model, provider).filter((native) => {
    const [carrier] = carriersOf(native, 'mask')
    return mask ? carrier !== undefined : carrier === undefined || native.fields[carrier]?.required !== true
  })
}

/** The native model for what is given: the one whose limits it keeps, else one that takes such things at all; null: none does. */
export function chooseNative(model: Model, provider: ProviderName, given: Given): NativeModel | null {
  const { references } = given
  const able = nativesForMask(model, provider, given).map((native) => ({ native, ...referenceLimits(native) }))
  const fitting = able.find(({ min, max }) => references >= min && references <= max)
  const near = able.find(({ min, max }) => (references === 0 ? min === 0 : max > 0))
  return (fitting ?? near)?.native ?? null
}

/** Why `chooseNative` finds none, as the end of a sentence that begins with the provider. */
export function whyNoNative(model: Model, provider: ProviderName, given: Given): string {
  const [withheld] = documentedNativesOf(model, provider)
  if (nativesOf(model, provider).length === 0) return withheld?.withheld ?? 'does not offer this model'
  if (nativesForMask(model, provider, given).length === 0) {
    return given.mask ? 'takes no mask for this model' : 'needs a mask for this model'
  }
  return given.references === 0 ? 'needs a reference image for this model' : 'takes no reference images for this model'
}

/** Of any model of any provider. */
export const nativeFieldNames: readonly string[] = [
  ...new Set(
    models.flatMap((model) =>
      providerNames.flatMap((provider) => nativesOf(model, provider).flatMap(({ fields }) => Object.keys(fields))),
    ),
  ),
]
