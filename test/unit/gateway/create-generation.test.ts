import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Generation } from '../../../src/contract/index.ts'
import type { Problem } from '../../../src/gateway/problem.ts'
import type { GatewayDeps } from '../../../src/gateway/gateway-deps.ts'
import { describeAt, goodRequest, links, startGateway, type TestGateway } from './start-gateway.ts'
import { eventually } from '../../helpers/eventually.ts'

const url = '/v1/generations'

function create({ app }: TestGateway, headers: Record<string, string> = {}, payload: unknown = goodRequest) {
  return app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', ...headers },
    payload: JSON.stringify(payload),
  })
}

test('a picture that is asked for is written down, started once, and answered with its address', async (t) => {
  const gateway = await startGateway(t)
  const answer = await create(gateway)
  assert.equal(answer.statusCode, 202)
  const generation = answer.json<Generation>()
  assert.match(generation.id, /^gen_[0-9A-HJKMNP-TV-Z]{26}$/)
  assert.equal(answer.headers.location, `/v1/generations/${generation.id}`)
  assert.equal(generation.status, 'planning')
  assert.equal(generation.mode, 'mock')
  assert.deepEqual(generation.links, {
    self: `/v1/generations/${generation.id}`,
    temporal: `http://temporal.test/${generation.id}`,
  })
  assert.deepEqual([...gateway.temporal.started.entries()], [[generation.id, goodRequest]])
  assert.equal(gateway.ledger.generations.get(generation.id)?.idempotencySha256, null)
  assert.equal(answer.headers['idempotent-replayed'], undefined)
})

test('the row is written before the workflow is started', async (t) => {
  const gateway = await startGateway(t)
  let rowsAtStart = -1
  gateway.temporal.before = async () => void (rowsAtStart = gateway.ledger.generations.size)
  await create(gateway)
  assert.equal(rowsAtStart, 1)
})

for (const [what, keys, request, says] of [
  ['the only provider of the model has no key', ['defapi'], { model: 'z-image' }, /Kie has no key: KIE_API_KEY is not set/],
  [
    'the cost is limited and nobody has a list price',
    ['kie', 'defapi'],
    { model: 'midjourney', route: { maxCostUsd: 1 } },
    /no list price for it, and route\.maxCostUsd limits the cost/,
  ],
] as const) {
  test(`nobody could be asked, since ${what}: refused at once, and nothing is written or started`, async (t) => {
    const door = (name: 'kie' | 'defapi') => ({
      name,
      readCallback: () => ({ ok: false, status: 400, message: '' }) as const,
      describeSubmit: describeAt('http://provider.test'),
      references: links,
      accounts: (keys as readonly string[]).includes(name) ? ['default'] : [],
    })
    const providers: GatewayDeps['providers'] = new Map([
      ['kie', door('kie')],
      ['defapi', door('defapi')],
    ])
    const gateway = await startGateway(t, { deps: { providers } })
    const answer = await create(gateway, {}, { prompt: 'a fox', ...request })
    assert.equal(answer.statusCode, 422)
    assert.match(answer.json<Problem>().errors?.[0]?.message ?? '', says)
    assert.deepEqual([gateway.ledger.generations.size, gateway.temporal.started.size], [0, 0])
  })
}

test('the same key with the same body is the same generation, and says that it is a replay', async (t) => {
  const gateway = await startGateway(t)
  const first = await create(gateway, { 'idempotency-key': 'order 17' })
  // the same request, its members in another order
  const second = await create(
    gateway,
    { 'idempotency-key': 'order 17' },
    { prompt: goodRequest.prompt, model: goodRequest.model },
  )
  assert.equal(first.statusCode, 202)
  assert.equal(second.statusCode, 202)
  assert.equal(first.headers['idempotent-replayed'], undefined)
  assert.equal(second.headers['idempotent-replayed'], 'true')
  assert.equal(second.json<Generation>().id, first.json<Generation>().id)
  assert.match(first.json<Generation>().id, /^gen_[0-9A-HJKMNP-TV-Z]{26}$/)
  assert.equal(gateway.temporal.started.size, 1)
  // the key itself is not kept: callers put order numbers and worse into it
  assert.match(gateway.ledger.generations.get(first.json<Generation>().id)?.idempotencySha256 ?? '', /^[0-9a-f]{64}$/)
})

