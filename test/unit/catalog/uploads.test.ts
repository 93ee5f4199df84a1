import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkUploads } from '../../../src/catalog/check-uploads.ts'
import { parseGenerationRequest } from '../../../src/catalog/parse-request.ts'
import { planRoute } from '../../../src/catalog/plan-route.ts'
import { requestSha256 } from '../../../src/catalog/request-digest.ts'
import {
  hasPictureLinks,
  readUploadName,
  replaceUploads,
  uploadName,
  uploadsIn,
  uploadsInBody,
} from '../../../src/catalog/upload-name.ts'
import type { GenerationRequest, ProviderName } from '../../../src/contract/index.ts'

const fox = 'a1'.repeat(32)
const owl = 'b2'.repeat(32)
const request = (more: Partial<GenerationRequest> = {}): GenerationRequest => ({
  model: 'nano-banana',
  prompt: 'the fox in winter',
  referenceImages: [uploadName(fox)],
  ...more,
})

function parsed(given: unknown): GenerationRequest {
  const outcome = parseGenerationRequest(given)
  assert.ok(outcome.ok, JSON.stringify(outcome))
  return outcome.request
}

function messagesOf(given: unknown): string[] {
  const outcome = parseGenerationRequest(given)
  return outcome.ok ? [] : outcome.errors.map(({ message }) => message)
}

describe('an upload in a request', () => {
  test('stands beside addresses, as a reference image and as a mask', () => {
    const mixed = ['https://pictures.example/fox.png', uploadName(fox)]
    assert.deepEqual(parsed(request({ referenceImages: mixed })).referenceImages, mixed)
    assert.equal(parsed({ ...request({ model: 'ideogram-v3' }), mask: uploadName(owl) }).mask, uploadName(owl))
  })

  test('is spelled in one way', () => {
    for (const wrong of [
      'upload:',
      `upload:${fox.slice(1)}`,
      `upload:${fox.toUpperCase()}`,
      `upload:${fox}0`,
      `upload: ${fox}`,
    ]) {
      assert.deepEqual(messagesOf(request({ referenceImages: [wrong] })), [
        'referenceImages.0 must be upload: and 64 hex digits, as POST /v1/uploads answers',
      ])
      assert.equal(readUploadName(wrong), null)
    }
    assert.deepEqual(messagesOf(request({ referenceImages: [`Upload:${fox}`] })), ['referenceImages.0 must be an https address'])
  })

  test('is counted by the limit of the model like any other picture', () => {
    const many = Array.from({ length: 11 }, () => uploadName(fox))
    assert.match(messagesOf(request({ referenceImages: many })).join(), /takes at most 10 reference images/)
  })

  test('goes into the digest and into the native body by its name', () => {
    const given = parsed(request())
    assert.notEqual(requestSha256(given), requestSha256(parsed(request({ referenceImages: [uploadName(owl)] }))))
    const route = planRoute(given, { preferred: 'kie', available: new Set(['kie', 'defapi']) })
    assert.ok(route.ok)
    assert.deepEqual(
      route.candidates.map(({ provider, input }) => [provider, uploadsInBody(input)]),
      [
        ['kie', [fox]],
        ['defapi', [fox]],
      ],
    )
  })

  test('is found wherever it may stand, with its field', () => {
    const native = { kie: { image_urls: [uploadName(owl)] } }
    assert.deepEqual(uploadsIn(request({ mask: uploadName(fox), providerOptions: native })), [
      { field: 'referenceImages.0', sha256: fox },
      { field: 'mask', sha256: fox },
      { field: 'providerOptions.kie.image_urls.0', sha256: owl },
    ])
  })

  test('is replaced as a whole value only: a text that mentions one stays as it is', () => {
    const body = {
      prompt: `draw ${uploadName(fox)}`,
      images: [uploadName(fox), 'https://pictures.example/a.png'],
      n: 1,
      flag: true,
    }
    assert.deepEqual(
      replaceUploads(body, (sha256) => `https://files.example/${sha256.slice(0, 4)}`),
      { ...body, images: ['https://files.example/a1a1', 'https://pictures.example/a.png'] },
    )
  })
})

