import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { GenerationRequest, RouteRequest } from '../../../src/contract/index.ts'
import { parseGenerationRequest } from '../../../src/catalog/parse-request.ts'
import { generationRequestSchema } from '../../../src/catalog/request-schema.ts'
import type { RequestError } from '../../../src/catalog/request-error.ts'

function errorsOf(body: unknown): RequestError[] {
  const parsed = parseGenerationRequest(body)
  assert.ok(!parsed.ok, 'the request was accepted')
  return parsed.errors
}

/** The one error that a request with these members has, beside a model and a prompt that are fine. */
function errorOf(members: Record<string, unknown>): RequestError {
  const errors = errorsOf({ model: 'nano-banana', prompt: 'a red fox in the snow', ...members })
  assert.equal(errors.length, 1, JSON.stringify(errors))
  return errors[0] ?? { field: '', message: '' }
}

test('a request with every field is accepted and comes back with the canonical model name', () => {
  const body = {
    model: 'google/nano-banana',
    prompt: 'a red fox in the snow',
    referenceImages: ['https://pictures.example/fox.png?size=2#top'],
    aspectRatio: '16:9',
    count: 1,
    seed: 0,
    outputFormat: 'png',
    providerOptions: { kie: { some_new_field: { deep: [1, null, true] } }, defapi: {} },
    route: {
      providers: ['defapi', 'kie'],
      fallback: true,
      onUnknown: 'resubmit',
      onOverdue: 'wait',
      onRefusal: 'fallback',
      deadlineMs: 10_000,
      maxCostUsd: 0.5,
      maxQueueMs: 0,
      priority: 1,
      keepSpares: true,
      maxPaidAttempts: 5,
    },
    tenant: 'team-7',
    metadata: { order: '4711', '': undefined },
  } as const
  const parsed = parseGenerationRequest(body)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  assert.deepEqual(parsed.request, { ...body, model: 'nano-banana', metadata: { order: '4711' } })
})

// A field that only one of the two has does not compile.
test('schema and contract describe the same request', () => {
  const { shape } = generationRequestSchema
  const route = shape.route.unwrap().shape
  const requestFields: Record<keyof GenerationRequest, unknown> = shape
  const routeFields: Record<keyof RouteRequest, unknown> = route
  const ofRequest: (keyof GenerationRequest)[] = generationRequestSchema.keyof().options
  const ofRoute: (keyof RouteRequest)[] = shape.route.unwrap().keyof().options
  assert.deepEqual([Object.keys(requestFields), Object.keys(routeFields)], [ofRequest, ofRoute])
  const minimal: GenerationRequest = { model: 'nano-banana', prompt: 'a fox' }
  const accepted: z.infer<typeof generationRequestSchema> = minimal
  assert.deepEqual(generationRequestSchema.parse(accepted), minimal)
})

test('the schema becomes a JSON schema in which every field is described', () => {
  const schema = z.toJSONSchema(generationRequestSchema, { io: 'input' })
  assert.equal(schema.additionalProperties, false)
  assert.deepEqual(schema.required, ['model'])
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    assert.ok(typeof property === 'object' && typeof property.description === 'string', `${name} has no description`)
  }
})

test('what is not an object is refused as a whole', () => {
  for (const body of [null, undefined, 'x', 3, true, []]) {
    const [error, ...others] = errorsOf(body)
    assert.equal(error?.field, '')
    assert.match(error?.message ?? '', /^the request (must be an object|is required)$/)
    assert.deepEqual(others, [])
  }
})

test('missing fields are named', () => {
  assert.deepEqual(errorsOf({}), [{ field: 'model', message: 'model is required' }])
  assert.deepEqual(errorsOf({ model: 'nano-banana' }), [{ field: 'prompt', message: 'prompt is required for nano-banana' }])
})

test('an unknown field is refused with the nearest known one', () => {
  assert.deepEqual(errorOf({ aspect_ratio: '16:9' }), {
    field: 'aspect_ratio',
    message: 'unknown field "aspect_ratio"; did you mean aspectRatio?',
  })
  assert.deepEqual(errorOf({ route: { maxPaidAttempt: 2 } }), {
    field: 'route.maxPaidAttempt',
    message: 'unknown field "maxPaidAttempt"; did you mean maxPaidAttempts?',
  })
  assert.match(errorOf({ providerOptions: { kei: {} } }).message, /did you mean kie\?/)
  assert.match(errorOf({ xyzzyxyzzy: 1 }).message, /known fields are model, prompt, referenceImages/)
})

