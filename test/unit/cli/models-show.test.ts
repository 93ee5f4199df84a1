// `models show` on a terminal of 80 columns, as people read it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listModels } from '../../../src/catalog/list-models.ts'
import { createPaint } from '../../../src/cli/render/colours.ts'
import { renderModel } from '../../../src/cli/render/models.ts'

const plain = createPaint(false)

function shown(name: string): string {
  const model = listModels().find((each) => each.name === name)
  assert.ok(model !== undefined, name)
  return renderModel(model, plain, 80)
}

test('every model fits on 80 columns', () => {
  for (const { name } of listModels()) {
    const tooLong = shown(name)
      .split('\n')
      .filter((line) => line.length > 80)
    assert.deepEqual(tooLong, [], name)
  }
})

test('what is sent where a parameter is left out stands below its values, and so does what the provider assumes', () => {
  assert.match(
    shown('gpt-image-1.5'),
    /│ quality +│ medium, high +│ medium, high +│\n│ +│ left out: medium is sent +│ left out: medium is sent +│/,
  )
  assert.match(shown('flux-kontext-pro'), /│ outputFormat +│ jpeg, png +│\n│ +│ left out: Kie assumes jpeg +│/)
  assert.match(shown('gpt-image-2'), /│ quality +│ high +│\n│ +│ left out: DefAPI decides +│/)
  assert.match(shown('qwen-image-3'), /│ seed +│ yes .*\n│ +│ left out: Kie assumes 1 /)
})

test('of a number that nobody names nothing is said but that it is taken', () => {
  assert.match(shown('ideogram-v3'), /│ seed +│ yes +│ yes +│\n│ negativePrompt/)
})

test('a native field says it in the same words', () => {
  assert.match(shown('topaz-image-upscale'), /upscale_factor \(1, 2, 4; left out: 2 is sent\)/)
  assert.match(shown('flux-kontext-pro'), /safetyTolerance \(0 to 6; left out: 2\)/)
})
