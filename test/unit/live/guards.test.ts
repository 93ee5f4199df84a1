// Before anything is sent: who may run it, where a key may go, and what is said without `--yes`.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { describePlan, readOptions } from '../../live/options.ts'
import { createPurse } from '../../live/purse.ts'

const paid = ['--provider', 'kie', '--model', 'nano-banana', '--max-cost', '0.10']
const withKey = { KIE_API_KEY: 'a-key', DEFAPI_KEY: 'another-key' }

const refusals: [sentence: string, args: string[], env: Record<string, string>, expected: RegExp][] = [
  ['in CI', [...paid, '--yes'], { ...withKey, CI: 'true' }, /never runs in CI/],
  ['without a key', [...paid, '--yes'], { DEFAPI_KEY: 'the wrong one' }, /KIE_API_KEY is not set/],
  ['without a cap', ['--provider', 'kie', '--yes'], withKey, /--max-cost is missing/],
  ['without a provider', ['--max-cost', '1'], withKey, /--provider must be kie or defapi/],
  ['with a provider that does not exist', ['--provider', 'kei', '--max-cost', '1'], withKey, /--provider must be/],
  ['with a cap that is no amount', ['--provider', 'kie', '--max-cost', 'all'], withKey, /--max-cost wants a number/],
  ['with a cap below zero', ['--provider', 'kie', '--max-cost=-1'], withKey, /--max-cost wants a number/],
  ['with an unknown model', [...paid, '--model', 'nano-bananna'], withKey, /did you mean nano-banana/],
  ['with a model that the provider does not have', [...paid, '--model', 'midjourney'], withKey, /Midjourney|midjourney/],
  ['with a model that needs a picture', [...paid, '--model', 'topaz-image-upscale'], withKey, /topaz-image-upscale/],
  [
    'with a price that nobody knows',
    ['--provider', 'defapi', '--model', 'nano-banana', '--max-cost', '1'],
    withKey,
    /--assume-price/,
  ],
  ['with a base URL elsewhere', [...paid, '--base-url', 'https://api.example'], withKey, /on this machine/],
  ['with an unknown option', [...paid, '--force'], withKey, /--force/],
]

for (const [sentence, args, env, expected] of refusals) {
  test(`refused ${sentence}`, () => {
    assert.throws(() => readOptions(args, env), expected)
  })
}

test('a base URL never gets the key of the environment', () => {
  const options = readOptions([...paid, '--base-url', 'http://127.0.0.1:9100', '--yes'], withKey)
  assert.ok(!Object.values(options).includes('a-key'), 'the real key is in the options')
})

test('recordings go to the home folder or to the data folder that is set, not into the tree', () => {
  const repository = fileURLToPath(new URL('../../../', import.meta.url))
  assert.ok(!readOptions(paid, withKey).outFolder.startsWith(repository), readOptions(paid, withKey).outFolder)
  assert.equal(readOptions(paid, { ...withKey, DARKROOM_DATA_DIR: '/srv/darkroom' }).outFolder, '/srv/darkroom/live')
})

test('the plan names each probe, what is paid, and the price', () => {
  const plan = describePlan(readOptions(paid, withKey)).join('\n')
  assert.match(plan, /PAID {3}one picture by nano-banana, \$0\.0200 by the price list/)
  assert.match(plan, /submit with a wrong key/)
  assert.match(plan, /Nothing was sent\. Say --yes to do it\.$/)
})

test('the cap holds over several submits, and what is not positively refused stays spent', () => {
  const purse = createPurse(0.1)
  for (let task = 0; task < 10; task += 1) assert.ok(purse.setAside(0.01), `no room for task ${task}`)
  assert.ok(!purse.setAside(0.000_001), 'over the cap')
  purse.settle(0.01, { kind: 'unknown', message: '', httpStatus: null })
  purse.settle(0.01, { kind: 'accepted', providerTaskId: 'x' })
  assert.ok(!purse.setAside(0.01), 'an unknown outcome gave money back')
  purse.settle(0.01, { kind: 'refused_final', reason: 'auth', message: '' })
  purse.settle(0.01, { kind: 'not_sent', reason: 'unreachable', message: '' })
  assert.equal(purse.spentUsd(), 0.08)
})

const script = fileURLToPath(new URL('../../live/run.ts', import.meta.url))

function runScript(args: string[], env: Record<string, string>): Promise<{ code: number; stdout: string; stderr: string }> {
  const { PATH = '', HOME = '' } = process.env
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', script, ...args], { env: { PATH, HOME, ...env } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

test('the script itself: without --yes it says what it would do and exits 2, unreachable is 3, in CI it refuses', async (t) => {
  const out = await tempFolder(t)
  const [plan, unreachable, inCi] = await Promise.all([
    runScript(paid, withKey),
    // The port of "discard": nobody listens there.
    runScript([...paid, '--yes', '--base-url', 'http://127.0.0.1:9', '--out', out], {}),
    runScript([...paid, '--yes'], { ...withKey, CI: '1' }),
  ])
  assert.equal(plan.code, 2)
  assert.match(plan.stdout, /^Would ask kie at https:\/\/api\.kie\.ai, at most \$0\.1000 in all:/)
  assert.equal(inCi.code, 2)
  assert.match(inCi.stderr, /never runs in CI/)
  assert.equal(unreachable.code, 3, unreachable.stderr)
})
