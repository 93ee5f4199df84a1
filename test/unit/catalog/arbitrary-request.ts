// Random requests: shaped like ours, mostly with values that the model knows, sometimes with those of other models, so that many need
// adapting or refusing.
import * as fc from 'fast-check'
import type { Model, NativeModel } from '../../../src/catalog/model-schema.ts'
import { models, nativesOf, providerNames, referenceLimits } from '../../../src/catalog/models.ts'
import { carriersOf, type Choice, choicesOf } from '../../../src/catalog/native-draft.ts'

function valuesOf(name: Choice, some: readonly Model[]): string[] {
  const natives = some.flatMap((model) => providerNames.flatMap((provider) => nativesOf(model, provider)))
  return [...new Set(natives.flatMap((native) => [...choicesOf(native, name).keys()]))]
}

/** Nothing half of the time, else mostly a value of the model itself. */
function choiceArbitrary(name: Choice, model: Model): fc.Arbitrary<string | undefined> {
  const ofOwn = valuesOf(name, [model])
  const own = ofOwn.length === 0 ? [undefined] : ofOwn
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 4, arbitrary: fc.constantFrom(...own) },
    { weight: 1, arbitrary: fc.constantFrom(...valuesOf(name, models)) },
  )
}

const promptArbitrary = fc.oneof(
  { weight: 9, arbitrary: fc.string({ minLength: 1, maxLength: 60 }).map((text) => `fox ${text}`) },
  { weight: 1, arbitrary: fc.integer({ min: 790, max: 20_001 }).map((length) => 'x'.repeat(length)) },
)
const referenceArbitrary = fc.integer({ min: 0, max: 9999 }).map((number) => `https://pictures.example/${number}.png`)

/** Mostly as many as a native model of it takes, at least or at most. */
function referencesArbitrary(model: Model): fc.Arbitrary<string[] | undefined> {
  const counts = nativesOfModel(model)
    .map(referenceLimits)
    .flatMap(({ min, max }) => [min, max])
  const pictures = (count: number): fc.Arbitrary<string[]> =>
    fc.array(referenceArbitrary, { minLength: count, maxLength: count, size: 'max' })
  return fc.oneof(
    {
      weight: 7,
      arbitrary: fc.constantFrom(0, ...counts).chain((count) => (count === 0 ? fc.constant(undefined) : pictures(count))),
    },
    { weight: 2, arbitrary: fc.array(referenceArbitrary, { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(referenceArbitrary, { maxLength: 16 }) },
  )
}
const sideArbitrary = fc.oneof(fc.constantFrom(512, 1024, 1536, 2048, 3840), fc.integer({ min: 64, max: 8192 }))

/** Absent so many times for each time that it is there. */
const rarely = <T>(absent: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: absent, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })

const nativesOfModel = (model: Model): NativeModel[] => providerNames.flatMap((provider) => nativesOf(model, provider))
const takesPrompt = (model: Model): boolean => nativesOfModel(model).some((native) => carriersOf(native, 'prompt').length > 0)

/** A mask nearly only where there is one to be had. */
function maskArbitrary(model: Model): fc.Arbitrary<string | undefined> {
  const takes = nativesOfModel(model).some((native) => carriersOf(native, 'mask').length > 0)
  return takes
    ? fc.constant('https://masks.example/mask.png')
    : rarely<string | undefined>(9, fc.constant('https://masks.example/mask.png'))
}

/** What only the caller can know, where a model needs it. */
function constantOptions(model: Model): fc.Arbitrary<{ kie: Record<string, string> } | undefined> {
  const needed = nativesOf(model, 'kie').flatMap(({ fields }) =>
    Object.entries(fields).flatMap(([name, field]) => (field.callerGives === true ? [name] : [])),
  )
  return fc.constant(needed.length === 0 ? undefined : { kie: Object.fromEntries(needed.map((name) => [name, 'given'])) })
}

const optionally = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })

/** Bodies as a caller in JavaScript may build them: with `undefined` members, which mean nothing. */
export const bodyArbitrary = fc.constantFrom(...models).chain((model) =>
  fc.record({
    model: fc.constantFrom(model.name, ...model.aliases),
    prompt: takesPrompt(model) ? promptArbitrary : fc.oneof(fc.constant(undefined), promptArbitrary),
    referenceImages: referencesArbitrary(model),
    mask: rarely(1, maskArbitrary(model)),
    // Mostly not together with the two that it stands for, which is refused.
    size: rarely(
      8,
      fc.tuple(sideArbitrary, sideArbitrary).map(([width, height]) => `${width}x${height}`),
    ),
    aspectRatio: choiceArbitrary('aspectRatio', model),
    resolution: choiceArbitrary('resolution', model),
    outputFormat: choiceArbitrary('outputFormat', model),
    quality: choiceArbitrary('quality', model),
    background: choiceArbitrary('background', model),
    strength: rarely(4, fc.double({ min: 0, max: 1, noNaN: true })),
    negativePrompt: rarely(
      4,
      fc.integer({ min: 1, max: 600 }).map((length) => 'n'.repeat(length)),
    ),
    providerOptions: constantOptions(model),
    count: rarely(1, fc.integer({ min: 1, max: 16 })),
    seed: optionally(fc.integer({ min: 0, max: 2_147_483_647 })),
    route: optionally(
      fc.record({
        providers: optionally(fc.shuffledSubarray(['kie', 'defapi'], { minLength: 1 })),
        prefer: optionally(fc.constantFrom('order', 'cheapest', 'fastest', 'steadiest')),
        fallback: optionally(fc.boolean()),
        onUnknown: optionally(fc.constantFrom('fallback', 'resubmit', 'fail')),
        maxPaidAttempts: optionally(fc.integer({ min: 1, max: 5 })),
        maxCostUsd: rarely(4, fc.double({ min: 0.001, max: 1000, noNaN: true })),
        maxQueueMs: optionally(fc.integer({ min: 0, max: 86_400_000 })),
        priority: optionally(fc.integer({ min: 1, max: 5 })),
        keepSpares: optionally(fc.boolean()),
        minimumFidelity: rarely(4, fc.constantFrom('exact', 'adapted', 'degraded')),
        models: rarely(4, fc.uniqueArray(fc.constantFrom(...models.map(({ name }) => name)), { minLength: 1, maxLength: 2 })),
      }),
    ),
    tenant: optionally(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)),
    metadata: optionally(fc.dictionary(fc.string({ minLength: 1, maxLength: 10 }), fc.string({ maxLength: 10 }), { maxKeys: 3 })),
  }),
)
