import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cliRun } from './cli-run.ts'
import { sampleAttempt, sampleGeneration } from './sample-generation.ts'
import { scriptedGateway } from './scripted-gateway.ts'

/** ESC, a right-to-left override and a tag character. */
const hostile = 'x\u001B[2J\u202Ey\u{E0041}'

const provider = {
  provider: 'kie',
  model: 'google/nano-banana',
  attempts: 12,
  served: 10,
  successShare: 0.8333,
  timeToPictureP50Ms: 2_100,
  timeToPictureP95Ms: 61_000,
  costPerPictureUsd: 0.022,
  costUsd: 0.22,
  measuredUsd: 0.2,
  credits: 44,
  unknown: 2,
  adopted: 1,
  owing: 1,
  extraCharges: 1,
  extraChargesUsd: 0.02,
  unresolved: 0,
}
const stats = {
  from: '2026-11-21T12:00:00.000Z',
  to: '2026-11-22T12:00:00.000Z',
  mode: 'mock',
  generations: { made: 11, completed: 10, failed: 1, cancelled: 0, open: 0 },
  costUsd: 0.22,
  providers: [provider],
  taskConflicts: 1,
}
const budget = {
  tenant: 'team-7',
  period: 'day',
  limitUsd: 1,
  usedUsd: 0.9,
  reservedUsd: 0.12,
  resetsAt: '2026-11-23T00:00:00.000Z',
}
const account = {
  provider: 'kie',
  account: 'default',
  mode: 'mock',
  pause: {
    by: 'provider',
    reason: 'no_credits',
    message: 'the balance is empty',
    since: '2026-11-22T12:00:00.000Z',
    until: null,
  },
  failures: 0,
  breaker: 'closed',
  inWindow: 3,
  inFlight: 2,
  inLine: 5,
  balance: { credits: 180, usd: 0.9, at: '2026-11-22T12:00:00.000Z' },
}
const listed = {
  ...sampleAttempt({ state: 'abandoned', outcome: 'overdue', possibleExtraCharge: true }),
  generationId: 'gen_1',
  tenant: 'team-7',
  createdAt: '2026-11-22T12:00:00.000Z',
}

const cellsOf = (table: string, beginning: string): string[] => {
  const row = table.split('\n').find((line) => line.startsWith(`│ ${beginning}`))
  return (row ?? '').split('│').map((cell) => cell.trim())
}

test('stats asks for the last 24 hours, or for the period and tenant that were named', async (t) => {
  const { url, seen } = await scriptedGateway(t, () => ({ json: stats }))
  const periodOf = async (...args: string[]): Promise<{ from: number; to: number; tenant: string | null }> => {
    assert.equal((await cliRun(['stats', ...args, '--url', url])).exitCode, 0)
    const query = new URL(seen.at(-1)?.url ?? '', url).searchParams
    return { from: Date.parse(query.get('from') ?? ''), to: Date.parse(query.get('to') ?? ''), tenant: query.get('tenant') }
  }
  const day = await periodOf()
  assert.equal(day.to - day.from, 86_400_000)
  assert.ok(Math.abs(day.to - Date.now()) < 30_000)
  const half = await periodOf('--since', '30m', '--tenant', 'team-7')
  assert.deepEqual([half.to - half.from, half.tenant], [1_800_000, 'team-7'])
  const named = await periodOf('--from', '2026-11-01', '--to', '2026-11-02T08:00')
  assert.deepEqual([named.from, named.to], [Date.parse('2026-11-01T00:00Z'), Date.parse('2026-11-02T08:00Z')])
  const before = await periodOf('--since', '1d', '--to', '2026-11-02T08:00+02:00')
  assert.deepEqual([before.from, before.to], [Date.parse('2026-11-01T06:00Z'), Date.parse('2026-11-02T06:00Z')])
})

test('stats prints a row per provider and model, and what somebody must know', async (t) => {
  const { url } = await scriptedGateway(t, () => ({ json: stats }))
  const { stdout } = await cliRun(['stats', '--url', url])
  assert.match(stdout, /11 generations: 10 completed, 1 failed, 0 cancelled, 0 open; cost \$0\.22/)
  assert.deepEqual(cellsOf(stdout, 'kie').slice(1, -1), [
    'kie',
    'google/nano-banana',
    '12',
    '10',
    '83.3 %',
    '2.1 s',
    '1 min 1 s',
    '$0.22 est.',
    '$0.022',
    '2 (1 found)',
    '1',
    '1 ($0.02)',
    '0',
  ])
  assert.match(stdout, /1 attempt got two tasks for one POST: darkroom attempts --filter task_conflict/)
  const json = await cliRun(['stats', '--url', url, '--json'])
  assert.deepEqual(JSON.parse(json.stdout), stats)
})