test('a replay of a generation that has ended is answered with 200 and starts nothing', async (t) => {
  const gateway = await startGateway(t)
  const { id } = (await create(gateway, { 'idempotency-key': 'k' })).json<Generation>()
  gateway.ledger.end(id, 'completed')
  const replay = await create(gateway, { 'idempotency-key': 'k' })
  assert.equal(replay.statusCode, 200)
  assert.equal(replay.json<Generation>().status, 'completed')
  assert.deepEqual(gateway.temporal.startCalls, [id])
})

test('a replay starts the workflow that an earlier request died before starting', async (t) => {
  const gateway = await startGateway(t)
  const { id } = (await create(gateway, { 'idempotency-key': 'k' })).json<Generation>()
  gateway.temporal.started.clear()
  assert.equal((await create(gateway, { 'idempotency-key': 'k' })).statusCode, 202)
  assert.deepEqual([...gateway.temporal.started.keys()], [id])
})

test('the same key with another body is refused and starts nothing', async (t) => {
  const gateway = await startGateway(t)
  await create(gateway, { 'idempotency-key': 'k' })
  const other = await create(gateway, { 'idempotency-key': 'k' }, { ...goodRequest, prompt: 'a blue fox' })
  assert.equal(other.statusCode, 422)
  assert.equal(other.json<Problem>().type, 'urn:darkroom:problem:idempotency_key_reused')
  assert.equal(gateway.temporal.startCalls.length, 1)
})

test('fifty requests with one key at the same time make one generation', async (t) => {
  const gateway = await startGateway(t)
  const answers = await Promise.all(Array.from({ length: 50 }, () => create(gateway, { 'idempotency-key': 'same' })))
  assert.deepEqual([...new Set(answers.map(({ statusCode }) => statusCode))], [202])
  assert.equal(new Set(answers.map((answer) => answer.json<Generation>().id)).size, 1)
  assert.equal(gateway.temporal.started.size, 1)
  assert.equal(answers.filter(({ headers }) => headers['idempotent-replayed'] === undefined).length, 1)
})

test('two keys are two generations, and a key is not cut short', async (t) => {
  const gateway = await startGateway(t)
  const long = 'k'.repeat(254)
  const answers = [
    await create(gateway, { 'idempotency-key': `${long}a` }),
    await create(gateway, { 'idempotency-key': `${long}b` }),
  ]
  assert.equal(new Set(answers.map((answer) => answer.json<Generation>().id)).size, 2)
})

for (const [what, key] of [
  ['an empty', ''],
  ['a too long', 'k'.repeat(256)],
  ['a non-ASCII', 'schlüssel'],
  ['a tabbed', 'a\tb'],
] as const) {
  test(`${what} Idempotency-Key is refused by name`, async (t) => {
    const gateway = await startGateway(t)
    const answer = await create(gateway, { 'idempotency-key': key })
    assert.equal(answer.statusCode, 400)
    assert.equal(answer.json<Problem>().errors?.[0]?.field, 'Idempotency-Key')
    assert.deepEqual(gateway.ledger.calls, [])
  })
}

for (const [what, body, field] of [
  ['an empty prompt', { ...goodRequest, prompt: ' ' }, 'prompt'],
  ['an oversized prompt', { ...goodRequest, prompt: 'x'.repeat(100_000) }, 'prompt'],
  ['an unknown model', { ...goodRequest, model: 'nano-banan' }, 'model'],
  ['an unsupported aspect ratio', { ...goodRequest, aspectRatio: '7:3' }, 'aspectRatio'],
  [
    'a reference image that is not https',
    { ...goodRequest, referenceImages: ['http://a.example.com/b.png'] },
    'referenceImages.0',
  ],
  [
    'a reference image on a name for a private address',
    { ...goodRequest, referenceImages: ['https://a.example.com/a.png', 'https://127.0.0.1.nip.io/b.png'] },
    'referenceImages.1',
  ],
  ['a NUL in the prompt', { ...goodRequest, prompt: 'a\0b' }, 'prompt'],
  ['half a surrogate pair', { ...goodRequest, metadata: { order: '\ud800' } }, 'metadata.order'],
  ['a field that does not exist', { ...goodRequest, tenantId: 'x' }, 'tenantId'],
  ['a list', [goodRequest], ''],
  ['a string', 'fox', ''],
  ['null', null, ''],
] as const) {
  test(`${what} is refused with the name of the field, and nothing is written or started`, async (t) => {
    const gateway = await startGateway(t)
    const answer = await create(gateway, {}, body)
    assert.equal(answer.statusCode, 422, answer.body)
    const problem = answer.json<Problem>()
    assert.equal(problem.type, 'urn:darkroom:problem:invalid_request')
    assert.ok(
      (problem.errors ?? []).some((error) => error.field === field && error.message.length > 0),
      answer.body,
    )
    assert.deepEqual(gateway.ledger.calls, [])
    assert.deepEqual(gateway.temporal.startCalls, [])
  })
}

