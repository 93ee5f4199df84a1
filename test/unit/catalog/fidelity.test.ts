// What becomes of the parameters that only some models have, and which changes a request may forbid or allow.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GenerationRequest } from '../../../src/contract/index.ts'
import { listModels } from '../../../src/catalog/list-models.ts'
import { parseGenerationRequest } from '../../../src/catalog/parse-request.ts'
import { planRoute } from '../../../src/catalog/plan-route.ts'
import type { Candidate, PlannedRoute } from '../../../src/catalog/plan-route.ts'

const picture = (name: string): string => `https://pictures.example/${name}.png`
const both = new Set(['kie', 'defapi'] as const)

/** Through the door, as every request goes, and then on its way. */
function plan(body: Partial<GenerationRequest>, available: ReadonlySet<'kie' | 'defapi'> = both): PlannedRoute {
  const parsed = parseGenerationRequest(body)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return planRoute(parsed.request, { preferred: 'kie', available })
}

function routeOf(...input: Parameters<typeof plan>): Extract<PlannedRoute, { ok: true }> {
  const route = plan(...input)
  assert.ok(route.ok, JSON.stringify(route))
  return route
}

function first(body: Partial<GenerationRequest>): Candidate {
  const [candidate] = routeOf({ prompt: 'a fox', ...body }).candidates
  assert.ok(candidate !== undefined)
  return candidate
}

const at = (body: Partial<GenerationRequest>, provider: string): Candidate | undefined =>
  routeOf({ prompt: 'a fox', ...body }).candidates.find((candidate) => candidate.provider === provider)

function refusal(body: Partial<GenerationRequest>): string {
  const parsed = parseGenerationRequest({ prompt: 'a fox', ...body })
  assert.ok(!parsed.ok, 'the request was accepted')
  return parsed.errors.map(({ field, message }) => `${field}: ${message}`).join('\n')
}

test('models that work on a picture alone need no prompt, and take none', () => {
  for (const [model, field] of [
    ['recraft-crisp-upscale', 'image'],
    ['recraft-remove-background', 'image'],
    ['topaz-image-upscale', 'image_url'],
  ] as const) {
    const [candidate] = routeOf({ model, referenceImages: [picture('a')] }).candidates
    assert.equal(candidate?.input[field], picture('a'))
    assert.equal(candidate?.input['prompt'], undefined)
    assert.match(
      refusal({ model, referenceImages: [picture('a')] }),
      /takes no prompt, it works on the picture alone; leave it out/,
    )
    assert.match(refusal({ model }), /referenceImages: .* needs at least 1 reference image/)
  }
  assert.deepEqual(routeOf({ model: 'grok-imagine', referenceImages: [picture('a')] }).candidates[0]?.input, {
    image_urls: [picture('a')],
  })
  const missing = parseGenerationRequest({ model: 'nano-banana' })
  assert.deepEqual(missing, { ok: false, errors: [{ field: 'prompt', message: 'prompt is required for nano-banana' }] })
})

test('pictures and mask choose the model of Ideogram, and go where each belongs', () => {
  const [scene, hero, mask] = [picture('scene'), picture('hero'), picture('mask')]
  const sent = (body: Partial<GenerationRequest>): unknown => {
    const { model, input } = first(body)
    const { image_url, reference_image_urls, mask_url } = input
    return [model, image_url, reference_image_urls, mask_url]
  }
  assert.deepEqual(sent({ model: 'ideogram-v3' }), ['ideogram/v3-text-to-image', undefined, undefined, undefined])
  assert.deepEqual(sent({ model: 'ideogram-v3', referenceImages: [scene] }), ['ideogram/v3-remix', scene, undefined, undefined])
  assert.deepEqual(sent({ model: 'ideogram-v3', referenceImages: [scene], mask }), ['ideogram/v3-edit', scene, undefined, mask])
  const character = { model: 'ideogram-character' }
  assert.deepEqual(sent({ ...character, referenceImages: [hero] }), ['ideogram/character', undefined, [hero], undefined])
  assert.deepEqual(sent({ ...character, referenceImages: [scene, hero] }), ['ideogram/character-remix', scene, [hero], undefined])
  assert.deepEqual(sent({ ...character, referenceImages: [scene, hero], mask }), ['ideogram/character-edit', scene, [hero], mask])
  assert.match(refusal({ ...character, referenceImages: [scene], mask }), /needs at least 2 reference images with a mask/)
})