test('a budget is set, listed and removed, for one tenant or for all together', async (t) => {
  const { url, seen } = await scriptedGateway(t, ({ method }) => {
    if (method === 'DELETE') return { status: 204, text: '' }
    return { json: method === 'GET' ? { budgets: [budget, { ...budget, tenant: '*' }] } : budget }
  })
  const run = async (...args: string[]): Promise<string> => (await cliRun(['budget', ...args, '--url', url])).stdout
  await run('set', 'day', '$1', '--tenant', 'team-7')
  await run('set', 'month', '0.5')
  const list = await run('list')
  assert.match(await run('remove', 'hour'), /The budget of all together for the hour is removed\./)
  assert.deepEqual(
    seen.map(({ method, url: path, body }) => `${method} ${path} ${body}`.trim()),
    [
      'PUT /v1/budgets/team-7/day {"limitUsd":1}',
      'PUT /v1/budgets/*/month {"limitUsd":0.5}',
      'GET /v1/budgets',
      'DELETE /v1/budgets/*/hour',
    ],
  )
  assert.deepEqual(cellsOf(list, 'team-7').slice(1, -1), [
    'team-7',
    'day',
    '$1.00',
    '$0.90',
    '$0.12',
    '-$0.02',
    '2026-11-23 00:00:00Z',
  ])
  assert.equal(cellsOf(list, 'all together')[1], 'all together')
})

test('provider accounts are listed with why they are paused, paused for a time, and resumed', async (t) => {
  const { url, seen } = await scriptedGateway(t, () => ({
    json: { accounts: [account, { ...account, account: 'second', pause: null }] },
  }))
  const { stdout } = await cliRun(['provider', 'list', '--url', url])
  assert.match(stdout, /paused by provider \(no credits\) until resumed/)
  assert.match(stdout, /the balance is empty/)
  assert.deepEqual(cellsOf(stdout, 'kie      │ second').slice(3, -1), ['open', '3', '2', '5', '$0.90'])
  await cliRun(['provider', 'pause', 'kie', '--account', 'second', '--for', '10m', '--reason', 'prices', '--url', url])
  await cliRun(['provider', 'pause', 'defapi', '--url', url])
  await cliRun(['provider', 'resume', 'kie', '--url', url])
  assert.deepEqual(
    seen.slice(1).map(({ method, url: path, body }) => `${method} ${path} ${body}`),
    [
      'POST /v1/providers/kie/pause {"account":"second","forMs":600000,"reason":"prices"}',
      'POST /v1/providers/defapi/pause {}',
      'POST /v1/providers/kie/resume {}',
    ],
  )
})

test('attempts lists every possible extra charge, or what else is asked for, page by page', async (t) => {
  const { url, seen } = await scriptedGateway(t, ({ url: path }) => ({
    json: { attempts: path.includes('owing') ? [] : [listed], nextCursor: path.includes('owing') ? null : 'abc' },
  }))
  const first = await cliRun(['attempts', '--url', url])
  assert.equal(seen[0]?.url, '/v1/attempts?filter=possible_extra&limit=20')
  for (const says of [/gen_1 /, /12:00:00Z team-7/, /kie default/, /task-1/, /deadline passed; owing:/, /\+ possibly charged/])
    assert.match(first.stdout, says)
  assert.ok(
    first.stdout.split('\n').every((line) => line.length <= 120),
    'long sentences are wrapped',
  )
  assert.match(first.stderr, /--filter possible_extra --cursor abc/)
  const none = await cliRun(['attempts', '--filter', 'owing', '--url', url])
  assert.equal(none.stdout, '')
  assert.match(none.stderr, /No attempt waits to be looked up/)
})