test('an unknown model is answered with the nearest names', async (t) => {
  const gateway = await startGateway(t)
  const problem = (await create(gateway, {}, { ...goodRequest, model: 'nano-banan' })).json<Problem>()
  assert.match(problem.errors?.[0]?.message ?? '', /nano-banana/)
  assert.ok((problem.errors?.[0]?.allowed ?? []).includes('nano-banana'))
})

test('a body nested a hundred thousand levels deep is refused and breaks nothing', async (t) => {
  const gateway = await startGateway(t)
  const depth = 100_000
  const answer = await gateway.app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    payload: `{"model":"nano-banana","prompt":"x","providerOptions":{"kie":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}}`,
  })
  assert.equal(answer.statusCode, 422)
})

for (const [what, payload, status] of [
  ['broken JSON', '{"model":', 400],
  ['JSON with __proto__', '{"model":"nano-banana","prompt":"x","__proto__":{"a":1}}', 400],
  ['bytes that are not UTF-8', Buffer.from('{"model":"nano-banana","prompt":"\xff"}', 'latin1'), 400],
  ['no body at all', '', 422],
] as const) {
  test(`${what} is refused with ${status}`, async (t) => {
    const gateway = await startGateway(t)
    const headers = { 'content-type': 'application/json' }
    const answer = await gateway.app.inject({ method: 'POST', url, headers, payload })
    assert.equal(answer.statusCode, status, answer.body)
    assert.deepEqual(gateway.ledger.calls, [])
  })
}

test('a byte order mark in front of the body does no harm', async (t) => {
  const gateway = await startGateway(t)
  const payload = Buffer.from(`\uFEFF${JSON.stringify(goodRequest)}`)
  const answer = await gateway.app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json' }, payload })
  assert.equal(answer.statusCode, 202)
})

for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml']) {
  test(`a body of type ${type} is refused with 415`, async (t) => {
    const gateway = await startGateway(t)
    assert.equal((await create(gateway, { 'content-type': type })).statusCode, 415)
  })
}

test('a compressed body is refused with 415 and says what is taken', async (t) => {
  const gateway = await startGateway(t)
  const answer = await create(gateway, { 'content-encoding': 'gzip' })
  assert.equal(answer.statusCode, 415)
  assert.equal(answer.headers['accept-encoding'], 'identity')
})

test('with the ledger down nothing is started, and the caller is told when to come back', async (t) => {
  const gateway = await startGateway(t)
  gateway.ledger.isDown = true
  const answer = await create(gateway, { 'idempotency-key': 'k' })
  assert.equal(answer.statusCode, 503)
  assert.equal(answer.json<Problem>().type, 'urn:darkroom:problem:ledger_unavailable')
  assert.match(String(answer.headers['retry-after']), /^\d+$/)
  assert.deepEqual(gateway.temporal.startCalls, [])
})

test('with Temporal down the row is taken back, and the same key works afterwards', async (t) => {
  const gateway = await startGateway(t)
  gateway.temporal.isDown = true
  const refused = await create(gateway, { 'idempotency-key': 'k' })
  assert.equal(refused.statusCode, 503)
  assert.equal(refused.json<Problem>().type, 'urn:darkroom:problem:temporal_unavailable')
  assert.match(String(refused.headers['retry-after']), /^\d+$/)
  assert.equal(gateway.ledger.generations.size, 0)
  // the key must stay usable: a cancelled generation would spoil it
  assert.deepEqual(gateway.temporal.cancels, [])
  gateway.temporal.isDown = false
  assert.equal((await create(gateway, { 'idempotency-key': 'k' })).statusCode, 202)
  assert.equal(gateway.temporal.started.size, 1)
})

