import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GenerationRequest, ProviderName } from '../../../src/contract/index.ts'
import { listModels } from '../../../src/catalog/list-models.ts'
import { planRoute } from '../../../src/catalog/plan-route.ts'
import type { PlannedRoute } from '../../../src/catalog/plan-route.ts'

const image = 'https://pictures.example/fox.png'

function plan(
  request: Partial<GenerationRequest>,
  setting: { preferred?: ProviderName; keys?: ProviderName[] } = {},
): PlannedRoute {
  return planRoute(
    { model: 'nano-banana', prompt: 'a fox', ...request },
    { preferred: setting.preferred ?? 'kie', available: new Set(setting.keys ?? ['kie', 'defapi']) },
  )
}

function routeOf(...input: Parameters<typeof plan>): Extract<PlannedRoute, { ok: true }> {
  const route = plan(...input)
  assert.ok(route.ok, JSON.stringify(route))
  return route
}

const providersOf = (route: Extract<PlannedRoute, { ok: true }>): ProviderName[] =>
  route.candidates.map((candidate) => candidate.provider)

/** What is sent, in order of the route. */
const sent = (request: Partial<GenerationRequest>): unknown[] =>
  routeOf(request).candidates.map(({ api, model, input }) => ({ api, model, input }))

test('text to image at both providers', () => {
  assert.deepEqual(sent({ aspectRatio: '16:9' }), [
    { api: 'market', model: 'google/nano-banana', input: { prompt: 'a fox', aspect_ratio: '16:9' } },
    { api: 'image', model: 'google/nano-banana', input: { prompt: 'a fox', aspect_ratio: '16:9' } },
  ])
})

test('reference images change the model at Kie, under the name of its own field', () => {
  assert.deepEqual(sent({ referenceImages: [image] }), [
    { api: 'market', model: 'google/nano-banana-edit', input: { prompt: 'a fox', image_urls: [image] } },
    { api: 'image', model: 'google/nano-banana', input: { prompt: 'a fox', images: [image] } },
  ])
  assert.deepEqual(sent({ model: 'nano-banana-pro', referenceImages: [image], resolution: '2K', outputFormat: 'jpeg' }), [
    {
      api: 'market',
      model: 'nano-banana-pro',
      input: { prompt: 'a fox', image_input: [image], resolution: '2K', output_format: 'jpg' },
    },
    { api: 'image', model: 'google/nano-banana-pro', input: { prompt: 'a fox', images: [image], image_size: '2k' } },
  ])
})

test('each endpoint of Kie gets its own field names', () => {
  assert.deepEqual(sent({ model: 'gpt-image-1', referenceImages: [image], aspectRatio: '3:2' }), [
    { api: 'gpt4o', model: null, input: { prompt: 'a fox', size: '3:2', filesUrl: [image] } },
  ])
  assert.deepEqual(sent({ model: 'flux-kontext-max', referenceImages: [image], aspectRatio: '4:3', outputFormat: 'png' }), [
    {
      api: 'kontext',
      model: 'flux-kontext-max',
      input: { prompt: 'a fox', inputImage: image, aspectRatio: '4:3', outputFormat: 'png' },
    },
  ])
})

test('fields that a provider requires are sent when nothing is asked, and that is exact', () => {
  const [first] = routeOf({ model: 'gpt-image-1.5' }).candidates
  assert.deepEqual(first?.input, { prompt: 'a fox', aspect_ratio: '1:1', quality: 'medium' })
  assert.deepEqual(first?.fidelity, { level: 'exact', changes: [] })
  assert.deepEqual(sent({ model: 'gpt-image-1' }), [{ api: 'gpt4o', model: null, input: { prompt: 'a fox', size: '1:1' } }])
})

test('Midjourney is routed to DefAPI with its ratio behind the prompt, and the route says why not Kie', () => {
  const route = routeOf({ model: 'midjourney', aspectRatio: '16:9' })
  assert.deepEqual(route.candidates[0]?.input, { prompt: 'a fox --ar 16:9', bot_type: 'MID_JOURNEY', speed: 'fast' })
  assert.equal(route.candidates[0]?.model, null)
  assert.deepEqual(route.left, [{ provider: 'kie', because: 'does not offer midjourney: Kie has retired Midjourney' }])
})

