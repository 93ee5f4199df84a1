// Native fields that a caller gives in `providerOptions`: what nobody documents is sent, but said; what is nearly documented is a slip of the pen.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { listModels } from '../../../src/catalog/list-models.ts'
import { models, nativesOf, providerNames } from '../../../src/catalog/models.ts'
import { changedFields, isUnchecked } from '../../../src/catalog/native-draft.ts'
import { parseGenerationRequest } from '../../../src/catalog/parse-request.ts'
import { planRoute } from '../../../src/catalog/plan-route.ts'
import { nearestField, reservedFieldProblem } from '../../../src/catalog/provider-options.ts'
import type { GenerationRequest } from '../../../src/contract/index.ts'

const nano: GenerationRequest = { model: 'nano-banana', prompt: 'a fox' }

function refusalsOf(given: Partial<GenerationRequest>): { field: string; message: string }[] {
  const outcome = parseGenerationRequest({ ...nano, ...given })
  return outcome.ok ? [] : outcome.errors
}

function firstOf(given: Partial<GenerationRequest>) {
  const route = planRoute({ ...nano, ...given }, { preferred: 'kie', available: new Set(['kie', 'defapi']) })
  assert.ok(route.ok, JSON.stringify(route))
  const [first] = route.candidates
  assert.ok(first !== undefined)
  return first
}

describe('a native field that is spelled nearly like a documented one', () => {
  test('is refused by its own place, with the one that was meant', () => {
    for (const [wrong, meant] of [
      ['nsfw_cheker', 'nsfw_checker'],
      ['aspect_ration', 'aspect_ratio'],
      ['outputFormat', 'output_format'],
      ['OUTPUT-FORMAT', 'output_format'],
      ['image_sise', 'image_size'],
    ] as const) {
      assert.deepEqual(refusalsOf({ providerOptions: { kie: { [wrong]: 'png' } } }), [
        {
          field: `providerOptions.kie.${wrong}`,
          message: `providerOptions.kie.${wrong} is no documented field of google/nano-banana at Kie; did you mean ${meant}?`,
        },
      ])
    }
    assert.match(
      refusalsOf({ providerOptions: { defapi: { aspectratio: '1:1' } } })[0]?.message ?? '',
      /^providerOptions\.defapi\.aspectratio is no documented .* at DefAPI; did you mean aspect_ratio\?$/,
    )
  })

  test("is told so too where the one that was meant is not the caller's to set", () => {
    const [error] = refusalsOf({
      referenceImages: ['https://pictures.example/1.png'],
      providerOptions: { kie: { image_url: 'https://pictures.example/2.png' } },
    })
    assert.equal(
      error?.message,
      'providerOptions.kie.image_url is no documented field of google/nano-banana-edit at Kie; did you mean image_urls? It cannot be set here: reference images are given as `referenceImages`',
    )
    assert.match(refusalsOf({ providerOptions: { kie: { promt: 'a dog' } } })[0]?.message ?? '', /given as `prompt`/)
  })

  test('is one of some letters: short names must agree but for one letter', () => {
    assert.equal(nearestField('sed', ['seed']), 'seed')
    assert.equal(nearestField('sized', ['seed', 'style']), null)
    assert.equal(nearestField('modes', ['n', 'size']), null)
    assert.equal(nearestField('google_search', ['nsfw_checker', 'image_size', 'aspect_ratio']), null)
    assert.equal(nearestField(`seed${'x'.repeat(10_000)}`, ['seed']), null)
    assert.equal(nearestField('speed', ['seed'], ['speed']), null, 'a word of another model')
    assert.equal(nearestField('image_urls', ['image_url'], ['image_urls']), 'image_url', 'the same word in another form')
  })

  test('is never nearer to another field than to itself: no two of a model differ by case and dashes alone', () => {
    let fields = 0
    for (const model of models) {
      for (const native of providerNames.flatMap((provider) => nativesOf(model, provider))) {
        for (const name of Object.keys(native.fields)) {
          fields += 1
          assert.equal(nearestField(name, Object.keys(native.fields)), name)
        }
      }
    }
    assert.ok(fields > 300, `only ${fields} fields`)
  })
})

test('no list names a native field that nobody may set', () => {
  const natives = listModels().flatMap(({ providers }) => Object.values(providers).flatMap((offer) => offer.natives))
  const listed = natives.flatMap(({ nativeFields }) => nativeFields.map(({ name }) => name))
  assert.ok(listed.length > 50, `only ${listed.length} fields`)
  assert.deepEqual(
    listed.filter((name) => reservedFieldProblem(name) !== null),
    [],
  )
})

describe('a native field that nobody documents', () => {
  test('is sent, is listed as unchecked, and leaves the route exact', () => {
    const { input, fidelity } = firstOf({ providerOptions: { kie: { google_search: { depth: 2 } } } })
    assert.deepEqual(input, { prompt: 'a fox', google_search: { depth: 2 } })
    assert.equal(fidelity.level, 'exact')
    assert.deepEqual(fidelity.changes, [
      {
        field: 'providerOptions.kie.google_search',
        asked: '{"depth":2}',
        sent: '{"depth":2}',
        why: 'Kie documents no such field for google/nano-banana: it is sent unchecked, and may be ignored',
      },
    ])
    assert.deepEqual([fidelity.changes.every(isUnchecked), changedFields(fidelity.changes)], [true, []])
  })

  test('does not stand in the way of a request that wants nothing changed', () => {
    const route = { providers: ['kie' as const], minimumFidelity: 'exact' as const }
    assert.deepEqual(refusalsOf({ providerOptions: { kie: { google_search: true } }, route }), [])
    const [error] = refusalsOf({ seed: 7, providerOptions: { kie: { google_search: true } }, route })
    assert.match(error?.message ?? '', /would be degraded at Kie \(seed\)$/, 'what is only unchecked is no reason')
  })

  test('is shown with so much of its value as one recognises', () => {
    const [change] = firstOf({ providerOptions: { kie: { google_search: 'x'.repeat(5000) } } }).fidelity.changes
    assert.equal(change?.asked.length, 61)
    assert.ok(change !== undefined && isUnchecked(change))
    const [cut] = firstOf({ providerOptions: { kie: { google_search: `${'x'.repeat(58)}🦊🦊` } } }).fidelity.changes
    assert.equal(cut?.sent, `"${'x'.repeat(58)}…`, 'a character is shown whole or not at all')
  })

  test('counts as documented only where this very model has it', () => {
    const withPicture = { referenceImages: ['https://pictures.example/1.png'], providerOptions: { kie: { nsfw_checker: true } } }
    assert.deepEqual(changedFields(firstOf(withPicture).fidelity.changes), [])
    assert.match(firstOf(withPicture).fidelity.changes[0]?.why ?? '', /no such field for google\/nano-banana-edit/)
    assert.deepEqual(firstOf({ providerOptions: { kie: { nsfw_checker: true } } }).fidelity.changes, [])
  })
})