describe("the caller's words", () => {
  const words = { prompt: uploadName(fox), negative_prompt: uploadName(owl) }

  test('are no pictures, whatever they look like: they name no upload, and stay as they are', () => {
    assert.deepEqual(uploadsInBody({ ...words, image_urls: [uploadName(fox)] }), [fox])
    const native = { kie: { ...words, image_urls: [uploadName(owl)] } }
    assert.deepEqual(
      uploadsIn({ model: 'nano-banana', ...words, providerOptions: native }).map(({ field }) => field),
      ['providerOptions.kie.image_urls.0'],
    )
    const replaced = replaceUploads({ ...words, undocumented: { picture: uploadName(fox) } }, () => 'https://files.example/a')
    assert.deepEqual(replaced, { ...words, undocumented: { picture: 'https://files.example/a' } })
    assert.deepEqual(messagesOf({ ...request(), prompt: words.prompt }), [])
  })

  test('that begin like a link are no picture of the caller either', () => {
    assert.equal(
      hasPictureLinks({ prompt: 'https://example.com in the style of a poster', image_urls: [uploadName(fox)] }),
      false,
    )
    assert.equal(hasPictureLinks({ prompt: 'a fox', image_urls: ['https://pictures.example/a.png'] }), true)
    assert.equal(hasPictureLinks({ prompt: 'a fox', image_url: 'https://pictures.example/a.png' }), true)
  })
})

describe('an upload and the route', () => {
  const route = (sizeBytes: number, obstacles: [ProviderName, string][] = []) => {
    const uploads = { known: [{ sha256: fox, sizeBytes }], obstacles: new Map(obstacles) }
    const planned = planRoute(parsed(request()), { preferred: 'kie', available: new Set(['kie', 'defapi']), uploads })
    return { ...planned, names: planned.ok ? planned.candidates.map(({ provider }) => provider) : [] }
  }

  test('a provider for whom it is too large is left out with the limit', () => {
    const planned = route(11 * 1024 * 1024)
    assert.deepEqual(planned.names, ['defapi'])
    assert.ok(planned.ok)
    assert.deepEqual(planned.left, [
      { provider: 'kie', because: 'wants referenceImages.0 to have at most 10 MiB, and it has 11 MiB' },
    ])
  })

  test('a provider that cannot be sent it is left out, and without any left the request is refused with both reasons', () => {
    assert.deepEqual(route(9, [['defapi', 'cannot reach this service']]).names, ['kie'])
    const planned = route(11 * 1024 * 1024, [['defapi', 'cannot reach this service']])
    assert.ok(!planned.ok)
    assert.equal(
      planned.errors[0]?.message,
      'no provider can make this nano-banana picture: Kie wants referenceImages.0 to have at most 10 MiB, and it has 11 MiB; DefAPI cannot reach this service',
    )
  })
})

describe('checking uploads', () => {
  test('an unknown one is refused by its field', () => {
    const errors = checkUploads(request({ referenceImages: [uploadName(owl), uploadName(fox)] }), [{ sha256: owl, sizeBytes: 9 }])
    assert.deepEqual(errors, [
      {
        field: 'referenceImages.1',
        message:
          'referenceImages.1 names an upload that is not here: send the picture to POST /v1/uploads first (upload:a1a1a1a1a1a1…)',
      },
    ])
  })

  test('one that every provider of the route finds too large is refused with the limits', () => {
    const large = request({ route: { providers: ['kie'] } })
    const [error, ...others] = checkUploads(large, [{ sha256: fox, sizeBytes: 11 * 1024 * 1024 }])
    assert.deepEqual(others, [])
    assert.equal(error?.field, 'referenceImages.0')
    assert.equal(
      error?.message,
      'referenceImages.0 is too large for nano-banana: it has 11 MiB, and must have at most 10 MiB at Kie; DefAPI may take it',
    )
    assert.deepEqual(checkUploads(large, [{ sha256: fox, sizeBytes: 10 * 1024 * 1024 }]), [])
  })
})
