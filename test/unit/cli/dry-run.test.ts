import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { PlannedSubmit, PlanPreview } from '../../../src/contract/index.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { makePng } from '../storage/samples.ts'
import { routePolicy } from '../../helpers/route-policy.ts'
import { cliRun } from './cli-run.ts'
import { scriptedGateway } from './scripted-gateway.ts'

const hostile = 'x\u001B[2J\u009B31m\u202Ey\u{E0041}'
const png = makePng({ width: 31, height: 7 })
const unprintable = /[\p{Cc}\p{Cf}]/u

function entry(changes: Partial<PlannedSubmit> = {}): PlannedSubmit {
  return {
    provider: 'kie',
    model: 'google/nano-banana',
    canonicalModel: 'nano-banana',
    hasKey: true,
    tasks: 1,
    itemSeeds: null,
    request: {
      method: 'POST',
      url: 'https://api.example/api/v1/jobs/createTask',
      headers: { 'content-type': 'application/json', authorization: 'Bearer ***' },
      body: { model: 'google/nano-banana', input: { prompt: 'a red fox' } },
    },
    fidelity: { level: 'exact', changes: [] },
    price: { usd: 0.02, credits: 4, source: 'list' },
    typicalDurationMs: null,
    attemptDeadlineMs: 600_000,
    ...changes,
  }
}

function samplePlan(changes: Partial<PlanPreview> = {}): PlanPreview {
  return {
    mode: 'mock',
    tenant: 'default',
    model: 'nano-banana',
    prompt: 'a red fox',
    count: 1,
    route: [entry()],
    left: [],
    decisions: [{ decision: 'route kie', because: 'AI_PROVIDER puts kie first' }],
    policy: routePolicy,
    deadlineMs: 1_800_000,
    missingUploads: [],
    worstCaseUsd: 0.04,
    budgets: [],
    ...changes,
  }
}

test('a dry run asks for the plan of the very request, and for nothing else', async (t) => {
  const { url, seen } = await scriptedGateway(t, () => ({ json: { plan: samplePlan() } }))
  const run = await cliRun(['generate', '--dry-run', '--prefer', 'fastest', '--seed', '3', 'a red fox', '--url', url])
  assert.equal(run.exitCode, 0)
  assert.deepEqual(
    seen.map(({ method, url: path, body }) => [method, path, JSON.parse(body)]),
    [['POST', '/v1/plans', { model: 'nano-banana', prompt: 'a red fox', seed: 3, route: { prefer: 'fastest' } }]],
  )
  assert.equal(run.stderr, '')
})

test('route, changes, price, budgets, policy and bodies are shown, within 80 columns but for whole sentences', async (t) => {
  const change = { field: 'seed', asked: '3', sent: null, why: 'DefAPI takes no seed for this model' }
  const plan = samplePlan({
    route: [
      entry({ typicalDurationMs: 13_000 }),
      entry({
        provider: 'defapi',
        model: 'google/gemini-3.1-flash-image-preview',
        fidelity: { level: 'degraded', changes: [change] },
        price: { usd: null, credits: null, source: 'unknown' },
      }),
    ],
    budgets: [
      {
        tenant: '*',
        period: 'day',
        limitUsd: 1,
        usedUsd: 0.97,
        reservedUsd: 0,
        wantedUsd: 0.04,
        hasRoom: false,
        resetsAt: '2026-11-29T00:00:00.000Z',
      },
    ],
  })
  const { url } = await scriptedGateway(t, () => ({ json: { plan } }))
  const { stdout } = await cliRun(['generate', '--dry-run', 'a red fox', '--url', url])
  assert.ok(
    stdout.startsWith(`Dry run: nothing was sent, reserved or written (simulated providers, no real money)
┌───┬──────────┬───────────────────────────────────────┬──────────┬────────────┐
│ # │ Provider │ Model                                 │ Fidelity │ List price │
├───┼──────────┼───────────────────────────────────────┼──────────┼────────────┤
│ 1 │ kie      │ google/nano-banana                    │ exact    │      $0.02 │
│ 2 │ defapi   │ google/gemini-3.1-flash-image-preview │ degraded │          – │
└───┴──────────┴───────────────────────────────────────┴──────────┴────────────┘
Prompt     a red fox
Change     #2 defapi: seed 3 → not sent: DefAPI takes no seed for this model
Decision   route kie: AI_PROVIDER puts kie first
At most    $0.04
Budget     all tenants per day: no room: it would be refused ($0.97 used and $0.00 reserved of $1.00, anew at 2026-11-29 00:00:00Z)
Policy     at most 2 paid attempts; no answer: fallback; overdue: fallback; content refused: fail
Typically  #1 13.0 s
Deadlines  30 min in all; #1 10 min, #2 10 min
In line    at most 2 min, with priority 3

#1 kie  POST https://api.example/api/v1/jobs/createTask
content-type: application/json
authorization: Bearer ***
{
  "model": "google/nano-banana",
  "input": {
    "prompt": "a red fox"
  }
}
`),
    stdout,
  )
  for (const line of stdout.split('\n').filter((each) => /^[┌│├└]/.test(each))) assert.ok(line.length <= 80, line)
})