test('what a gateway sends is printable, whatever is in it', async (t) => {
  const nasty = (value: object): object =>
    Object.fromEntries(Object.entries(value).map(([name, each]) => [name, typeof each === 'string' ? hostile : each]))
  const { url } = await scriptedGateway(t, ({ url: path }) => {
    if (path.startsWith('/v1/stats')) return { json: { ...nasty(stats), providers: [nasty(provider)] } }
    if (path.startsWith('/v1/budgets')) return { json: { budgets: [nasty(budget)] } }
    if (path.startsWith('/v1/attempts')) return { json: { attempts: [nasty(listed)], nextCursor: hostile } }
    return { json: { accounts: [{ ...nasty(account), pause: nasty(account.pause) }] } }
  })
  for (const args of [['stats'], ['budget', 'list'], ['attempts'], ['provider', 'list']]) {
    for (const json of [[], ['--json']]) {
      const run = await cliRun([...args, ...json, '--url', url])
      assert.equal(run.exitCode, 0, `${args.join(' ')}: ${run.stderr}`)
      assert.doesNotMatch((run.stdout + run.stderr).replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u, args.join(' '))
      assert.match(run.stdout, /202e/)
    }
  }
})

for (const args of [
  ['stats', '--since', 'yesterday'],
  ['stats', '--since', '24h', '--from', '2026-11-01'],
  ['stats', '--from', '2026-13-01'],
  ['stats', '--from', '2026-11-02', '--to', '2026-11-01'],
  ['budget', 'set', 'week', '1'],
  ['budget', 'set', 'day', '-1'],
  ['budget', 'set', 'day', '1,50'],
  ['budget', 'set', 'day', '1', '--tenant', 'a/b'],
  ['provider', 'pause', 'midjourney'],
  ['provider', 'pause', 'kie', '--for', '10'],
  ['attempts', '--filter', 'all'],
  ['generate', 'fox', '--max-cost', 'much'],
  ['generate', 'fox', '--max-cost', '0'],
  ['generate', 'fox', '--priority', '9'],
  ['generate', 'fox', '--tenant', 'a b'],
]) {
  test(`${args.join(' ')}: exit code 2, a sentence, and nothing is asked`, async (t) => {
    const { url, seen } = await scriptedGateway(t, () => ({ json: {} }))
    const run = await cliRun([...args, '--url', url])
    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, /must be|Allowed choices are|leave one out|such as|begins/)
    assert.deepEqual(seen, [])
  })
}

for (const args of [
  ['stats'],
  ['attempts'],
  ['budget', 'list'],
  ['budget', 'remove', 'day'],
  ['provider', 'list'],
  ['provider', 'resume', 'kie'],
]) {
  test(`${args.join(' ')} ends with exit code 3 when nothing listens, and says what would help`, async () => {
    const run = await cliRun([...args, '--url', 'http://127.0.0.1:1'])
    assert.equal(run.exitCode, 3)
    assert.match(run.stderr, /is not reachable \(nothing listens there\)\. Start it with `darkroom dev`/)
  })
}

test('over budget is exit code 1 with the sentence of the gateway; a budget that is not there is 2', async (t) => {
  const problem = (status: number, detail: string) => ({ status, json: { type: 'x', title: 'x', status, detail, instance: 'r' } })
  const { url } = await scriptedGateway(t, ({ method }) =>
    method === 'DELETE' ? problem(404, 'There is no such budget.') : problem(402, 'The budget of team-7 has no room.'),
  )
  const generate = await cliRun(['generate', 'fox', '--tenant', 'team-7', '--url', url])
  assert.equal(generate.exitCode, 1)
  assert.match(generate.stderr, /^The budget of team-7 has no room\.$/m)
  const remove = await cliRun(['budget', 'remove', 'day', '--url', url])
  assert.equal(remove.exitCode, 2)
  assert.match(remove.stderr, /There is no such budget/)
})

test('generate sends tenant, cost limit, place in line and spares as the request has them', async (t) => {
  const { url, seen } = await scriptedGateway(t, () => ({ json: sampleGeneration() }))
  const flags = ['--tenant', 'team-7', '--max-cost', '0.05', '--priority', '1', '--max-queue', '90', '--keep-spares']
  assert.equal((await cliRun(['generate', 'fox', ...flags, '--url', url])).exitCode, 0)
  assert.deepEqual(JSON.parse(seen[0]?.body ?? ''), {
    model: 'nano-banana',
    prompt: 'fox',
    tenant: 'team-7',
    route: { maxCostUsd: 0.05, maxQueueMs: 90_000, priority: 1, keepSpares: true },
  })
})
