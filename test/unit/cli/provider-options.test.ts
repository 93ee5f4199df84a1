// Native fields of a provider from the command line.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../../helpers/temp-folder.ts'
import type { CliRun } from './cli-run.ts'
import { cliRun } from './cli-run.ts'
import { sampleGeneration } from './sample-generation.ts'
import { scriptedGateway } from './scripted-gateway.ts'

/** What a gateway was asked for as native fields; and the run, whether or not it came so far. */
async function optionsOf(
  t: Parameters<typeof scriptedGateway>[0],
  ...args: string[]
): Promise<{ run: CliRun; options: unknown }> {
  const { url, seen } = await scriptedGateway(t, () => ({ json: sampleGeneration() }))
  const run = await cliRun(['generate', 'fox', '--no-wait', '-m', 'ideogram-v3', '--url', url, ...args])
  const body: Record<string, unknown> = JSON.parse(seen.at(-1)?.body ?? '{}')
  return { run, options: body['providerOptions'] }
}

const given = (...values: string[]): string[] => values.flatMap((value) => ['--provider-option', value])

test('a value is JSON where it parses, else text, and each is a field of its provider', async (t) => {
  const values = given(
    'kie.style=DESIGN',
    'kie.expand_prompt=false',
    'kie.other="8"',
    'kie.palette=["a=b"]',
    'defapi.steps=8',
    'defapi.note=',
  )
  const { run, options } = await optionsOf(t, ...values)
  assert.equal(run.exitCode, 0, run.stderr)
  assert.deepEqual(options, {
    kie: { style: 'DESIGN', expand_prompt: false, other: '8', palette: ['a=b'] },
    defapi: { steps: 8, note: '' },
  })
})

test('a flag replaces the same field of a request file, and no other', async (t) => {
  const path = join(await tempFolder(t), 'request.json')
  await writeFile(path, JSON.stringify({ providerOptions: { kie: { style: 'GENERAL', other: 1 }, defapi: { steps: 8 } } }))
  const { run, options } = await optionsOf(t, '--request', path, ...given('kie.style=DESIGN'))
  assert.equal(run.exitCode, 0, run.stderr)
  assert.deepEqual(options, { kie: { style: 'DESIGN', other: 1 }, defapi: { steps: 8 } })
})

test('a flag does not hide that the request file has no object where one belongs', async (t) => {
  const path = join(await tempFolder(t), 'request.json')
  for (const [file, args, field] of [
    [{ providerOptions: 'DESIGN' }, given('kie.style=DESIGN'), 'providerOptions'],
    [{ providerOptions: { kie: [1] } }, given('kie.style=DESIGN'), 'providerOptions.kie'],
    [{ route: 'kie' }, ['--max-cost', '1'], 'route'],
  ] as const) {
    await writeFile(path, JSON.stringify(file))
    const { run, options } = await optionsOf(t, '--request', path, ...args)
    assert.deepEqual([run.exitCode, options], [2, undefined], field)
    assert.match(run.stderr, new RegExp(`${field} must be an object`))
  }
})

const refused: [what: string, value: string, words: RegExp][] = [
  ['without a provider', 'style=DESIGN', /It must be kie\.FIELD=VALUE or defapi\.FIELD=VALUE/],
  ['of a provider that does not exist', 'kei.style=DESIGN', /It must be kie\.FIELD=VALUE or defapi\.FIELD=VALUE/],
  ['without a value', 'kie.style', /It must be kie\.FIELD=VALUE/],
  ['with more digits than a number holds', 'kie.id=12345678901234567890', /would be changed as a number/],
  ['that is ours to set', 'kie.callback_url=https://evil.example', /providerOptions\.kie\.callback_url cannot be set here/],
  ['that would change what an object is', 'kie.__proto__={"a":1}', /a member whose name must not be __proto__/],
  ['that the catalogue knows better', 'kie.style=NOPE', /providerOptions\.kie\.style.*DESIGN/],
]
for (const [what, value, words] of refused) {
  test(`an option ${what} is refused before anything is sent`, async (t) => {
    const { run, options } = await optionsOf(t, ...given(value))
    assert.equal(run.exitCode, 2, run.stderr)
    assert.match(run.stderr, words)
    assert.equal(options, undefined)
  })
}
