import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../../helpers/eventually.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { cliRun, startCli } from './cli-run.ts'
import { sampleAttempt, sampleGeneration } from './sample-generation.ts'
import { scriptedGateway } from './scripted-gateway.ts'

/** ESC, a C1 control, a right-to-left override and a tag character. */
const hostile = 'x\u001B[2J\u009B31m\u202Ey\u{E0041}'
/** Controls and format characters; the layout's own line breaks are taken out first. */
const unprintable = /[\p{Cc}\p{Cf}]/u
const withoutBreaks = (text: string): string => text.replaceAll('\n', '')

const problem = (status: number, detail: string, errors: object[] = []): { status: number; json: unknown } => ({
  status,
  json: {
    type: 'urn:darkroom:problem:x',
    title: 'x',
    status,
    detail,
    instance: 'req_1',
    ...(errors.length > 0 ? { errors } : {}),
  },
})

for (const args of [['generate', 'fox'], ['show', 'gen_1'], ['list'], ['cancel', 'gen_1']]) {
  test(`${args[0]} ends with exit code 3 when nothing listens, and says what would help`, async () => {
    const run = await cliRun([...args, '--url', 'http://127.0.0.1:1', '--json'])
    assert.equal(run.exitCode, 3)
    assert.match(
      run.stderr,
      /^The gateway at http:\/\/127\.0\.0\.1:1 is not reachable \(nothing listens there\)\. Start it with `darkroom dev`/,
    )
    assert.equal(run.stdout, '')
  })
}

test('something else that answers is not taken for a gateway', async (t) => {
  const answers = [
    { text: '<html>hello</html>' },
    { json: { hello: 'world' } },
    { status: 404, text: 'nope' },
    { status: 502, text: '<html>' },
  ]
  for (const answer of answers) {
    const { url } = await scriptedGateway(t, () => answer)
    const run = await cliRun(['show', 'gen_1', '--url', url])
    assert.equal(run.exitCode, 3)
    assert.match(run.stderr, /is not a darkroom gateway/)
  }
})

test('a gateway that cannot serve now is exit code 3, a wrong id is 2, an ended generation is 1', async (t) => {
  const cases = [
    { answer: problem(503, 'The ledger does not answer.'), exitCode: 3 },
    { answer: problem(404, 'There is no generation with this id.'), exitCode: 2 },
    { answer: problem(409, 'The generation is completed and stays so.'), exitCode: 1 },
  ]
  for (const { answer, exitCode } of cases) {
    const { url } = await scriptedGateway(t, () => answer)
    const run = await cliRun(['cancel', 'gen_1', '--url', url])
    assert.equal(run.exitCode, exitCode)
    assert.match(run.stderr, /does not answer|no generation|stays so/)
  }
})

test('fields that the gateway refuses are listed', async (t) => {
  const { url } = await scriptedGateway(t, () =>
    problem(422, 'Not acceptable: prompt.', [{ field: 'prompt', message: 'is too rude' }]),
  )
  const run = await cliRun(['generate', 'fox', '--url', url])
  assert.equal(run.exitCode, 2)
  assert.match(run.stderr, /prompt: is too rude/)
})

test('generate waits for the end and prints it', async (t) => {
  const { url, seen } = await scriptedGateway(t, (_, count) => ({
    json: sampleGeneration(count < 3 ? { status: 'waiting', images: [], finishedAt: null, servedBy: null } : {}),
  }))
  const run = await cliRun(['generate', 'fox', '--url', url])
  assert.equal(run.exitCode, 0)
  assert.deepEqual(
    seen.map(({ method, url: path }) => `${method} ${path}`),
    ['POST /v1/generations', 'GET /v1/generations/gen_1', 'GET /v1/generations/gen_1'],
  )
  assert.match(run.stderr, /kie is making the picture/)
  assert.match(run.stdout, /gen_1 {2}completed in 2\.5 s/)
  assert.match(run.stdout, new RegExp(`${url}/v1/generations/gen_1/images/0`))
  assert.match(run.stdout, /image\/png, 768 × 768, 403 KiB/)
  assert.match(run.stdout, /http:\/\/127\.0\.0\.1:8233\/namespaces\/default\/workflows\/gen_1/)
})

test('--json is exactly one document on stdout, also while progress is shown', async (t) => {
  const { url } = await scriptedGateway(t, (_, count) => ({
    json: sampleGeneration(count < 3 ? { status: 'submitting' } : { prompt: hostile }),
  }))
  const run = await cliRun(['generate', 'fox', '--url', url, '--json'], { isTTY: true })
  assert.deepEqual(JSON.parse(run.stdout), sampleGeneration({ prompt: hostile }))
  assert.doesNotMatch(withoutBreaks(run.stdout), unprintable)
  assert.match(run.stderr, /submitting to kie/)
})