test('a start without an answer and without a key is told to stop, because nobody knows its id', async (t) => {
  const gateway = await startGateway(t)
  gateway.temporal.isDown = true
  assert.equal((await create(gateway)).statusCode, 503)
  assert.deepEqual(gateway.temporal.cancels, gateway.temporal.startCalls)
  assert.equal(gateway.temporal.cancels.length, 1)
})

test('a start that arrived although its answer was lost is accepted, not asked for again', async (t) => {
  const gateway = await startGateway(t)
  gateway.temporal.isDown = true
  // the workflow runs and has been planned before the gateway gives up
  gateway.temporal.before = async () => gateway.ledger.plan(gateway.temporal.startCalls[0] ?? '')
  const answer = await create(gateway)
  assert.equal(answer.statusCode, 202)
  assert.equal(answer.json<Generation>().status, 'submitting')
  assert.deepEqual(gateway.temporal.cancels, [])
})

test('a replay whose start fails does not take the row of the first request away', async (t) => {
  const gateway = await startGateway(t)
  await create(gateway, { 'idempotency-key': 'k' })
  gateway.temporal.isDown = true
  assert.equal((await create(gateway, { 'idempotency-key': 'k' })).statusCode, 503)
  assert.equal(gateway.ledger.generations.size, 1)
})

test('once it is started, a ledger that cannot be read does not make the caller pay again', async (t) => {
  const gateway = await startGateway(t)
  gateway.ledger.canRead = false
  const answer = await create(gateway)
  assert.equal(answer.statusCode, 202)
  assert.equal(answer.json<Generation>().status, 'planning')
  assert.equal(answer.json<Generation>().id, gateway.temporal.startCalls[0])
})

test('Prefer: wait answers 200 as soon as the generation has ended', async (t) => {
  const gateway = await startGateway(t)
  const pending = create(gateway, { prefer: 'respond-async, wait=30' })
  const id = await eventually(() => {
    const [started] = gateway.temporal.started.keys()
    assert.ok(started !== undefined)
    return started
  })
  gateway.ledger.end(id, 'completed')
  const answer = await pending
  assert.equal(answer.statusCode, 200)
  assert.equal(answer.json<Generation>().status, 'completed')
  assert.equal(answer.headers['preference-applied'], 'wait=30')
})

test('Prefer: wait answers 202 when the time is over, and says that it has waited', async (t) => {
  const gateway = await startGateway(t, { limits: { maxWaitMs: 1_000 } })
  const begunMs = performance.now()
  const answer = await create(gateway, { prefer: 'wait=600' })
  assert.equal(answer.statusCode, 202)
  assert.equal(answer.headers['preference-applied'], 'wait=1')
  assert.ok(performance.now() - begunMs >= 990)
  assert.ok(gateway.ledger.calls.length > 10, 'it has looked more than once')
})

test('a caller that finds the waiting room full gets its 202 at once', async (t) => {
  const gateway = await startGateway(t, { limits: { maxWaiters: 1 } })
  const first = create(gateway, { prefer: 'wait=30', 'idempotency-key': 'a' })
  await eventually(() => assert.ok(gateway.ledger.calls.length > 3))
  const second = await create(gateway, { prefer: 'wait=30', 'idempotency-key': 'b' })
  assert.equal(second.statusCode, 202)
  assert.equal(second.headers['preference-applied'], undefined)
  for (const id of gateway.temporal.started.keys()) gateway.ledger.end(id, 'failed')
  assert.equal((await first).statusCode, 200)
})

for (const prefer of ['wait=abc', 'wait', 'wait=-1', 'return=minimal']) {
  test(`a preference that is not understood (${prefer}) is left alone`, async (t) => {
    const gateway = await startGateway(t)
    const answer = await create(gateway, { prefer })
    assert.equal(answer.statusCode, 202)
    assert.equal(answer.headers['preference-applied'], undefined)
  })
}
