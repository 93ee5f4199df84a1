// `count` above 1: one task where the model takes the number, else one for each picture.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GenerationRequest } from '../../../src/contract/index.ts'
import { parseGenerationRequest } from '../../../src/catalog/parse-request.ts'
import { planRoute } from '../../../src/catalog/plan-route.ts'
import type { Candidate } from '../../../src/catalog/plan-route.ts'
import { inputOfItem, pricesOfAll } from '../../../src/catalog/several-pictures.ts'

function candidatesOf(request: GenerationRequest): Candidate[] {
  const parsed = parseGenerationRequest(request)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  const route = planRoute(parsed.request, { preferred: 'kie', available: new Set(['kie', 'defapi']) })
  assert.ok(route.ok, JSON.stringify(route))
  return route.candidates
}

function atKie(request: GenerationRequest): Candidate {
  const candidate = candidatesOf(request).find(({ provider }) => provider === 'kie')
  assert.ok(candidate !== undefined)
  return candidate
}

const image = 'https://pictures.example/fox.png'

test('a model that takes the number is asked for all in one task, at the price of each', () => {
  const { input, whole, price } = atKie({ model: 'wan-2.7', prompt: 'a fox', count: 4 })
  assert.deepEqual([input['n'], whole?.input['n']], [1, 4])
  assert.deepEqual([price.usd, whole?.price.usd], [0.024, 0.096])
  const text = atKie({ model: 'ideogram-character', prompt: 'a fox', referenceImages: [image], count: 3 })
  assert.deepEqual([text.input['num_images'], text.whole?.input['num_images']], ['1', '3'], 'a number that goes as text')
  assert.deepEqual(text.whole?.price.usd, (text.price.usd ?? 0) * 3)
})

test('more than it takes, and models that take no number: one task for each picture', () => {
  assert.equal(atKie({ model: 'wan-2.7', prompt: 'a fox', count: 5 }).whole, null)
  assert.equal(atKie({ model: 'wan-2.7', prompt: 'a fox', count: 5 }).input['n'], 1)
  for (const { whole, input } of candidatesOf({ model: 'nano-banana', prompt: 'a fox', count: 3 })) {
    assert.equal(whole, null)
    assert.deepEqual(input, { prompt: 'a fox' })
  }
})

test('whoever could not be asked for all within the limit is not first, and left out where nobody comes before it', () => {
  const request: GenerationRequest = { model: 'wan-2.7', prompt: 'a fox', route: { models: ['nano-banana'] } }
  const modelsOf = (more: Partial<GenerationRequest>, maxCostUsd: number): string[] =>
    candidatesOf({ ...request, ...more, route: { ...request.route, ...more.route, maxCostUsd } }).map(
      ({ canonicalModel }) => canonicalModel,
    )
  assert.deepEqual(modelsOf({ count: 4 }, 0.1), ['wan-2.7', 'nano-banana'])
  assert.deepEqual(modelsOf({ count: 4 }, 0.09), ['nano-banana'], 'four take 0.096 of the one and 0.08 of the other')
  // One of four at 0.024 may be what is lacking.
  const dearLast = { model: 'nano-banana', count: 4, route: { models: ['wan-2.7'] } }
  assert.deepEqual(modelsOf(dearLast, 0.09), ['nano-banana', 'wan-2.7'])
  assert.deepEqual(modelsOf({ ...dearLast, route: { ...dearLast.route, fallback: false } }, 0.09), ['nano-banana'])

  const refused = planRoute(
    { ...request, count: 4, route: { ...request.route, maxCostUsd: 0.07 } },
    { preferred: 'kie', available: new Set(['kie', 'defapi']) },
  )
  assert.ok(!refused.ok)
  assert.equal(refused.errors[0]?.field, 'route.maxCostUsd')
  assert.match(refused.errors[0]?.message ?? '', /Kie takes 0\.096 USD for 4 pictures, and route\.maxCostUsd is 0\.07/)
  assert.match(refused.errors[0]?.message ?? '', /with nano-banana in its place takes 0\.08 USD for 4 pictures/)
})

test('one picture is what it always was', () => {
  for (const count of [undefined, 1]) {
    const request = { model: 'nano-banana', prompt: 'a fox', ...(count === undefined ? {} : { count }) }
    for (const { whole, itemSeeds } of candidatesOf(request)) assert.deepEqual([whole, itemSeeds], [null, null])
  }
})

test('items differ in their seeds: as asked, or from the constant that the provider would take for all of them', () => {
  const asked = atKie({ model: 'seedream-4', prompt: 'a fox', seed: 7, count: 3 })
  assert.deepEqual(
    [0, 1, 2].map((item) => inputOfItem(asked.input, asked.itemSeeds, item)['seed']),
    [7, 8, 9],
  )
  const constant = atKie({ model: 'wan-2.7', prompt: 'a fox', count: 6 })
  assert.deepEqual(constant.itemSeeds, { field: 'seed', values: [0, 1, 2, 3, 4, 5] })
  assert.equal(atKie({ model: 'seedream-4', prompt: 'a fox', count: 3 }).itemSeeds, null, 'picked anew each time')
  const last = atKie({ model: 'wan-2.7', prompt: 'a fox', seed: 2_147_483_647, count: 16 })
  assert.deepEqual(last.itemSeeds?.values.slice(0, 3), [2_147_483_647, 0, 1], 'the last is followed by the first')
  const text = atKie({ model: 'imagen-4', prompt: 'a fox', seed: 7, count: 3 })
  assert.deepEqual(text.itemSeeds?.values, ['7', '8', '9'], 'a number that goes as text')
})

test('what all of them cost, entry by entry: after the first that takes one at a time, so do the others', () => {
  const price = (usd: number | null) => ({ usd, credits: null })
  const whole = { input: {}, price: price(0.1) }
  assert.deepEqual(pricesOfAll([{ price: price(0.03), whole }], 4), [0.1])
  const mixed = [
    { price: price(0.03), whole },
    { price: price(0.02), whole: null },
    { price: price(0.03), whole },
    { price: price(null), whole: null },
  ]
  assert.deepEqual(pricesOfAll(mixed, 4), [0.1, 0.08, 0.12, null])
})

test('several of the same would be paid where only the picture decides: refused with the reason', () => {
  const parsed = parseGenerationRequest({ model: 'recraft-crisp-upscale', referenceImages: [image], count: 2 })
  assert.ok(!parsed.ok)
  assert.deepEqual(parsed.errors, [
    { field: 'count', message: 'count must be 1 for recraft-crisp-upscale: 2 tasks would make the same of the same picture' },
  ])
})