test('aspect ratio and resolution become one size where the provider has one field for both', () => {
  const at = (request: Partial<GenerationRequest>): unknown =>
    routeOf({ model: 'gpt-image-2', ...request }).candidates.find(({ provider }) => provider === 'defapi')?.input['size']
  assert.equal(at({ aspectRatio: '16:9' }), '16:9')
  assert.equal(at({ aspectRatio: '16:9', resolution: '4K' }), '3840x2160')
  assert.equal(at({ aspectRatio: '1:1', resolution: '2K' }), '2048x2048')
  assert.equal(at({}), undefined)
})

test('an aspect ratio that a provider lacks becomes the nearest, and a far one counts as degraded', () => {
  const fidelityAtDefapi = (aspectRatio: string): unknown =>
    routeOf({ model: 'gpt-image-2', aspectRatio }).candidates.find(({ provider }) => provider === 'defapi')?.fidelity
  assert.deepEqual(fidelityAtDefapi('4:3'), {
    level: 'adapted',
    changes: [{ field: 'aspectRatio', asked: '4:3', sent: '3:2', why: 'DefAPI has no 4:3 for this model' }],
  })
  assert.deepEqual(fidelityAtDefapi('3:1'), {
    level: 'degraded',
    changes: [{ field: 'aspectRatio', asked: '3:1', sent: '16:9', why: 'DefAPI has no 3:1 for this model' }],
  })
})

test('a seed that is not taken is recorded as dropped, seed 0 too', () => {
  const [first] = routeOf({ model: 'grok-imagine', seed: 0 }).candidates
  assert.deepEqual(first?.fidelity, {
    level: 'degraded',
    changes: [{ field: 'seed', asked: '0', sent: null, why: 'Kie takes no seed for this model' }],
  })
})

test('an output format that only the first provider has is recorded as dropped at the second', () => {
  const [first, second] = routeOf({ outputFormat: 'png' }).candidates
  assert.equal(first?.input['output_format'], 'png')
  assert.equal(first?.fidelity.level, 'exact')
  assert.deepEqual(second?.fidelity.changes, [
    { field: 'outputFormat', asked: 'png', sent: null, why: 'DefAPI has no png output for this model' },
  ])
})

test('a resolution gives way to the aspect ratio where the two do not go together, and never upwards', () => {
  const [first] = routeOf({ model: 'gpt-image-2', aspectRatio: '5:4', resolution: '4K' }).candidates
  assert.equal(first?.input['aspect_ratio'], '5:4')
  assert.equal(first?.input['resolution'], '1K')
  assert.deepEqual(
    first?.fidelity.changes.map(({ field, asked, sent: value }) => [field, asked, value]),
    [['resolution', '4K', '1K']],
  )
  assert.equal(first?.price.credits, 6)
})

test('the price follows what is really sent: resolution, quality, and credits at half a cent', () => {
  const priceOf = (request: Partial<GenerationRequest>): unknown => routeOf(request).candidates[0]?.price
  assert.deepEqual(priceOf({}), { usd: 0.02, credits: 4 })
  assert.deepEqual(priceOf({ referenceImages: [image] }), { usd: 0.02, credits: 4 })
  assert.deepEqual(priceOf({ model: 'nano-banana-pro' }), { usd: 0.09, credits: 18 })
  assert.deepEqual(priceOf({ model: 'nano-banana-pro', resolution: '4K' }), { usd: 0.12, credits: 24 })
  assert.deepEqual(priceOf({ model: 'gpt-image-1' }), { usd: 0.03, credits: 6 })
  assert.deepEqual(priceOf({ model: 'gpt-image-1.5' }), { usd: 0.02, credits: 4 })
  assert.deepEqual(priceOf({ model: 'gpt-image-1.5', providerOptions: { kie: { quality: 'high' } } }), { usd: 0.11, credits: 22 })
  assert.deepEqual(priceOf({ model: 'gpt-image-2', resolution: '2K', aspectRatio: '16:9' }), { usd: 0.05, credits: 10 })
  assert.deepEqual(priceOf({ model: 'grok-imagine' }), { usd: 0.02, credits: 4 })
  assert.deepEqual(priceOf({ model: 'grok-imagine', providerOptions: { kie: { enable_pro: true } } }), { usd: 0.025, credits: 5 })
  assert.deepEqual(priceOf({ model: 'flux-kontext-pro' }), { usd: 0.025, credits: 5 })
  assert.deepEqual(priceOf({ model: 'flux-kontext-max' }), { usd: 0.05, credits: 10 })
  assert.deepEqual(priceOf({ model: 'midjourney' }), { usd: null, credits: null })
  assert.deepEqual(routeOf({}).candidates[1]?.price, { usd: null, credits: null })
})