test('an empty, blank or oversized prompt is refused with the limit', () => {
  assert.equal(errorOf({ prompt: '' }).message, 'prompt must not be empty')
  assert.equal(errorOf({ prompt: ' \n\t ' }).message, 'prompt must not be empty')
  assert.equal(errorOf({ prompt: 'x'.repeat(20_001) }).message, 'prompt must be at most 20,000 characters; it has 20,001')
})

test("a prompt beyond the limits of all the model's providers is refused with each limit", () => {
  const error = errorOf({ model: 'grok-imagine', prompt: 'x'.repeat(5001) })
  assert.deepEqual(error, {
    field: 'prompt',
    message: 'prompt is too long for grok-imagine: at most 5,000 characters at Kie; it has 5,001',
  })
})

test('an unknown model is refused with the nearest names', () => {
  const error = errorOf({ model: 'nano-bananna-pro' })
  assert.equal(error.field, 'model')
  assert.equal(error.message, 'unknown model "nano-bananna-pro"; did you mean nano-banana-pro or nano-banana-2 or nano-banana?')
  assert.deepEqual(error.allowed, ['nano-banana-pro', 'nano-banana-2', 'nano-banana'])
  assert.match(errorOf({ model: 'flux-kontxt-max' }).message, /did you mean flux-kontext-max/)
})

test("a caller's text is shown short and printable", () => {
  const { message } = errorOf({ model: `\u001B[31m\u202Efox"\n${'x'.repeat(60)}` })
  assert.match(message, /^unknown model "\\u\{1b\}\[31m\\u\{202e\}fox\\u\{22\}\\u\{a\}x+…"; see `darkroom models`/)
  assert.ok(message.length < 200)
})

for (const [url, problem] of [
  ['http://pictures.example/fox.png', 'must be an https address'],
  ['ftp://pictures.example/fox.png', 'must be an https address'],
  ['data:image/png;base64,AAAA', 'must be an https address'],
  ['file:///etc/passwd', 'must be an https address'],
  ['fox.png', 'must be a full https address, e.g. https://example.com/fox.png'],
  ['https://', 'must be a full https address, e.g. https://example.com/fox.png'],
  ['https://user:pass@pictures.example/fox.png', 'must not carry a user name or password'],
  ['https://user@pictures.example/fox.png', 'must not carry a user name or password'],
  ['https://127.0.0.1/fox.png', 'must name its host, not an IP address'],
  ['https://8.8.8.8/fox.png', 'must name its host, not an IP address'],
  ['https://0x7f000001/', 'must name its host, not an IP address'],
  ['https://2130706433/', 'must name its host, not an IP address'],
  ['https://0177.1/', 'must name its host, not an IP address'],
  ['https://127.0.0.1./', 'must name its host, not an IP address'],
  ['https://１２７.0.0.1/', 'must name its host, not an IP address'],
  ['https://[::1]/fox.png', 'must name its host, not an IP address'],
  ['https://[::ffff:10.0.0.1]/fox.png', 'must name its host, not an IP address'],
  ['https://localhost/fox.png', 'must be reachable by the provider, not localhost'],
  ['https://LOCALHOST./fox.png', 'must be reachable by the provider, not localhost'],
  ['https://a.localhost/fox.png', 'must be reachable by the provider, not localhost'],
  ['https://intranet/fox.png', 'must be on a public host'],
  ['https://pictures.example/fox\n.png', 'must not contain white space or control characters'],
  [' https://pictures.example/fox.png', 'must not contain white space or control characters'],
  ['https://pictures.example/\u202Efox.png', 'must not contain white space or control characters'],
  [`https://pictures.example/${'x'.repeat(2048)}`, 'must be at most 2,048 characters; it has 2,073'],
] as const) {
  test(`the reference image ${JSON.stringify(url).slice(0, 60)} is refused: ${problem}`, () => {
    assert.deepEqual(errorOf({ referenceImages: ['https://pictures.example/ok.png', url] }), {
      field: 'referenceImages.1',
      message: `referenceImages.1 ${problem}`,
    })
  })
}

