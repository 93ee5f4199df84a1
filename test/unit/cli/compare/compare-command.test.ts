// darkroom compare against a scripted gateway: what is refused before anything is asked for, and what real money needs.
import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { saveComparison } from '../../../../src/cli/compare/comparison-file.ts'
import { tempFolder } from '../../../helpers/temp-folder.ts'
import type { Ends } from '../../../helpers/at-end.ts'
import type { CliRun } from '../cli-run.ts'
import { cliRun } from '../cli-run.ts'
import type { SeenRequest } from '../scripted-gateway.ts'
import { scriptedGateway } from '../scripted-gateway.ts'
import { sampleComparison } from './sample-comparison.ts'

interface Tried extends CliRun {
  seen: SeenRequest[]
  /** files of comparisons */
  written: string[]
}

const accountOf = (provider: string, mode: string): object => ({ provider, account: 'default', mode })

/** `accounts`: what the gateway says it can ask. A picture that is asked for all the same is refused there. */
async function compare(
  t: Ends,
  args: string[],
  accounts: object[] = [accountOf('kie', 'mock'), accountOf('defapi', 'mock')],
): Promise<Tried> {
  const folder = await tempFolder(t)
  const { url, seen } = await scriptedGateway(t, ({ url: path }) =>
    path === '/v1/providers'
      ? { json: { accounts } }
      : { status: 422, json: { type: 'x', title: 'x', status: 422, detail: 'not in this test', instance: 'x' } },
  )
  const run = await cliRun(['compare', '--url', url, ...args], { env: { DARKROOM_DATA_DIR: folder } })
  return { ...run, seen, written: await readdir(join(folder, 'comparisons')).catch(() => []) }
}

const live = [accountOf('kie', 'live'), accountOf('defapi', 'live')]

suite('compare refuses with exit code 2, before anything is asked for or written down,', () => {
  const cases: [what: string, args: string[], words: RegExp, accounts?: object[]][] = [
    ['a model that does not exist, naming the nearest', ['-m', 'nano-bananna'], /did you mean nano-banana/],
    [
      'a provider that does not exist, naming the nearest',
      ['--providers', 'kie,defap'],
      /no provider "defap"; did you mean defapi\?/,
    ],
    ['a provider that is named twice', ['--providers', 'kie,kie'], /names one of them twice/],
    [
      'a provider that does not offer the model, and says only of that one',
      ['-m', 'midjourney'],
      /^midjourney cannot be asked of Kie, .* Kie has retired Midjourney\. Leave it out with --providers defapi, or see/,
    ],
    [
      'a model that takes no prompt',
      ['-m', 'recraft-remove-background', '--reference', 'https://example.com/a.png'],
      /^recraft-remove-background takes no prompt.* nothing was asked for/,
    ],
    [
      'a value that the model does not take',
      ['-a', '1:99'],
      /The request is not acceptable; nothing was asked for\.\n {2}.*aspectRatio/,
    ],
    ['no runs at all', ['--runs', '0'], /--runs must be from 1 to 1000/],
    ['a cap that no run fits under', ['--max-cost', '0.001'], /not one run could be started within --max-cost/],
    ['a cap of nothing', ['--max-cost', '0'], /--max-cost must be more than 0/],
    ['a prompt file that is not there', ['--prompts', '/no/such/file'], /--prompts: \/no\/such\/file cannot be read/],
    ['a price without a provider', ['--assume-price', '0.03'], /provider=usd such as defapi=0\.03/],
    [
      'a price of a provider that is not compared',
      ['--providers', 'kie', '--assume-price', 'defapi=0.03'],
      /defapi is not among/,
    ],
    [
      'a native field of a provider that is not compared',
      ['--providers', 'kie', '--provider-option', 'defapi.style=flat'],
      /--provider-option: defapi is not among/,
    ],
    ['a provider without a key, and says which', [], /DefAPI cannot be asked there.*DEFAPI_KEY/, [accountOf('kie', 'mock')]],
    ['real keys without a cap', ['--yes'], /real keys: say what all of it may cost at most/, live],
    [
      'real keys and a price that nobody has published',
      ['--yes', '--max-cost', '1'],
      /Nobody has published what DefAPI takes.*--assume-price defapi=/,
      live,
    ],
    ['an id that is none', ['--resume', '../x'], /is named cmp_/],
    ['a comparison that is not there', ['--report', 'cmp_01M8GZD3HWQAV2TF4WPCRNDZ55'], /There is no comparison/],
    [
      'another model for a comparison that has begun',
      ['--resume', 'cmp_01M8GZD3HWQAV2TF4WPCRNDZ55', '-m', 'z-image', '--seed', '3'],
      /leave out --model, --seed/,
    ],
  ]
  for (const [what, args, words, accounts] of cases) {
    test(what, async (t) => {
      const run = await compare(t, args, accounts)
      assert.match(run.stderr, words)
      assert.equal(run.exitCode, 2)
      assert.equal(run.stdout, '')
      assert.deepEqual(
        run.seen.filter(({ method }) => method === 'POST'),
        [],
      )
      assert.deepEqual(run.written, [])
    })
  }
})

