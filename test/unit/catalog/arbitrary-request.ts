// Random requests: shaped like ours, mostly with values that the model knows, sometimes with those of other models, so that many need
// adapting or refusing.
import * as fc from 'fast-check'
import type { Model } from '../../../src/catalog/model-schema.ts'
import { models, nativesOf, providerNames } from '../../../src/catalog/models.ts'
import { choicesOf } from '../../../src/catalog/native-input.ts'

function valuesOf(name: 'aspectRatio' | 'resolution' | 'outputFormat', some: readonly Model[]): string[] {
  const natives = some.flatMap((model) => providerNames.flatMap((provider) => nativesOf(model, provider)))
  return [...new Set(natives.flatMap((native) => [...choicesOf(native, name).keys()]))]
}

/** Nothing half of the time, else mostly a value of the model itself. */
function choiceArbitrary(name: 'aspectRatio' | 'resolution' | 'outputFormat', model: Model): fc.Arbitrary<string | undefined> {
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
  { weight: 1, arbitrary: fc.integer({ min: 4990, max: 20_001 }).map((length) => 'x'.repeat(length)) },
)
const referenceArbitrary = fc.integer({ min: 0, max: 9999 }).map((number) => `https://pictures.example/${number}.png`)
const referencesArbitrary = fc.oneof(
  { weight: 5, arbitrary: fc.constant(undefined) },
  { weight: 4, arbitrary: fc.array(referenceArbitrary, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.array(referenceArbitrary, { maxLength: 16 }) },
)
const optionally = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })

/** Bodies as a caller in JavaScript may build them: with `undefined` members, which mean nothing. */
export const bodyArbitrary = fc.constantFrom(...models).chain((model) =>
  fc.record({
    model: fc.constantFrom(model.name, ...model.aliases),
    prompt: promptArbitrary,
    referenceImages: referencesArbitrary,
    aspectRatio: choiceArbitrary('aspectRatio', model),
    resolution: choiceArbitrary('resolution', model),
    outputFormat: choiceArbitrary('outputFormat', model),
    count: optionally(fc.constant(1)),
    seed: optionally(fc.integer({ min: 0, max: 2_147_483_647 })),
    route: optionally(
      fc.record({
        providers: optionally(fc.shuffledSubarray(['kie', 'defapi'], { minLength: 1 })),
        fallback: optionally(fc.boolean()),
        onUnknown: optionally(fc.constantFrom('fallback', 'resubmit', 'fail')),
        maxPaidAttempts: optionally(fc.integer({ min: 1, max: 5 })),
        maxCostUsd: optionally(fc.double({ min: 0.001, max: 1000, noNaN: true })),
        maxQueueMs: optionally(fc.integer({ min: 0, max: 86_400_000 })),
        priority: optionally(fc.integer({ min: 1, max: 5 })),
        keepSpares: optionally(fc.boolean()),
      }),
    ),
    tenant: optionally(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)),
    metadata: optionally(fc.dictionary(fc.string({ minLength: 1, maxLength: 10 }), fc.string({ maxLength: 10 }), { maxKeys: 3 })),
  }),
)