test('too many reference images are refused with the limit of each provider', () => {
  const images = (count: number): string[] => Array.from({ length: count }, (_, index) => `https://pictures.example/${index}.png`)
  assert.equal(errorOf({ referenceImages: images(17) }).message, 'referenceImages must have at most 16 entries; there are 17')
  assert.deepEqual(errorOf({ referenceImages: images(11) }), {
    field: 'referenceImages',
    message: 'nano-banana takes at most 10 reference images (Kie 10, DefAPI 4); there are 11',
  })
  assert.match(
    errorOf({ referenceImages: images(5), route: { providers: ['defapi'] } }).message,
    /takes at most 4 reference images \(DefAPI 4\); there are 5/,
  )
  assert.match(
    errorOf({ model: 'flux-kontext-pro', referenceImages: images(2) }).message,
    /at most 1 reference image \(Kie 1\); there are 2/,
  )
})

test('a model that takes no reference images says so', () => {
  const referenceImages = ['https://pictures.example/fox.png']
  assert.equal(errorOf({ model: 'z-image', referenceImages }).message, 'z-image takes no reference images at Kie')
})

test('an unsupported aspect ratio is refused with the allowed ones and who allows them', () => {
  const error = errorOf({ model: 'gpt-image-1.5', aspectRatio: '16:9' })
  assert.deepEqual(error, {
    field: 'aspectRatio',
    message:
      'aspectRatio "16:9" is not possible for gpt-image-1.5 at Kie and DefAPI; allowed: 1:1, 2:3, 3:2 (Kie and DefAPI); auto (DefAPI)',
    allowed: ['1:1', '2:3', '3:2', 'auto'],
  })
  assert.match(errorOf({ aspectRatio: 'wide' }).message, /aspectRatio must be width:height, e\.g\. 16:9, or auto/)
})

test('an aspect ratio that only one provider has is accepted, and refused where the route leaves that provider out', () => {
  const body = { model: 'gpt-image-2', prompt: 'a fox', aspectRatio: '21:9' }
  assert.ok(parseGenerationRequest(body).ok)
  const [error] = errorsOf({ ...body, route: { providers: ['defapi'] } })
  assert.match(
    error?.message ?? '',
    /is not possible for gpt-image-2 at DefAPI; allowed: auto, 1:1, 3:2, 2:3, 16:9, 9:16 \(Kie and DefAPI\); 4:3/,
  )
  assert.deepEqual(error?.allowed, ['auto', '1:1', '3:2', '2:3', '16:9', '9:16'])
})

test('a resolution is refused where the model has no choice of it', () => {
  assert.deepEqual(errorOf({ resolution: '2K' }), {
    field: 'resolution',
    message: 'nano-banana has no choice of resolution at any provider; leave it out',
    allowed: [],
  })
  assert.deepEqual(errorOf({ model: 'nano-banana-pro', resolution: '8K' }).allowed, ['1K', '2K', '4K'])
})

test('a resolution that does not go with the aspect ratio is refused with those that do', () => {
  assert.deepEqual(errorOf({ model: 'gpt-image-2', resolution: '4K', aspectRatio: '1:1' }), {
    field: 'resolution',
    message:
      'resolution "4K" is not possible for gpt-image-2 with aspectRatio 1:1 at Kie and DefAPI; allowed: 1K, 2K (Kie and DefAPI)',
    allowed: ['1K', '2K'],
  })
  assert.deepEqual(errorOf({ model: 'gpt-image-2', resolution: '2K' }).allowed, ['1K'])
})

test('an output format is refused with the nearest, and where the model has no choice of it', () => {
  assert.deepEqual(errorOf({ outputFormat: 'jpg' }), {
    field: 'outputFormat',
    message: 'outputFormat must be one of png, jpeg, webp; did you mean jpeg?',
    allowed: ['png', 'jpeg', 'webp'],
  })
  assert.match(errorOf({ model: 'gpt-image-2', outputFormat: 'png' }).message, /has no choice of outputFormat at any provider/)
})