test('a mask is never dropped: who takes none is not asked, and where nobody does the request is refused', () => {
  const withMask = { referenceImages: [picture('a')], mask: picture('mask') }
  assert.equal(refusal({ model: 'nano-banana', ...withMask }), 'mask: nano-banana takes no mask at Kie and DefAPI')
  // 4o documented a mask once; a field that may be ignored is no place for one.
  assert.match(refusal({ model: 'gpt-image-1', ...withMask }), /mask: gpt-image-1 takes no mask/)
  assert.match(refusal({ model: 'ideogram-v3', mask: picture('mask') }), /mask needs the picture that it is laid on/)
  const unchecked = { model: 'nano-banana', prompt: 'a fox', ...withMask }
  const route = planRoute(unchecked, { preferred: 'kie', available: both })
  assert.ok(!route.ok && route.reason === 'no_provider')
  assert.match(route.errors[0]?.message ?? '', /Kie takes no mask for this model; DefAPI takes no mask for this model/)
})

test('a size in pixels is sent as it is where the provider takes it, rounded to what it takes, or as ratio and resolution', () => {
  const exact = at({ model: 'gpt-image-2', size: '1536x1024' }, 'defapi')
  assert.equal(exact?.input['size'], '1536x1024')
  assert.equal(exact?.fidelity.level, 'exact')
  const rounded = at({ model: 'gpt-image-2', size: '1000x1500' }, 'defapi')
  assert.equal(rounded?.input['size'], '1008x1504')
  assert.equal(rounded?.fidelity.level, 'adapted')
  const asRatio = at({ model: 'gpt-image-2', size: '1536x1024' }, 'kie')
  assert.deepEqual([asRatio?.input['aspect_ratio'], asRatio?.input['resolution']], ['3:2', '2K'])
  assert.deepEqual(asRatio?.fidelity, {
    level: 'adapted',
    changes: [{ field: 'size', asked: '1536x1024', sent: '3:2 at 2K', why: 'Kie takes no size in pixels for this model' }],
  })
  const giveWay = at({ model: 'gpt-image-2', size: '3000x3000' }, 'kie')
  assert.deepEqual([giveWay?.input['aspect_ratio'], giveWay?.input['resolution']], ['1:1', '2K'])
  assert.equal(giveWay?.fidelity.level, 'degraded')
  assert.equal(giveWay?.fidelity.changes.length, 1)
  assert.match(
    refusal({ model: 'gpt-image-2', size: '1024x1024', aspectRatio: '1:1' }),
    /size already says what aspectRatio says/,
  )
  assert.match(refusal({ model: 'gpt-image-2', size: '10x10' }), /size must have sides of 64 to 8192 pixels/)
  assert.match(refusal({ model: 'gpt-image-2', size: 'large' }), /size must be width and height in pixels, e\.g\. 1536x1024/)
})

test('quality goes into what each model calls it, and never silently to a dearer one', () => {
  assert.equal(first({ model: 'gpt-image-1.5', quality: 'high' }).input['quality'], 'high')
  assert.deepEqual(first({ model: 'gpt-image-1.5', quality: 'high' }).price.credits, 22)
  assert.equal(first({ model: 'ideogram-v3', quality: 'low' }).input['rendering_speed'], 'TURBO')
  assert.equal(first({ model: 'ideogram-v3', quality: 'low' }).price.credits, 3.5)
  const best = first({ model: 'grok-imagine', quality: 'high' })
  assert.deepEqual([best.input['enable_pro'], best.price.credits], [true, 5])
  const cheapest = at({ model: 'gpt-image-1.5', quality: 'low' }, 'kie')
  assert.equal(cheapest?.input['quality'], 'medium')
  assert.deepEqual(cheapest?.fidelity.changes[0]?.sent, 'medium')
  assert.match(
    refusal({ model: 'gpt-image-1.5', quality: 'low', route: { providers: ['kie'] } }),
    /quality "low" is not possible for gpt-image-1\.5 at Kie; allowed: medium, high \(Kie and DefAPI\); low \(DefAPI\)/,
  )
})