test('a failed generation is exit code 1, and why is printed', async (t) => {
  const failed = sampleGeneration({
    status: 'failed',
    servedBy: null,
    images: [],
    failure: { type: 'ContentRefused', message: 'kie refused the prompt' },
  })
  const { url } = await scriptedGateway(t, () => ({ json: failed }))
  const run = await cliRun(['generate', 'fox', '--url', url])
  assert.equal(run.exitCode, 1)
  assert.match(run.stdout, /ContentRefused: kie refused the prompt/)
  // Looking at a failed one is no failure.
  assert.equal((await cliRun(['show', 'gen_1', '--url', url])).exitCode, 0)
})

test('--no-wait prints what was accepted and does not ask again', async (t) => {
  const { url, seen } = await scriptedGateway(t, () => ({
    status: 202,
    json: sampleGeneration({ status: 'planning', attempts: [], images: [] }),
  }))
  const run = await cliRun(['generate', 'fox', '--url', url, '--no-wait'])
  assert.equal(run.exitCode, 0)
  assert.equal(seen.length, 1)
})

test('Ctrl-C while waiting ends the waiting and not the generation', async (t) => {
  const { url, seen } = await scriptedGateway(t, () => ({ json: sampleGeneration({ status: 'waiting' }) }))
  const cli = startCli(['generate', 'fox', '--url', url])
  await eventually(() => assert.equal(cli.isListening(), true))
  cli.stop()
  const run = await cli.ended
  assert.equal(run.exitCode, 130)
  assert.match(run.stderr, /darkroom show gen_1/)
  assert.ok(seen.every(({ method, url: path }) => method === 'GET' || path === '/v1/generations'))
})

test('a gateway that is away for a moment while we wait is waited for', async (t) => {
  const { url } = await scriptedGateway(t, (_, count) => {
    if (count === 2) return problem(503, 'restarting')
    return { json: sampleGeneration(count < 4 ? { status: 'waiting' } : {}) }
  })
  const run = await cliRun(['generate', 'fox', '--url', url])
  assert.equal(run.exitCode, 0)
  assert.match(run.stderr, /the gateway does not answer, still trying/)
})

test('--output saves the stored bytes', async (t) => {
  const { url } = await scriptedGateway(t, ({ url: path }) =>
    path.endsWith('/images/0') ? { text: 'the bytes' } : { json: sampleGeneration() },
  )
  const file = join(await tempFolder(t), 'fox.png')
  const run = await cliRun(['generate', 'fox', '--url', url, '-o', file, '--json'])
  assert.equal(run.exitCode, 0)
  assert.equal(await readFile(file, 'utf8'), 'the bytes')
  assert.equal(JSON.parse(run.stdout).id, 'gen_1')
})

test('a table never carries a control or format character of a provider, a prompt or an id', async (t) => {
  const nasty = sampleGeneration({
    id: hostile,
    prompt: hostile,
    attempts: [sampleAttempt({ outcome: 'failed', message: hostile, providerTaskId: hostile, model: hostile })],
    failure: { type: 'InputRefused', message: hostile },
    decisions: [{ at: '', decision: hostile, because: hostile }],
    fidelity: { level: 'adapted', changes: [{ field: hostile, asked: hostile, sent: hostile, why: hostile }] },
    links: { self: hostile, temporal: hostile },
  })
  const { url } = await scriptedGateway(t, ({ url: path }) => ({
    json: path.includes('?') ? { generations: [nasty], nextCursor: hostile } : nasty,
  }))
  for (const args of [['show', 'x'], ['list'], ['cancel', 'x'], ['show', 'x', '--json'], ['list', '--json']]) {
    const run = await cliRun([...args, '--url', url])
    assert.equal(run.exitCode, 0)
    assert.doesNotMatch(withoutBreaks(run.stdout + run.stderr), unprintable, args.join(' '))
    assert.match(run.stdout, /\\u202e/)
  }
})

test('the list asks for what was asked, and says how to go on', async (t) => {
  const { url, seen } = await scriptedGateway(t, () => ({ json: { generations: [sampleGeneration()], nextCursor: 'abc' } }))
  const run = await cliRun(['list', '--status', 'completed', '--limit', '1', '--cursor', 'xyz'], {
    env: { DARKROOM_URL: `${url}/` },
  })
  assert.equal(run.exitCode, 0)
  assert.equal(seen[0]?.url, '/v1/generations?limit=1&status=completed&cursor=xyz')
  assert.match(run.stdout, /gen_1/)
  assert.match(run.stderr, /--cursor abc/)
})

test('colours are for terminals, and NO_COLOR turns them off', async (t) => {
  const { url } = await scriptedGateway(t, () => ({ json: sampleGeneration() }))
  const show = ['show', 'gen_1', '--url', url]
  const colour = /\p{Cc}\[\d+m/u
  assert.match((await cliRun(show, { isTTY: true })).stdout, colour)
  assert.doesNotMatch((await cliRun(show)).stdout, colour)
  assert.doesNotMatch((await cliRun(show, { isTTY: true, env: { NO_COLOR: '1' } })).stdout, colour)
  assert.match((await cliRun(show, { isTTY: true, env: { NO_COLOR: '' } })).stdout, colour)
})
