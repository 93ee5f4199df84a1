import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { cliRun } from './cli-run.ts'
import { scriptedGateway } from './scripted-gateway.ts'
import { sampleGeneration } from './sample-generation.ts'

/** Nothing listens there; a request that got so far would end with another exit code. */
const nobody = ['--url', 'http://127.0.0.1:1']

const badLines: { name: string; args: string[]; says: RegExp }[] = [
  { name: 'an unknown command', args: ['frobnicate'], says: /unknown command 'frobnicate'/ },
  { name: 'no command', args: [], says: /Usage: darkroom/ },
  { name: 'an unknown flag', args: ['show', 'gen_1', '--nope'], says: /unknown option '--nope'/ },
  { name: 'a missing id', args: ['show'], says: /missing required argument 'id'/ },
  { name: 'a number that is none', args: ['list', '--limit', 'many'], says: /whole number/ },
  { name: 'an address that is none', args: ['list', '--url', 'ftp://x'], says: /--url must be an http\(s\) address/ },
  { name: 'no prompt', args: ['generate', ...nobody], says: /prompt is required for nano-banana/ },
  { name: 'a strength that is none', args: ['generate', 'fox', '--strength', 'much', ...nobody], says: /number from 0 to 1/ },
  { name: 'an empty prompt', args: ['generate', ' ', ...nobody], says: /prompt must not be empty/ },
  { name: 'an oversized prompt', args: ['generate', 'x'.repeat(20_001), ...nobody], says: /prompt .*20,?000/ },
  { name: 'an unknown model', args: ['generate', 'fox', '-m', 'nano-bananna', ...nobody], says: /nano-bananna.*nano-banana/ },
  {
    name: 'a reference image that is not https',
    args: ['generate', 'fox', '-r', 'http://a.example/b.png', ...nobody],
    says: /referenceImages.*https/,
  },
  { name: 'an unsupported aspect ratio', args: ['generate', 'fox', '-a', '7:5', ...nobody], says: /7:5.*16:9/ },
  { name: 'an unknown provider', args: ['generate', 'fox', '-p', 'acme', ...nobody], says: /route\.providers.*kie.*defapi/ },
  { name: 'a label without a value', args: ['generate', 'fox', '--metadata', 'x', ...nobody], says: /key=value/ },
  {
    name: 'a request file that is not there',
    args: ['generate', 'fox', '--request', '/no/such/file', ...nobody],
    says: /cannot be read/,
  },
  { name: 'an output without a wait', args: ['generate', 'fox', '--no-wait', '-o', 'x.png', ...nobody], says: /--no-wait/ },
]

for (const { name, args, says } of badLines) {
  test(`${name} ends with exit code 2, a sentence on stderr and nothing on stdout`, async () => {
    const run = await cliRun(args)
    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, says)
    assert.equal(run.stdout, '')
    assert.doesNotMatch(run.stderr, /\n\s+at /, 'no stack for people')
  })
}

test('help is no error and goes to stdout', async () => {
  const run = await cliRun(['--help'])
  assert.equal(run.exitCode, 0)
  assert.match(run.stdout, /generate .*\n[^]*show /)
  assert.equal(run.stderr, '')
})

test('an address in DARKROOM_URL that is none is blamed on the variable', async () => {
  const run = await cliRun(['list'], { env: { DARKROOM_URL: 'not a url' } })
  assert.equal(run.exitCode, 2)
  assert.match(run.stderr, /^DARKROOM_URL must be/)
})

test('what was typed cannot move the terminal that shows the error', async () => {
  const run = await cliRun(['show', 'x', '--\u001B[2Jnope\u202E'])
  assert.equal(run.exitCode, 2)
  assert.doesNotMatch(run.stderr.trimEnd(), /[\p{Cc}\p{Cf}]/u)
  assert.match(run.stderr, /\\u001b\[2Jnope/)
})

test('every flag of generate arrives in the request', async (t) => {
  const { url, seen } = await scriptedGateway(t, () => ({ json: sampleGeneration() }))
  const args = ['generate', 'a', 'red', 'fox', '--url', url, '-m', 'nano-banana', '-r', 'https://a.example/b.png', '-a', '16:9']
  args.push('--seed', '0', '--output-format', 'png', '-p', 'defapi', '-p', 'kie', '--no-fallback', '--on-unknown', 'fail')
  args.push('--on-overdue', 'wait', '--on-refusal', 'fallback', '--deadline', '120', '--max-paid-attempts', '1')
  args.push('--metadata', 'who=me', '--metadata', 'why=a=b', '--idempotency-key', 'key-1', '--no-wait')
  const run = await cliRun(args)
  assert.equal(run.stderr, '')
  assert.equal(run.exitCode, 0)
  assert.equal(seen[0]?.headers['idempotency-key'], 'key-1')
  assert.deepEqual(JSON.parse(seen[0]?.body ?? ''), {
    model: 'nano-banana',
    prompt: 'a red fox',
    referenceImages: ['https://a.example/b.png'],
    aspectRatio: '16:9',
    seed: 0,
    outputFormat: 'png',
    route: {
      providers: ['defapi', 'kie'],
      fallback: false,
      onUnknown: 'fail',
      onOverdue: 'wait',
      onRefusal: 'fallback',
      deadlineMs: 120_000,
      maxPaidAttempts: 1,
    },
    metadata: { who: 'me', why: 'a=b' },
  })
})

test('a request from a file is sent as it is, and flags win over it', async (t) => {
  const { url, seen } = await scriptedGateway(t, () => ({ json: sampleGeneration() }))
  const file = join(await tempFolder(t), 'request.json')
  await writeFile(file, JSON.stringify({ prompt: 'from the file', seed: 1, route: { fallback: false, maxPaidAttempts: 1 } }))
  const run = await cliRun(['generate', '--url', url, '--request', file, '--seed', '2', '--max-paid-attempts', '2', '--no-wait'])
  assert.equal(run.exitCode, 0)
  assert.deepEqual(JSON.parse(seen[0]?.body ?? ''), {
    model: 'nano-banana',
    prompt: 'from the file',
    seed: 2,
    route: { fallback: false, maxPaidAttempts: 2 },
  })
})