test('what each version of Seedream calls a resolution is its own word', () => {
  const quality = (model: string, resolution: string): unknown => first({ model, resolution }).input['quality']
  assert.deepEqual([quality('seedream-4.5', '2K'), quality('seedream-4.5', '4K')], ['basic', 'high'])
  assert.deepEqual(
    ['2K', '3K', '4K'].map((resolution) => quality('seedream-5-lite', resolution)),
    ['basic', 'high', 'ultra'],
  )
  assert.deepEqual([quality('seedream-5-pro', '1K'), quality('seedream-5-pro', '2K')], ['basic', 'high'])
})

test('background, strength, negative prompt and seed are sent where they are taken, and noted as dropped elsewhere', () => {
  const clear = routeOf({ model: 'gpt-image-1.5', prompt: 'a fox', background: 'transparent' })
  assert.deepEqual(
    clear.candidates.map(({ provider, fidelity }) => [provider, fidelity.level]),
    [
      ['kie', 'degraded'],
      ['defapi', 'exact'],
    ],
  )
  assert.equal(clear.candidates[1]?.input['background'], 'transparent')
  const qwen = first({ model: 'qwen-image', referenceImages: [picture('a')], strength: 0.25, negativePrompt: 'rain', seed: 7 })
  assert.deepEqual([qwen.input['strength'], qwen.input['negative_prompt'], qwen.input['seed']], [0.25, 'rain', 7])
  assert.equal(qwen.fidelity.level, 'exact')
  const tooLong = first({ model: 'qwen-image', negativePrompt: 'x'.repeat(501) })
  assert.equal(tooLong.input['negative_prompt'], undefined)
  assert.match(tooLong.fidelity.changes[0]?.why ?? '', /at most 500 characters for this model, this one has 501/)
  // Nobody says which way it points there.
  const remix = first({ model: 'ideogram-v3', referenceImages: [picture('a')], strength: 0.9 })
  assert.equal(remix.input['strength'], undefined)
  assert.deepEqual(
    remix.fidelity.changes.map(({ field, sent }) => [field, sent]),
    [['strength', null]],
  )
  assert.equal(first({ model: 'imagen-4', seed: 7 }).input['seed'], '7')
  assert.equal(first({ model: 'imagen-4-fast', seed: 7 }).input['seed'], 7)
})

test('one picture is asked for where a model would make several when nothing is said', () => {
  assert.equal(first({ model: 'wan-2.7' }).input['n'], 1)
  assert.equal(first({ model: 'ideogram-v3', referenceImages: [picture('a')] }).input['num_images'], '1')
  assert.equal(first({ model: 'qwen-image-edit', referenceImages: [picture('a')] }).input['num_images'], '1')
  assert.match(
    refusal({ model: 'wan-2.7', providerOptions: { kie: { n: 4 } } }),
    /cannot be set here: the number of pictures is given as `count`/,
  )
})

test('with pictures to start from Wan is sent no ratio, and its pro model no 4K', () => {
  const references = [picture('a')]
  assert.match(
    refusal({ model: 'wan-2.7', referenceImages: references, aspectRatio: '16:9' }),
    /has no choice of aspectRatio with reference images/,
  )
  assert.deepEqual(first({ model: 'wan-2.7-pro', resolution: '4K' }).input['resolution'], '4K')
  assert.match(refusal({ model: 'wan-2.7-pro', referenceImages: references, resolution: '4K' }), /allowed: 1K, 2K \(Kie\)/)
})

