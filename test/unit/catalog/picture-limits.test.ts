// What is known of a picture, its bytes and its pixels, against what a model takes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkUploads } from '../../../src/catalog/check-uploads.ts'
import type { KnownUpload } from '../../../src/catalog/check-uploads.ts'
import { inMib } from '../../../src/catalog/picture-limits.ts'
import { planRoute } from '../../../src/catalog/plan-route.ts'
import { uploadName } from '../../../src/catalog/upload-name.ts'
import type { GenerationRequest } from '../../../src/contract/index.ts'

const fox = 'a1'.repeat(32)
const owl = 'b2'.repeat(32)
const elk = 'c3'.repeat(32)
const mib = 1024 * 1024

function upload(sha256: string, width: number, height: number, sizeBytes = 9): KnownUpload {
  return { sha256, sizeBytes, width, height }
}

function messagesOf(request: GenerationRequest, ...known: KnownUpload[]): string[] {
  return checkUploads(request, known).map(({ field, message }) => {
    assert.ok(message.startsWith(`${field} `), message)
    return message
  })
}

const noBackground: GenerationRequest = { model: 'recraft-remove-background', referenceImages: [uploadName(fox)] }

describe('sides in pixels', () => {
  test('that are too short or too long are refused with what there is, what must be, and at whom', () => {
    assert.deepEqual(messagesOf(noBackground, upload(fox, 255, 900)), [
      'referenceImages.0 is too small for recraft-remove-background: it has 255 × 900, and must have 256 to 4,096 pixels on each side at Kie',
    ])
    assert.match(messagesOf(noBackground, upload(fox, 300, 4097)).join(), /^referenceImages\.0 is too large .* has 300 × 4097,/)
  })

  test('at the limits are taken, as is what nobody has measured', () => {
    assert.deepEqual(messagesOf(noBackground, upload(fox, 256, 4096)), [])
    assert.deepEqual(messagesOf(noBackground, upload(fox, 4096, 4096)), [])
    assert.deepEqual(messagesOf(noBackground, { sha256: fox, sizeBytes: 9 }), [])
    assert.deepEqual(checkUploads({ ...noBackground, referenceImages: ['https://pictures.example/tiny.png'] }, []), [])
  })

  test('come after the bytes', () => {
    assert.deepEqual(messagesOf(noBackground, upload(fox, 1, 1, 5 * mib + 1)), [
      'referenceImages.0 is too large for recraft-remove-background: it has 5.1 MiB, and must have at most 5 MiB at Kie',
    ])
  })
})

test('what only a model that may stand in takes is not refused: the others are left out of the route', () => {
  const request: GenerationRequest = { model: 'nano-banana', prompt: 'a hat', referenceImages: [uploadName(fox)] }
  const route = { providers: ['kie' as const], models: ['nano-banana-pro'] }
  const large = upload(fox, 4000, 4000, 12 * mib)
  assert.match(messagesOf({ ...request, route: { providers: ['kie'] } }, large).join(), /^referenceImages\.0 is too large/)
  assert.deepEqual(messagesOf({ ...request, route }, large), [])
  const uploads = { known: [large], obstacles: new Map() }
  const planned = planRoute({ ...request, route }, { preferred: 'kie', available: new Set(['kie']), uploads })
  assert.ok(planned.ok, JSON.stringify(planned))
  assert.deepEqual(
    planned.candidates.map(({ canonicalModel }) => canonicalModel),
    ['nano-banana-pro'],
  )
  const tooLargeForAll = upload(fox, 4000, 4000, 31 * mib)
  assert.match(messagesOf({ ...request, route }, tooLargeForAll).join(), /^referenceImages\.0 is too large for nano-banana:/)
})

test('pixels in all and the shape have limits, too', () => {
  const layers: GenerationRequest = { model: 'seedream-5-pro-layers', referenceImages: [uploadName(fox)] }
  const verdict = (width: number, height: number): string => messagesOf(layers, upload(fox, width, height)).join()
  assert.match(verdict(511, 512), /too small .* it has 511 × 512, and must have 262,144 to 36,000,000 pixels in all at Kie/)
  assert.match(verdict(6001, 6000), /too large .* 36,000,000 pixels in all/)
  assert.match(verdict(200, 3201), /too narrow .* it has 200 × 3201, and must have a shape of at most 16:1 at Kie/)
  assert.match(verdict(3201, 200), /too narrow/)
  assert.deepEqual([verdict(512, 512), verdict(6000, 6000), verdict(3200, 200)], ['', '', ''])
})

