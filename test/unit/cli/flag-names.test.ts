// Refusals speak of fields; whoever sits at a command line typed flags.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Command } from 'commander'
import { generationRequestSchema } from '../../../src/catalog/request-schema.ts'
import { fieldsOfFlags } from '../../../src/cli/request-fields.ts'
import { addRequestFlags } from '../../../src/cli/request-options.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { cliRun } from './cli-run.ts'
import { scriptedGateway } from './scripted-gateway.ts'

/** Nothing listens there; a request that got so far would end with another exit code. */
const nobody = ['--url', 'http://127.0.0.1:1']

suite('the table of flags', () => {
  test('has every flag of a request', () => {
    const flags = addRequestFlags(new Command()).options.map((option) => option.attributeName())
    assert.deepEqual(flags.filter((flag) => flag !== 'request').toSorted(), Object.keys(fieldsOfFlags).toSorted())
  })

  test('leads to fields that exist, and to all of them but the prompt', () => {
    const { route, ...shape } = generationRequestSchema.shape
    const fields = [...Object.keys(shape), ...Object.keys(route.unwrap().shape).map((name) => `route.${name}`)]
    assert.deepEqual(Object.values(fieldsOfFlags).toSorted(), fields.filter((field) => field !== 'prompt').toSorted())
  })
})

suite('a refusal names the flag that was typed', () => {
  const cases: [args: string[], line: string][] = [
    [['--max-cost', '0'], '  --max-cost: route.maxCostUsd must be more than 0'],
    [['-p', 'kie', '-p', 'kie'], '  --provider: route.providers must name each provider once'],
    [['-p', 'acme'], '  --provider: route.providers.0 must be one of kie, defapi'],
    [['--deadline', '5'], '  --deadline (in seconds): route.deadlineMs must be at least 10,000'],
    [['-n', '99'], '  --count: count must be at most 16'],
    [['--metadata', `${'k'.repeat(65)}=x`], '  --metadata: metadata has a name that must be at most 64 characters; it has 65'],
    [
      ['-m', 'nano-bananna'],
      '  --model: unknown model "nano-bananna"; did you mean nano-banana or nano-banana-2 or nano-banana-2-lite?',
    ],
  ]
  for (const [args, line] of cases) {
    test(`${args[0]}`, async () => {
      const run = await cliRun(['generate', 'fox', ...args, ...nobody])
      assert.equal(run.exitCode, 2)
      assert.equal(run.stderr, `The request is not acceptable; nothing was sent.\n${line}\n`)
    })
  }

  test('within the columns of a terminal, each field by itself', async () => {
    const args = ['generate', 'fox', '-n', '99', '-p', 'kie', '-p', 'kie', ...nobody]
    const run = await cliRun(args, { isTTY: true, columns: 40 })
    assert.deepEqual(run.stderr.split('\n'), [
      'The request is not acceptable; nothing',
      'was sent.',
      '  --count: count must be at most 16',
      '  --provider: route.providers must name',
      '    each provider once',
      '',
    ])
  })

  test('or could be typed, where something is missing', async () => {
    const run = await cliRun(['generate', '-m', 'recraft-remove-background', ...nobody])
    assert.match(run.stderr, /\n {2}--reference: recraft-remove-background needs at least 1 reference image\n/)
  })

  test('and none for what stands in a request file, unless a flag has replaced it', async (t) => {
    const path = join(await tempFolder(t), 'request.json')
    await writeFile(path, JSON.stringify({ prompt: 'fox', count: 99 }))
    const file = await cliRun(['generate', '--request', path, ...nobody])
    assert.match(file.stderr, /\n {2}count must be at most 16\n/)
    const replaced = await cliRun(['generate', '--request', path, '-n', '98', ...nobody])
    assert.match(replaced.stderr, /\n {2}--count: count must be at most 16\n/)
  })

  test('also when the gateway refuses, and for queries, whose fields are called like the flags', async (t) => {
    const errors = [
      { field: 'referenceImages.0', message: 'referenceImages.0 is gone' },
      { field: 'limit', message: 'limit must be at least 1' },
      { field: 'unheard.of', message: 'is not known here' },
    ]
    const { url } = await scriptedGateway(t, () => ({
      status: 422,
      json: { type: 'x', title: 'x', status: 422, detail: 'Nothing was started.', instance: 'x', errors },
    }))
    const generated = await cliRun(['generate', 'fox', '-r', 'https://a.example/owl.png', '--url', url])
    assert.equal(
      generated.stderr,
      'Nothing was started.\n  --reference: referenceImages.0 is gone\n  limit must be at least 1\n  unheard.of: is not known here\n',
    )
    const listed = await cliRun(['list', '--limit', '0', '--url', url])
    assert.match(listed.stderr, /\n {2}--limit: limit must be at least 1\n/)
  })

  test('in compare, whose flags have other names', async (t) => {
    const { url } = await scriptedGateway(t, () => ({ json: { accounts: [] } }))
    const env = { DARKROOM_DATA_DIR: await tempFolder(t) }
    const run = await cliRun(['compare', '-a', '7:5', '--deadline', '1', '--url', url], { env })
    assert.match(run.stderr, /\n {2}--deadline \(in seconds\): route\.deadlineMs must be at least 10,000\n/)
  })
})