test('several pictures: how many tasks at which price, and the seeds that tell them apart', async (t) => {
  const seeded = entry({ tasks: 3, itemSeeds: { field: 'seed', values: [7, 8, 9] } })
  const { url } = await scriptedGateway(t, () => ({ json: { plan: samplePlan({ count: 3, route: [seeded] }) } }))
  const { stdout } = await cliRun(['generate', '--dry-run', '--count', '3', 'a red fox', '--url', url])
  assert.match(stdout, /│ 1 │ kie +│ google\/nano-banana │ exact +│ +3 × \$0\.02 │/)
  assert.match(stdout, /^Pictures +3$/m)
  assert.match(stdout, /^Tasks +#1: seed 7 to 9, one for each$/m)
})

test('a picture on this machine is named and not sent', async (t) => {
  const path = join(await tempFolder(t), 'fox.png')
  await writeFile(path, png)
  const sha256 = createHash('sha256').update(png).digest('hex')
  const name = `upload:${sha256}`
  const { url, seen } = await scriptedGateway(t, () => ({ json: { plan: samplePlan({ missingUploads: [name] }) } }))
  const run = await cliRun(['generate', '--dry-run', '-r', path, 'a red fox', '--url', url])
  assert.equal(run.exitCode, 0, run.stderr)
  assert.deepEqual(
    seen.map(({ method, url: asked }) => `${method} ${asked}`),
    [`POST /v1/plans?uploadSizes=${sha256}:${png.length}:31x7`],
  )
  assert.deepEqual(JSON.parse(seen[0]?.body ?? ''), { model: 'nano-banana', prompt: 'a red fox', referenceImages: [name] })
  assert.match(run.stdout, /^Upload +upload:[0-9a-f]{64} is not at the gateway yet, and would be sent first$/m)
})

test('an upload that the gateway does not have, and that nobody would send, is refused as the request itself would be', async (t) => {
  const name = `upload:${'a'.repeat(64)}`
  const { url } = await scriptedGateway(t, () => ({ json: { plan: samplePlan({ missingUploads: [name] }) } }))
  const run = await cliRun(['generate', '--dry-run', '-r', name, 'a red fox', '--url', url])
  assert.deepEqual([run.exitCode, run.stdout], [2, ''])
  assert.match(run.stderr, new RegExp(`^The gateway at .* has no ${name}, so nothing was asked for\\. Send the file with`))
})

test('--json is the plan as the gateway gave it, and nothing moves the terminal', async (t) => {
  const plan = samplePlan({ prompt: hostile, route: [entry({ model: hostile, hasKey: false })] })
  const { url } = await scriptedGateway(t, () => ({ json: { plan } }))
  const json = await cliRun(['generate', '--dry-run', '--json', 'fox', '--url', url], { isTTY: true })
  assert.deepEqual(JSON.parse(json.stdout), plan)
  const text = await cliRun(['generate', '--dry-run', 'fox', '--url', url])
  assert.match(text.stdout, /No key +this gateway has none for kie/)
  for (const { stdout } of [json, text]) assert.doesNotMatch(stdout.replaceAll('\n', ''), unprintable)
})

test('on a terminal of 80 columns no fact is wider; bodies stay as they are sent', async (t) => {
  const prompt = 'a red fox in the snow, photographed from very near with a long lens on an old camera, low sun'
  const decisions = [
    { decision: 'leave out defapi', because: `with seedream-4 in its place ${'it does not offer it '.repeat(5)}` },
  ]
  const { url } = await scriptedGateway(t, () => ({ json: { plan: samplePlan({ prompt, decisions }) } }))
  const args = ['generate', '--dry-run', 'fox', '--url', url]
  const narrow = (await cliRun(args, { columns: 80 })).stdout
  const [facts = ''] = narrow.split('\n\n')
  assert.deepEqual(
    facts.split('\n').filter((line) => line.length > 80),
    [],
  )
  assert.match(facts, /\nPrompt {5}a red fox [^\n]*\n {11}[^\n]*low sun\n/)
  // Into a file nothing is broken, so that it can be searched line by line.
  const wide = (await cliRun(args)).stdout
  assert.ok(wide.includes(prompt), wide)
  assert.equal(narrow.slice(facts.length), wide.slice(wide.indexOf('\n\n')))
})

test('what is refused is exit code 2, here or at the gateway, and a dry run saves no picture', async (t) => {
  const detail = 'Nothing was started. Not acceptable: route.providers'
  const { url, seen } = await scriptedGateway(t, () => ({
    status: 422,
    json: { detail, errors: [{ field: 'route.providers', message: 'no provider can make this' }] },
  }))
  const refused = await cliRun(['generate', '--dry-run', 'fox', '--url', url])
  assert.equal(refused.exitCode, 2)
  assert.match(refused.stderr, /\n {2}--provider: no provider can make this\n/)
  const mistyped = await cliRun(['generate', '--dry-run', '--prefer', 'quickest', 'fox', '--url', url])
  assert.equal(mistyped.exitCode, 2)
  assert.match(mistyped.stderr, /route\.prefer must be one of order, cheapest, fastest, steadiest/)
  const saved = await cliRun(['generate', '--dry-run', '--output', 'fox.png', 'fox', '--url', url])
  assert.equal(saved.exitCode, 2)
  assert.match(saved.stderr, /leave out --dry-run/)
  assert.equal(seen.length, 1)
})

test('another answer than a plan is not taken for one', async (t) => {
  for (const json of [{}, { plan: {} }, { plan: { route: [], decisions: [] } }]) {
    const { url } = await scriptedGateway(t, () => ({ json }))
    assert.equal((await cliRun(['generate', '--dry-run', 'fox', '--url', url])).exitCode, 3)
  }
})

test('a native field that nobody documents is shown as unchecked, and the entry stays exact', async (t) => {
  const why = 'Kie documents no such field for google/nano-banana: it is sent unchecked, and may be ignored'
  const change = { field: 'providerOptions.kie.google_search', asked: 'true', sent: 'true', why }
  const plan = samplePlan({ route: [entry({ fidelity: { level: 'exact', changes: [change] } })] })
  const { url } = await scriptedGateway(t, () => ({ json: { plan } }))
  const { stdout } = await cliRun(['generate', '--dry-run', 'a red fox', '--url', url])
  assert.match(stdout, /│ exact +│/)
  assert.ok(stdout.includes(`\nUnchecked  #1 kie: providerOptions.kie.google_search true: ${why}\n`), stdout)
})