test('measured durations are given, others are not guessed', () => {
  const durationOf = (request: Partial<GenerationRequest>): unknown => routeOf(request).candidates[0]?.typicalDurationMs
  assert.equal(durationOf({ model: 'grok-imagine' }), 13_000)
  assert.equal(durationOf({ model: 'gpt-image-2' }), 55_000)
  assert.equal(durationOf({ model: 'gpt-image-2', referenceImages: [image] }), 48_000)
  assert.equal(durationOf({ model: 'nano-banana' }), null)
})

test('the preferred provider comes first, unless the request names an order', () => {
  assert.deepEqual(providersOf(routeOf({})), ['kie', 'defapi'])
  assert.deepEqual(providersOf(routeOf({}, { preferred: 'defapi' })), ['defapi', 'kie'])
  assert.deepEqual(providersOf(routeOf({ route: { providers: ['defapi', 'kie'] } })), ['defapi', 'kie'])
})

test('a provider that the request does not name is left, and said so', () => {
  const route = routeOf({ route: { providers: ['defapi'] } })
  assert.deepEqual(providersOf(route), ['defapi'])
  assert.deepEqual(route.left, [{ provider: 'kie', because: 'is not in `route.providers`' }])
})

test('without fallback only the first provider that can take the request stays', () => {
  const route = routeOf({ route: { fallback: false } })
  assert.deepEqual(providersOf(route), ['kie'])
  assert.deepEqual(route.left, [{ provider: 'defapi', because: 'would be a fallback, and `route.fallback` is false' }])
  assert.deepEqual(providersOf(routeOf({ model: 'midjourney', route: { fallback: false } })), ['defapi'])
})

test('a provider without key is left, with the name of the variable', () => {
  const route = routeOf({}, { keys: ['defapi'] })
  assert.deepEqual(providersOf(route), ['defapi'])
  assert.deepEqual(route.left, [{ provider: 'kie', because: 'has no key: KIE_API_KEY is not set' }])
})

test('with no key at all there is no route, and both variables are named', () => {
  assert.deepEqual(plan({}, { keys: [] }), {
    ok: false,
    reason: 'no_provider',
    left: [
      { provider: 'kie', because: 'has no key: KIE_API_KEY is not set' },
      { provider: 'defapi', because: 'has no key: DEFAPI_KEY is not set' },
    ],
    errors: [
      {
        field: 'model',
        message:
          'no provider can make this nano-banana picture: Kie has no key: KIE_API_KEY is not set; DefAPI has no key: DEFAPI_KEY is not set',
      },
    ],
  })
})

test('a model whose only provider is not in the request has no route, and says which field', () => {
  const route = plan({ model: 'midjourney', route: { providers: ['kie'] } })
  assert.ok(!route.ok && route.reason === 'no_provider')
  assert.equal(route.errors[0]?.field, 'route.providers')
  assert.match(route.errors[0]?.message ?? '', /Kie has retired Midjourney/)
})