test('prices follow references, and are unknown where nobody can know them before', () => {
  const credits = (body: Partial<GenerationRequest>): unknown => first(body).price.credits
  const references = (count: number): string[] => Array.from({ length: count }, (_, index) => picture(String(index)))
  assert.equal(credits({ model: 'seedream-5-pro', referenceImages: references(3), resolution: '2K' }), 15)
  assert.equal(credits({ model: 'qwen-image-3-pro', referenceImages: references(2), resolution: '2K' }), 13)
  assert.equal(credits({ model: 'qwen-image' }), null)
  assert.equal(first({ model: 'qwen-image-2' }).price.usd, 0.03)
  assert.equal(routeOf({ model: 'topaz-image-upscale', referenceImages: references(1) }).candidates[0]?.price.credits, 20)
  assert.equal(routeOf({ model: 'seedream-5-pro-layers', referenceImages: references(1) }).candidates[0]?.price.credits, null)
})

test('a minimum of fidelity leaves out who would have to change more, and where nobody is left the request is refused', () => {
  const route = routeOf({ model: 'nano-banana', prompt: 'a fox', outputFormat: 'png', route: { minimumFidelity: 'exact' } })
  assert.deepEqual(
    route.candidates.map(({ provider }) => provider),
    ['kie'],
  )
  assert.deepEqual(route.left, [
    { provider: 'defapi', because: 'would be degraded (outputFormat), and route.minimumFidelity is exact' },
  ])
  const adapted = { model: 'gpt-image-2', prompt: 'a fox', aspectRatio: '4:3' }
  const levels = (minimumFidelity: 'exact' | 'adapted'): string[] =>
    routeOf({ ...adapted, route: { minimumFidelity } }).candidates.map(({ fidelity }) => fidelity.level)
  assert.deepEqual([levels('exact'), levels('adapted')], [['exact'], ['exact', 'adapted']])
  assert.equal(
    refusal({ model: 'z-image', seed: 3, route: { minimumFidelity: 'adapted' } }),
    'route.minimumFidelity: route.minimumFidelity is adapted, and this z-image picture would be degraded at Kie (seed)',
  )
})

test('another model stands in only where the request lists it, after everybody was asked for the model itself, and that is said', () => {
  const body = { model: 'nano-banana', prompt: 'a fox', aspectRatio: '1:1' }
  assert.deepEqual(new Set(routeOf(body).candidates.map(({ canonicalModel }) => canonicalModel)), new Set(['nano-banana']))
  const route = routeOf({ ...body, route: { models: ['seedream/4.5-edit', 'gpt-image-2'] } })
  assert.deepEqual(
    route.candidates.map(({ provider, canonicalModel }) => [provider, canonicalModel]),
    [
      ['kie', 'nano-banana'],
      ['defapi', 'nano-banana'],
      ['kie', 'seedream-4.5'],
      ['kie', 'gpt-image-2'],
      ['defapi', 'gpt-image-2'],
    ],
  )
  assert.deepEqual(route.candidates[2]?.fidelity, {
    level: 'adapted',
    changes: [{ field: 'model', asked: 'nano-banana', sent: 'seedream-4.5', why: '`route.models` lists it to stand in' }],
  })
  assert.match(route.left[0]?.because ?? '', /^with seedream-4\.5 in its place does not offer seedream-4\.5/)
  assert.equal(routeOf({ ...body, route: { models: ['gpt-image-2'], fallback: false } }).candidates.length, 1)
  assert.equal(routeOf({ ...body, route: { models: ['gpt-image-2'], minimumFidelity: 'exact' } }).candidates.length, 2)
})

test('native options are fields of one model: a stand-in is not sent them, and that is said', () => {
  const route = routeOf({
    model: 'nano-banana',
    prompt: 'a fox',
    providerOptions: { kie: { nsfw_checker: true } },
    route: { providers: ['kie'], models: ['z-image'] },
  })
  assert.equal(route.candidates[0]?.input['nsfw_checker'], true)
  assert.equal(route.candidates[1]?.input['nsfw_checker'], undefined)
  assert.equal(route.candidates[1]?.fidelity.level, 'degraded')
  assert.equal(route.candidates[1]?.fidelity.changes.at(-1)?.field, 'providerOptions.kie')
})