test('numbers outside their range are refused with the limit', () => {
  assert.equal(errorOf({ count: 17 }).message, 'count must be at most 16')
  assert.equal(errorOf({ count: 0 }).message, 'count must be at least 1')
  assert.equal(errorOf({ seed: 1.5 }).message, 'seed must be a whole number')
  assert.equal(errorOf({ seed: '4' }).message, 'seed must be a number')
  assert.equal(errorOf({ seed: -1 }).message, 'seed must be at least 0')
  assert.equal(errorOf({ seed: 2 ** 60 }).message, 'seed must be at most 2,147,483,647')
  assert.equal(errorOf({ route: { deadlineMs: 9_999 } }).message, 'route.deadlineMs must be at least 10,000')
  assert.equal(errorOf({ route: { deadlineMs: 86_400_001 } }).message, 'route.deadlineMs must be at most 86,400,000')
  assert.equal(errorOf({ route: { maxPaidAttempts: 0 } }).message, 'route.maxPaidAttempts must be at least 1')
  assert.equal(errorOf({ route: { maxPaidAttempts: 6 } }).message, 'route.maxPaidAttempts must be at most 5')
  assert.equal(errorOf({ route: { maxCostUsd: 0 } }).message, 'route.maxCostUsd must be more than 0')
  assert.equal(errorOf({ route: { maxCostUsd: 1000.01 } }).message, 'route.maxCostUsd must be at most 1,000')
  assert.equal(errorOf({ route: { maxCostUsd: '1' } }).message, 'route.maxCostUsd must be a number')
  assert.equal(errorOf({ route: { maxQueueMs: -1 } }).message, 'route.maxQueueMs must be at least 0')
  assert.equal(errorOf({ route: { maxQueueMs: 86_400_001 } }).message, 'route.maxQueueMs must be at most 86,400,000')
  assert.equal(errorOf({ route: { priority: 0 } }).message, 'route.priority must be at least 1')
  assert.equal(errorOf({ route: { priority: 6 } }).message, 'route.priority must be at most 5')
  assert.equal(errorOf({ route: { priority: 2.5 } }).message, 'route.priority must be a whole number')
  assert.equal(errorOf({ route: { keepSpares: 'yes' } }).message, 'route.keepSpares must be true or false')
})

test('words outside their list are refused with the list', () => {
  assert.deepEqual(errorOf({ route: { onUnknown: 'retry' } }).allowed, ['fallback', 'resubmit', 'fail'])
  assert.match(errorOf({ route: { providers: ['openai'] } }).message, /^route\.providers\.0 must be one of kie, defapi/)
  assert.equal(errorOf({ route: { providers: ['kie', 'kie'] } }).message, 'route.providers must name each provider once')
  assert.match(errorOf({ route: { providers: [] } }).message, /must have at least 1/)
  assert.equal(errorOf({ route: { fallback: 'no' } }).message, 'route.fallback must be true or false')
})

test('metadata is a few short labels', () => {
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`label${index}`, 'x']))
  assert.equal(errorOf({ metadata: many }).message, 'metadata must have at most 16 entries')
  assert.equal(errorOf({ metadata: { a: 'x'.repeat(257) } }).message, 'metadata.a must be at most 256 characters; it has 257')
  assert.equal(errorOf({ metadata: { a: 1 } }).message, 'metadata.a must be a string')
  assert.match(
    errorOf({ metadata: { ['k'.repeat(65)]: 'x' } }).message,
    /^metadata has a name that must be at most 64 characters; it has 65$/,
  )
})

test('control fields, the count and reference images cannot be smuggled in through provider options', () => {
  for (const name of [
    'model',
    'prompt',
    'callBackUrl',
    'callback_url',
    'CALLBACK-URL',
    'n',
    'num_images',
    'nVariants',
    'max_images',
  ]) {
    const error = errorOf({ providerOptions: { kie: { [name]: 'x' } } })
    assert.equal(error.field, `providerOptions.kie.${name}`)
    assert.ok(error.message.startsWith(`providerOptions.kie.${name} cannot be set here: `), error.message)
  }
  const images = errorOf({
    referenceImages: ['https://pictures.example/1.png'],
    providerOptions: { kie: { image_urls: ['https://10.0.0.1/'] } },
  })
  assert.equal(
    images.message,
    'providerOptions.kie.image_urls cannot be set here: reference images are given as `referenceImages`',
  )
})