test('a provider that cannot take the reference images is left out, never sent a request without them', () => {
  const images = Array.from({ length: 5 }, (_, index) => `https://pictures.example/${index}.png`)
  const route = routeOf({ referenceImages: images })
  assert.deepEqual(providersOf(route), ['kie'])
  assert.deepEqual(route.candidates[0]?.input['image_urls'], images)
  assert.deepEqual(route.left, [{ provider: 'defapi', because: 'takes at most 4 reference images for this model, 5 were given' }])
  const other = routeOf({ model: 'gpt-image-1.5', referenceImages: [image] })
  assert.deepEqual(providersOf(other), ['kie'])
  assert.deepEqual(other.left, [{ provider: 'defapi', because: 'takes no reference images for this model' }])
})

test('a provider whose limit the prompt exceeds is left out, the prompt is never cut', () => {
  const route = routeOf({ prompt: 'x'.repeat(5001) })
  assert.deepEqual(providersOf(route), ['defapi'])
  assert.deepEqual(route.left, [
    { provider: 'kie', because: 'takes prompts of at most 5,000 characters for this model, this one has 5,001' },
  ])
})

test('provider options are merged last, and what they overrule is said', () => {
  const route = routeOf({
    aspectRatio: '16:9',
    providerOptions: { kie: { aspect_ratio: '1:1', nsfw_checker: true, some_new_field: [1] }, defapi: {} },
  })
  assert.deepEqual(route.candidates[0]?.input, { prompt: 'a fox', aspect_ratio: '1:1', nsfw_checker: true, some_new_field: [1] })
  assert.deepEqual(route.candidates[0]?.fidelity, {
    level: 'degraded',
    changes: [
      { field: 'aspectRatio', asked: '16:9', sent: '1:1', why: 'Kie is sent providerOptions.kie.aspect_ratio instead' },
      {
        field: 'providerOptions.kie.some_new_field',
        asked: '[1]',
        sent: '[1]',
        why: 'Kie documents no such field for google/nano-banana: it is sent unchecked, and may be ignored',
      },
    ],
  })
  assert.deepEqual(route.candidates[1]?.fidelity, { level: 'exact', changes: [] })
})

test('a size given through provider options overrules ratio and resolution alike', () => {
  const route = routeOf({
    model: 'gpt-image-2',
    aspectRatio: '16:9',
    resolution: '4K',
    providerOptions: { defapi: { size: '1024x1024' } },
  })
  const changes = route.candidates.find(({ provider }) => provider === 'defapi')?.fidelity.changes
  assert.deepEqual(
    changes?.map(({ field }) => field),
    ['aspectRatio', 'resolution'],
  )
})

test('control fields in provider options make the request invalid, whoever called', () => {
  for (const name of ['model', 'callBackUrl', 'callback_url', 'prompt']) {
    const route = plan({ providerOptions: { kie: { [name]: 'x' } } })
    assert.ok(!route.ok && route.reason === 'invalid', name)
    assert.equal(route.errors[0]?.field, `providerOptions.kie.${name}`)
  }
})

test('an unknown model has no route, with the nearest name', () => {
  const route = plan({ model: 'mid-journey' })
  assert.ok(!route.ok && route.reason === 'invalid')
  assert.match(route.errors[0]?.message ?? '', /did you mean midjourney/)
})

test('the same request and setting give the same route', () => {
  assert.deepEqual(
    plan({ model: 'gpt-image-2', aspectRatio: '4:3', seed: 3 }),
    plan({ model: 'gpt-image-2', aspectRatio: '4:3', seed: 3 }),
  )
})

test('the list of models has both providers side by side and says why one is absent', () => {
  const list = listModels()
  assert.deepEqual(JSON.parse(JSON.stringify(list)), list)
  const pro = list.find(({ name }) => name === 'nano-banana-pro')
  assert.deepEqual(pro?.providers.kie?.natives[0]?.resolutions, ['1K', '2K', '4K'])
  assert.deepEqual(pro?.providers.defapi?.natives[0]?.resolutions, ['1K', '2K', '4K'])
  assert.equal(pro?.providers.kie?.natives[0]?.maxReferenceImages, 8)
  const midjourney = list.find(({ name }) => name === 'midjourney')
  assert.deepEqual(Object.keys(midjourney?.providers ?? {}), ['defapi'])
  assert.deepEqual(midjourney?.absent, { kie: 'Kie has retired Midjourney' })
})