test('a prompt that is too long for a model that can do without is told to be too long', async (t) => {
  const path = join(await tempFolder(t), 'prompts.txt')
  await writeFile(path, 'x'.repeat(6_000))
  const args = ['-m', 'seedream-5-pro-layers', '--providers', 'kie', '--reference', 'https://example.com/a.png']
  const run = await compare(t, [...args, '--prompts', path])
  assert.match(run.stderr, /prompt is too long for seedream-5-pro-layers: at most 5,000 characters/)
  assert.equal(run.exitCode, 2)
})

suite('with real keys', () => {
  const args = ['--max-cost', '0.30', '--assume-price', 'defapi=0.03', '--runs', '10']

  test('the worst case is shown, and without a yes nothing is asked for', async (t) => {
    const run = await compare(t, args, live)
    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, /10 runs at each of Kie and DefAPI, 5 prompts \(real money\)/)
    assert.match(
      run.stderr,
      /Kie \$0\.02 \(list price\), DefAPI \$0\.03 \(as you say\); all 20: \$0\.50\. --max-cost \$0\.30 is enough for 1[12] of 20 runs/,
    )
    assert.match(run.stderr, /Nothing was asked for\. Say --yes/)
    assert.deepEqual([run.seen.filter(({ method }) => method === 'POST'), run.written], [[], []])
  })

  test('with it, each run goes to one provider under a key of its own, with the native fields of both', async (t) => {
    const native = ['--provider-option', 'kie.style=flat', '--provider-option', 'defapi.steps=8']
    const run = await compare(t, [...args, ...native, '--yes'], live)
    const [post] = run.seen.filter(({ method }) => method === 'POST')
    assert.match(String(post?.headers['idempotency-key']), /^compare\/cmp_[0-9A-Z]{26}\/(kie|defapi)\/\d+$/)
    assert.match(post?.body ?? '', /"fallback":false,"maxPaidAttempts":1/)
    assert.match(post?.body ?? '', /"providerOptions":\{"kie":\{"style":"flat"\},"defapi":\{"steps":8\}\}/)
    // The scripted gateway refused it: said, reported, and no success.
    assert.equal(run.exitCode, 1)
    assert.match(run.stdout, /0 of 20 runs ended, 20 not started: not in this test/)
  })
})

test('a comparison that began with simulated providers is not gone on with where the keys are real now', async (t) => {
  const folder = await tempFolder(t)
  const comparison = sampleComparison()
  await saveComparison(folder, comparison)
  const { url, seen } = await scriptedGateway(t, () => ({ json: { accounts: live } }))
  const run = await cliRun(['compare', '--url', url, '--resume', comparison.id, '--yes', '--max-cost', '9'], {
    env: { DARKROOM_DATA_DIR: folder },
  })
  assert.equal(run.exitCode, 2)
  assert.match(run.stderr, /began with simulated providers, and the gateway at .* has real keys now: nothing is asked of them/)
  assert.deepEqual(
    seen.map(({ method }) => method),
    ['GET'],
  )
})

test('a prompt that the model does not take is named by its number', async (t) => {
  const folder = await tempFolder(t)
  const path = join(folder, 'prompts.txt')
  await writeFile(path, `a red fox\n${'very '.repeat(2_000)}long\n`)
  const run = await compare(t, ['-m', 'z-image', '--providers', 'kie', '--prompts', path])
  assert.equal(run.exitCode, 2)
  assert.match(run.stderr, /Prompt 2 is not acceptable/)
})

test('a gateway that is not there is exit code 3', async (t) => {
  const run = await cliRun(['compare', '--url', 'http://127.0.0.1:1'], { env: { DARKROOM_DATA_DIR: await tempFolder(t) } })
  assert.equal(run.exitCode, 3)
  assert.match(run.stderr, /nothing listens there/)
})
