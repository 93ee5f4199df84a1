import assert from 'node:assert/strict'
import { test } from 'node:test'
import { taskKindSchema } from '../../../src/catalog/model-schema.ts'
import { models } from '../../../src/catalog/models.ts'
import { cliRun } from './cli-run.ts'

const namesIn = (json: string): string[] => {
  const { models: found }: { models: { name: string }[] } = JSON.parse(json)
  return found.map(({ name }) => name)
}

test('models lists every model with its kind and its price at each provider, and needs nothing to run', async () => {
  const run = await cliRun(['models'])
  assert.equal(run.exitCode, 0)
  assert.equal(run.stderr, '')
  for (const { name } of models) assert.ok(run.stdout.includes(` ${name} `), name)
  assert.match(run.stdout, /nano-banana-pro +│ text-to-image +│ \$0\.09 to \$0\.12 +│ price unknown/)
  assert.match(run.stdout, /midjourney +│ text-to-image +│ retired \(seen 2026-08\) +│ price unknown/)
  assert.match(run.stdout, /qwen-image +│ text-to-image +│ \$0\.02 per megapixel +│ no/)
})

test('a list of one kind says that kind first, and what the model does otherwise below it', async () => {
  const { stdout } = await cliRun(['models', '--kind', 'edit'])
  assert.match(stdout, /ideogram-v3 +│ edit +│.*\n│ +│ \+ text-to-image +│/)
  assert.match(stdout, /grok-imagine-2-edit +│ edit +│.*\n│ [a-z]/)
})

test('no list is wider than 80 columns, and nothing in it is cut off there', async () => {
  for (const kind of ['', ...taskKindSchema.options]) {
    const { stdout } = await cliRun(['models', ...(kind === '' ? [] : ['--kind', kind])], { columns: 80 })
    assert.deepEqual(
      stdout.split('\n').filter((line) => line.length > 80 || line.includes('…')),
      [],
      kind,
    )
  }
})

test('models can be chosen by kind, provider and price', async () => {
  const chosen = async (...flags: string[]): Promise<string[]> => namesIn((await cliRun(['models', '--json', ...flags])).stdout)
  assert.deepEqual(await chosen('--kind', 'upscale'), ['recraft-crisp-upscale', 'topaz-image-upscale'])
  assert.ok((await chosen('--provider', 'defapi')).includes('midjourney'))
  assert.ok(!(await chosen('--provider', 'kie')).includes('midjourney'))
  // Described, and never asked for.
  assert.ok(!(await chosen('--provider', 'kie')).includes('grok-imagine-2-segment-map'))
  assert.deepEqual(await chosen('--max-price', '0.005'), ['z-image', 'recraft-crisp-upscale', 'recraft-remove-background'])
  const none = await cliRun(['models', '--kind', 'upscale', '--provider', 'defapi'])
  assert.deepEqual([none.exitCode, none.stdout, none.stderr], [0, '', 'No model is like that.\n'])
})

test('models show has both providers side by side: values, limits, prices, and how much is known', async () => {
  const { stdout } = await cliRun(['models', 'show', 'google/nano-banana-pro'])
  assert.match(stdout, /^nano-banana-pro {2}Nano Banana Pro \(Google\)\n/)
  assert.match(stdout, /Kie +│ DefAPI/)
  assert.match(stdout, /resolution +│ 1K, 2K, 4K +│ 1K, 2K, 4K/)
  assert.match(stdout, /referenceImages +│ 0 to 8, each at most 30 MiB +│ 0 to 4/)
  assert.match(stdout, /\$0\.09 \(1K\), \$0\.09 \(2K\), \$0\.12/)
  assert.match(stdout, /not published/)
  assert.match(stdout, /seen at work, 2026-05/)
  assert.doesNotMatch(stdout, /negativePrompt/, 'what nobody takes is not shown')
})

test('models show says why a provider is missing, and what is never asked for', async () => {
  assert.match((await cliRun(['models', 'show', 'midjourney'])).stdout, /Not at Kie: Kie has retired Midjourney\./)
  assert.match((await cliRun(['models', 'show', 'qwen-image-2.1'])).stdout, /its fields are not known/)
  assert.match((await cliRun(['models', 'show', 'grok-imagine-2-segment-map'])).stdout, /never asked for/)
})

test('models show gives one model as JSON, wherever the flag stands', async () => {
  const after = await cliRun(['models', 'show', 'z-image', '--json'])
  const before = await cliRun(['models', '--json', 'show', 'z-image'])
  assert.equal(after.stdout, before.stdout)
  const { name, kind }: { name: string; kind: string } = JSON.parse(after.stdout)
  assert.deepEqual([name, kind], ['z-image', 'text-to-image'])
})

test('an unknown model, kind, provider or amount ends with exit code 2 and what would be right', async () => {
  for (const [args, says] of [
    [['show', 'nano-bananna'], /unknown model "nano-bananna"; did you mean nano-banana or/],
    [['--kind', 'video'], /upscale, background-removal/],
    [['--provider', 'acme'], /kie, defapi/],
    [['--max-price', 'cheap'], /amount in USD such as 0\.25/],
  ] as const) {
    const run = await cliRun(['models', ...args])
    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, says)
    assert.equal(run.stdout, '')
  }
})