test('a documented native field is checked, an undocumented one passes', () => {
  assert.deepEqual(errorOf({ model: 'gpt-image-1.5', providerOptions: { kie: { quality: 'best' } } }), {
    field: 'providerOptions.kie.quality',
    message: 'providerOptions.kie.quality must be one of medium, high (gpt-image/1.5-text-to-image at Kie)',
  })
  assert.equal(
    errorOf({ model: 'gpt-image-1', providerOptions: { kie: { maskUrl: 'https://127.0.0.1/' } } }).message,
    'providerOptions.kie.maskUrl must name its host, not an IP address (gpt4o at Kie)',
  )
  assert.ok(parseGenerationRequest({ model: 'nano-banana', prompt: 'x', providerOptions: { kie: { some_new_field: 1 } } }).ok)
})

test('provider options are small', () => {
  const many = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`field${index}`, 1]))
  assert.equal(errorOf({ providerOptions: { kie: many } }).message, 'providerOptions.kie must have at most 24 fields')
  assert.match(errorOf({ providerOptions: { kie: { a: 'x'.repeat(9000) } } }).message, /must be at most 8192 characters as JSON/)
  let deep: unknown = 1
  for (let level = 0; level < 20; level += 1) deep = { deep }
  assert.match(errorOf({ providerOptions: { kie: deep } }).message, /must not be nested deeper than 10 levels/)
  assert.match(
    errorOf({ providerOptions: { kie: { a: Array.from({ length: 5000 }, () => 0) } } }).message,
    /must not have more than 2000 values/,
  )
})

test('text that the ledger could not keep is refused where it stands', () => {
  assert.equal(errorOf({ prompt: 'a\0b' }).message, 'prompt must not contain the character U+0000')
  assert.equal(errorOf({ prompt: 'a\uD800b' }).message, 'prompt must not contain half a surrogate pair')
  assert.match(
    errorOf({ metadata: { 'a\0': 'x' } }).message,
    /metadata has a member whose name must not contain the character U\+0000/,
  )
  assert.ok(parseGenerationRequest({ model: 'nano-banana', prompt: 'a 🦊 in the snow' }).ok)
})

test('a member called __proto__ is refused, at any depth', () => {
  for (const text of [
    '{"__proto__":{"model":"x"}}',
    '{"metadata":{"__proto__":"x"}}',
    '{"providerOptions":{"kie":{"a":{"__proto__":{}}}}}',
  ]) {
    const members: unknown = JSON.parse(`{"model":"nano-banana","prompt":"x",${text.slice(1)}`)
    const [error] = errorsOf(members)
    assert.match(error?.message ?? '', /has a member whose name must not be __proto__/)
  }
})

test('a value that is not JSON is refused, even one that contains itself', () => {
  const own: Record<string, unknown> = { model: 'nano-banana', prompt: 'x' }
  own['metadata'] = own
  assert.match(errorsOf(own)[0]?.message ?? '', /must not be nested deeper/)
  assert.match(errorOf({ seed: Number.NaN }).message, /seed must be a finite number/)
  assert.match(errorOf({ metadata: new Map() }).message, /metadata must be plain JSON/)
  assert.match(errorOf({ prompt: 5n }).message, /prompt must be plain JSON/)
})

test('a flag that the prompt carries already is not given a second time', () => {
  assert.deepEqual(errorOf({ model: 'midjourney', prompt: 'a fox --ar 1:1', aspectRatio: '16:9' }), {
    field: 'aspectRatio',
    message: 'aspectRatio is given twice: the prompt carries --ar already',
  })
  assert.ok(parseGenerationRequest({ model: 'midjourney', prompt: 'a fox --ar 1:1' }).ok)
})

test('all errors are told at once, one for each field', () => {
  const errors = errorsOf({ model: 3, prompt: '', seed: 2 ** 70, extra: 1, route: { deadlineMs: 1 } })
  assert.deepEqual(errors.map((error) => error.field).toSorted(), ['extra', 'model', 'prompt', 'route.deadlineMs', 'seed'])
})