test('a stand-in must exist, be another model, and do the same kind of thing', () => {
  const refused = (models: string[]): string => refusal({ model: 'nano-banana', route: { models } })
  assert.match(refused(['nano-bananna-2']), /^route\.models\.0: unknown model "nano-bananna-2"; did you mean nano-banana-2/)
  assert.equal(refused(['google/nano-banana']), 'route.models.0: route.models.0 names nano-banana again')
  assert.match(
    refused(['topaz-image-upscale']),
    /must be of the same kind: nano-banana does text-to-image and image-to-image, topaz/,
  )
})

test('a model that nobody can be asked for says why, and one that is retired at one provider goes to the other', () => {
  assert.match(
    refusal({ model: 'gpt-image-2-5-flare-text-to-image' }),
    /no provider can be asked for gpt-image-2\.5-flare; Kie: it is listed since October 2026/,
  )
  assert.match(
    refusal({ model: 'grok-imagine-2-segment-map', referenceImages: [picture('a')] }),
    /gives a map of segments and no picture/,
  )
  const route = routeOf({ model: 'midjourney', prompt: 'a fox', referenceImages: [picture('a')] })
  assert.deepEqual(
    route.candidates.map(({ provider, api }) => [provider, api]),
    [['defapi', 'midjourney-edits']],
  )
  const midjourney = listModels().find(({ name }) => name === 'midjourney')
  assert.deepEqual(midjourney?.retired, { kie: '2026-08-19' })
})

test('what only the caller can know is asked for by the name under which it is given', () => {
  assert.equal(
    refusal({ model: 'grok-imagine-2-edit' }),
    'providerOptions.kie.task_id: providerOptions.kie.task_id is required (grok-imagine-image-2-0/image-edit at Kie)',
  )
  const edit = first({ model: 'grok-imagine-2-edit', providerOptions: { kie: { task_id: 't1', mask_indexs: [0, 2] } } })
  assert.deepEqual(edit.input, { prompt: 'a fox', task_id: 't1', mask_indexs: [0, 2] })
  assert.match(
    refusal({ model: 'grok-imagine-2-edit', providerOptions: { kie: { task_id: 't1', mask_indexs: ['a'] } } }),
    /providerOptions\.kie\.mask_indexs\.0 must be a number/,
  )
  const palette = [
    { hex: '#00FF00', ratio: '50.00%' },
    { hex: '#0000FF', ratio: '25.00%' },
    { hex: 'blue', ratio: '25.00%' },
  ]
  assert.match(
    refusal({ model: 'wan-2.7', providerOptions: { kie: { color_palette: palette } } }),
    /providerOptions\.kie\.color_palette\.2\.hex must match/,
  )
})

test('a model whose only provider has no key says which key', () => {
  const route = plan({ model: 'seedream-4', prompt: 'a fox' }, new Set(['defapi']))
  assert.ok(!route.ok)
  assert.match(route.errors[0]?.message ?? '', /Kie has no key: KIE_API_KEY is not set/)
})

test('a WebP is made where somebody documents it as an output, and refused with what there is elsewhere', () => {
  const route = routeOf({ model: 'gpt-image-1.5', prompt: 'a fox', outputFormat: 'webp' })
  assert.deepEqual(
    route.candidates.map(({ provider, input, fidelity }) => [provider, input['output_format'], fidelity.level]),
    [
      ['kie', undefined, 'degraded'],
      ['defapi', 'webp', 'exact'],
    ],
  )
  assert.match(
    refusal({ model: 'nano-banana', outputFormat: 'webp' }),
    /outputFormat "webp" is not possible for nano-banana at Kie and DefAPI; allowed: png, jpeg \(Kie\)/,
  )
})