describe('a mask', () => {
  const edit: GenerationRequest = {
    model: 'ideogram-v3',
    prompt: 'a hat',
    referenceImages: [uploadName(fox)],
    mask: uploadName(owl),
  }

  test('of another size than its picture is refused', () => {
    assert.deepEqual(messagesOf(edit, upload(fox, 1024, 768), upload(owl, 512, 512)), [
      'mask is of the wrong size for ideogram-v3: it has 512 × 512, and must have the 1024 × 768 pixels of referenceImages.0 at Kie',
    ])
    assert.deepEqual(messagesOf(edit, upload(fox, 1024, 768), upload(owl, 1024, 768)), [])
  })

  test('is compared with the first picture, and not with the character', () => {
    const character = { ...edit, model: 'ideogram-character', referenceImages: [uploadName(fox), uploadName(elk)] }
    assert.deepEqual(messagesOf(character, upload(fox, 800, 600), upload(elk, 90, 90), upload(owl, 800, 600)), [])
    assert.match(messagesOf(character, upload(fox, 800, 600), upload(elk, 90, 90), upload(owl, 90, 90)).join(), /800 × 600/)
  })

  test('on its side is taken: a JPEG may say that it is to be turned, which nobody here reads', () => {
    assert.deepEqual(messagesOf(edit, upload(fox, 1024, 768), upload(owl, 768, 1024)), [])
  })

  test('of a picture that is only known by its address is not compared', () => {
    const byAddress = { ...edit, referenceImages: ['https://pictures.example/fox.png'] }
    assert.deepEqual(messagesOf(byAddress, upload(owl, 512, 512)), [])
  })
})

test('a picture in a native field is held against the limits of that field', () => {
  const request: GenerationRequest = {
    model: 'gpt-image-1',
    prompt: 'a hat',
    referenceImages: [uploadName(fox)],
    providerOptions: { kie: { maskUrl: uploadName(owl) } },
  }
  assert.deepEqual(messagesOf(request, upload(fox, 800, 600), upload(owl, 80, 60)), [
    'providerOptions.kie.maskUrl is of the wrong size for gpt-image-1: it has 80 × 60, and must have the 800 × 600 pixels of referenceImages.0 at Kie',
  ])
})

test('a mask is not compared with a second picture where the first is only known by its address', () => {
  const request: GenerationRequest = {
    model: 'gpt-image-1',
    prompt: 'a hat',
    referenceImages: ['https://pictures.example/fox.png', uploadName(fox)],
    providerOptions: { kie: { maskUrl: uploadName(owl) } },
  }
  assert.deepEqual(messagesOf(request, upload(fox, 80, 60), upload(owl, 800, 600)), [])
})

test('a picture that only some providers take goes to these, and is refused where the route leaves them out', () => {
  const request: GenerationRequest = {
    model: 'nano-banana-pro',
    prompt: 'a fox',
    referenceImages: [uploadName(owl), uploadName(fox)],
  }
  const known = [upload(owl, 90, 90), upload(fox, 90, 90, 31 * mib)]
  assert.deepEqual(messagesOf(request, ...known), [])
  const route = planRoute(request, {
    preferred: 'kie',
    available: new Set(['kie', 'defapi']),
    uploads: { known, obstacles: new Map() },
  })
  assert.ok(route.ok)
  assert.deepEqual(
    route.candidates.map(({ provider }) => provider),
    ['defapi'],
  )
  assert.deepEqual(route.left, [
    { provider: 'kie', because: 'wants referenceImages.1 to have at most 30 MiB, and it has 31 MiB' },
  ])
  assert.deepEqual(messagesOf({ ...request, route: { providers: ['kie'] } }, ...known), [
    'referenceImages.1 is too large for nano-banana-pro: it has 31 MiB, and must have at most 30 MiB at Kie; DefAPI may take it',
  ])
})

test('what is over a limit is never shown as just within it', () => {
  assert.deepEqual([10 * mib, 10 * mib + 1, 100].map(inMib), ['10 MiB', '10.1 MiB', '0.1 MiB'])
})
