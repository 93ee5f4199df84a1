// What is said to count where a request leaves a parameter out, against the bodies that such requests really become.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { leftOutOf } from '../../../src/catalog/left-out.ts'
import { listModels } from '../../../src/catalog/list-models.ts'
import { models, nativesOf, providerNames, referenceLimits } from '../../../src/catalog/models.ts'
import { carriersOf, choiceNames, choicesOf, parameterNames } from '../../../src/catalog/native-draft.ts'
import { buildNativeInput } from '../../../src/catalog/native-input.ts'
import type { GenerationRequest } from '../../../src/contract/index.ts'

const natives = models.flatMap((model) =>
  providerNames.flatMap((provider) => nativesOf(model, provider).map((native) => ({ model, provider, native }))),
)

function leftOutAt(name: string, provider: 'kie' | 'defapi', at = 0) {
  return listModels().find((model) => model.name === name)?.providers[provider]?.natives[at]?.leftOut
}

test('what is said to be sent is in the body of a request that says nothing, and nothing else is', () => {
  let sent = 0
  for (const { model, provider, native } of natives) {
    const request: GenerationRequest = {
      model: model.name,
      ...(carriersOf(native, 'prompt').length === 0 ? {} : { prompt: 'a fox' }),
      referenceImages: Array.from({ length: referenceLimits(native).min }, (_, at) => `https://pictures.example/${at}.png`),
      ...(carriersOf(native, 'mask').length === 0 ? {} : { mask: 'https://pictures.example/mask.png' }),
      ...(native.fields['task_id'] === undefined ? {} : { providerOptions: { kie: { task_id: 't1' } } }),
    }
    const built = buildNativeInput(provider, native, request)
    assert.ok(built.kind === 'built', `${model.name}: ${JSON.stringify(built)}`)
    const said = leftOutOf(native)
    for (const name of parameterNames) {
      if (name === 'prompt' || name === 'referenceImages' || name === 'mask' || name === 'negativePrompt') continue
      const [carrier] = carriersOf(native, name)
      if (carrier === undefined) continue
      const value = said[name]?.sent ?? null
      if (value !== null) sent += 1
      const choice = choiceNames.find((each) => each === name)
      const theirs = value === null || choice === undefined ? value : (choicesOf(native, choice).get(value) ?? value)
      const inBody = z.union([z.string(), z.number(), z.boolean()]).optional().parse(built.input[carrier])
      assert.equal(inBody === undefined ? null : String(inBody), theirs, `${model.name} at ${provider}: ${name}`)
    }
  }
  assert.ok(sent > 20, `only ${sent} values are sent`)
})

test('a value is said in our words, whatever the provider calls it', () => {
  assert.deepEqual(leftOutAt('ideogram-v3', 'kie')?.quality, { sent: 'medium', assumed: null })
  assert.deepEqual(leftOutAt('ideogram-v3', 'kie', 1)?.quality, { sent: null, assumed: 'medium' })
  assert.deepEqual(leftOutAt('seedream-4', 'kie')?.aspectRatio, { sent: null, assumed: '1:1' })
  assert.deepEqual(leftOutAt('seedream-5-pro', 'kie')?.resolution, { sent: '1K', assumed: null })
  assert.deepEqual(leftOutAt('wan-2.7', 'kie')?.count, { sent: '1', assumed: null })
  assert.deepEqual(leftOutAt('seedream-5-pro-layers', 'kie')?.resolution, { sent: null, assumed: 'auto' })
})

test('what nobody documents is not guessed, and what a provider does not take is not spoken of', () => {
  assert.deepEqual(leftOutAt('nano-banana', 'defapi'), { aspectRatio: { sent: null, assumed: null } })
  assert.deepEqual(leftOutAt('midjourney', 'defapi')?.aspectRatio, { sent: null, assumed: null })
  assert.deepEqual(leftOutAt('recraft-crisp-upscale', 'kie'), {})
})

test('a default that depends on more than a value is said in words', () => {
  assert.equal(leftOutAt('flux-kontext-pro', 'kie')?.aspectRatio?.assumed, '16:9, or the ratio of the picture that is edited')
})
