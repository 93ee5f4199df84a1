import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GenerationRequest, PlanPreview } from '../../../src/contract/index.ts'
import type { GatewayDeps } from '../../../src/gateway/gateway-deps.ts'
import type { Problem } from '../../../src/gateway/problem.ts'
import { planPreviewSchema } from '../../../src/gateway/routes/preview-plan.ts'
import type { TrackRecord } from '../../../src/ledger/track-records-port.ts'
import { describeAt, goodRequest, links, startGateway, type TestGateway } from './start-gateway.ts'

function preview({ app }: TestGateway, request: unknown, query = '') {
  return app.inject({
    method: 'POST',
    url: `/v1/plans${query}`,
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(request),
  })
}

async function planOf(gateway: TestGateway, request: GenerationRequest): Promise<PlanPreview> {
  const answer = await preview(gateway, request)
  assert.equal(answer.statusCode, 200, answer.body)
  return answer.json<{ plan: PlanPreview }>().plan
}

const track = (provider: 'kie' | 'defapi', pictureMs: number): TrackRecord => ({
  provider,
  model: 'google/nano-banana',
  judged: 50,
  succeeded: 50,
  timesToPictureMs: Array.from({ length: 50 }, () => pictureMs),
  measured: 50,
  costP50Usd: 0.02,
})

test('a plan has route, bodies, price and policy, and hides the sealed part of the callback address', async (t) => {
  const gateway = await startGateway(t)
  const request = { ...goodRequest, aspectRatio: '16:9', seed: 3, route: { maxQueueMs: 5_000 } }
  const plan = await planOf(gateway, request)
  assert.deepEqual(plan.route[0], {
    provider: 'kie',
    model: 'google/nano-banana',
    canonicalModel: 'nano-banana',
    hasKey: true,
    tasks: 1,
    itemSeeds: null,
    request: {
      method: 'POST',
      url: 'http://kie.test',
      headers: { authorization: 'Bearer ***' },
      body: {
        model: 'google/nano-banana',
        input: { aspect_ratio: '16:9', prompt: goodRequest.prompt },
        callbackUrl: 'http://gateway.test/v1/callbacks/kie/***',
      },
    },
    fidelity: {
      level: 'degraded',
      changes: [{ field: 'seed', asked: '3', sent: null, why: 'Kie takes no seed for this model' }],
    },
    price: { usd: 0.02, credits: 4, source: 'list' },
    typicalDurationMs: null,
    attemptDeadlineMs: 600_000,
  })
  assert.deepEqual(plan.route[1]?.price, { usd: null, credits: null, source: 'unknown' })
  assert.deepEqual(plan.policy, {
    fallback: true,
    onUnknown: 'fallback',
    onOverdue: 'fallback',
    onRefusal: 'fail',
    maxPaidAttempts: 2,
    maxCostUsd: null,
    maxQueueMs: 5_000,
    priority: 3,
    keepSpares: false,
  })
  assert.deepEqual([plan.worstCaseUsd, plan.deadlineMs, plan.tenant, plan.mode], [0.04, 1_800_000, 'default', 'mock'])
  assert.deepEqual(plan.decisions, [{ decision: 'route kie, then defapi', because: 'AI_PROVIDER puts kie first' }])
  // Parsing takes away what the document does not know.
  assert.deepEqual(planPreviewSchema.parse(plan), plan)
})

test('several pictures are one task where the model takes the number, else one task for each, told apart by their seeds', async (t) => {
  const gateway = await startGateway(t)
  const tasksOf = async (model: string) => {
    const request: GenerationRequest = { model, prompt: 'a fox', seed: 7, count: 3 }
    const { route, worstCaseUsd } = await planOf(gateway, request)
    const sent = route.map(({ provider, tasks, itemSeeds, request: { body } }) => ({
      provider,
      tasks,
      itemSeeds,
      input: body['input'],
    }))
    return { sent, worstCaseUsd }
  }
  const split = await tasksOf('imagen-4-fast')
  const itemSeeds = { field: 'seed', values: [7, 8, 9] }
  assert.deepEqual(split.sent[0], { provider: 'kie', tasks: 3, itemSeeds, input: { prompt: 'a fox', seed: 7 } })
  assert.deepEqual(
    (await tasksOf('wan-2.7')).sent.map(({ provider, tasks, itemSeeds: seed }) => ({ provider, tasks, seed })),
    [
      { provider: 'kie', tasks: 1, seed: null },
      { provider: 'defapi', tasks: 3, seed: null },
    ],
  )
  const nano = await tasksOf('nano-banana')
  assert.deepEqual([nano.sent[0]?.tasks, nano.worstCaseUsd], [3, 0.12])
})

test('nothing is written, reserved or started: the ledger is only asked for its budgets', async (t) => {
  const gateway = await startGateway(t)
  await planOf(gateway, goodRequest)
  assert.deepEqual(gateway.ledger.calls, ['listBudgets'])
  assert.deepEqual(gateway.temporal.startCalls, [])
})

test('a preference reads the recent attempts that it needs, and orders the route', async (t) => {
  const gateway = await startGateway(t)
  gateway.ledger.tracks = [track('kie', 9_800), track('defapi', 4_100)]
  const plan = await planOf(gateway, { ...goodRequest, route: { prefer: 'fastest' } })
  assert.deepEqual([...new Set(gateway.ledger.calls)], ['readTrackRecords', 'listBudgets'])
  assert.deepEqual(
    plan.route.map(({ provider }) => provider),
    ['defapi', 'kie'],
  )
  assert.deepEqual(plan.decisions, [
    { decision: 'route defapi, then kie', because: 'the request prefers the fastest' },
    {
      decision: 'prefer fastest: defapi before kie',
      because: 'defapi p50 4.1 s (4.1 to 4.1) of 50, kie p50 9.8 s (9.8 to 9.8) of 50',
    },
  ])
})

test('what would be reserved follows the preference, here and when the picture is asked for', async (t) => {
  const gateway = await startGateway(t)
  gateway.ledger.tracks = [track('kie', 4_100), track('defapi', 9_800)]
  const request: GenerationRequest = {
    ...goodRequest,
    route: { providers: ['defapi', 'kie'], prefer: 'fastest', fallback: false },
  }
  assert.equal((await planOf(gateway, request)).worstCaseUsd, 0.02)
  const created = await gateway.app.inject({ method: 'POST', url: '/v1/generations', payload: request })
  assert.equal(created.statusCode, 202)
  assert.equal([...gateway.ledger.generations.values()][0]?.worstCaseUsd, 0.02, 'defapi alone would have no price')
})

test('the budgets that apply say whether there is room', async (t) => {
  const gateway = await startGateway(t)
  for (const [tenant, period, limitUsd] of [
    [null, 'day', 0.29],
    ['default', 'hour', 0.2899],
    ['team-7', 'hour', 0],
  ] as const)
    await gateway.ledger.setBudget({ mode: 'mock', tenant, period }, limitUsd)
  const { budgets } = await planOf(gateway, goodRequest)
  assert.deepEqual(
    budgets.map(({ tenant, period, usedUsd, wantedUsd, hasRoom }) => ({ tenant, period, usedUsd, wantedUsd, hasRoom })),
    [
      { tenant: '*', period: 'day', usedUsd: 0.25, wantedUsd: 0.04, hasRoom: true },
      { tenant: 'default', period: 'hour', usedUsd: 0.25, wantedUsd: 0.04, hasRoom: false },
    ],
  )
  const unpriced = await planOf(gateway, { ...goodRequest, route: { providers: ['defapi'] } })
  assert.deepEqual([unpriced.worstCaseUsd, unpriced.budgets.map(({ hasRoom }) => hasRoom)], [null, [false, false]])
})

test('what a generation would be refused for, a plan is refused for, in the same words', async (t) => {
  const gateway = await startGateway(t)
  for (const request of [
    {},
    { ...goodRequest, model: 'mid-journey' },
    { ...goodRequest, route: { prefer: 'dearest' } },
    { ...goodRequest, referenceImages: ['https://127.0.0.1/fox.png'] },
  ]) {
    const refused = await preview(gateway, request)
    assert.equal(refused.statusCode, 422)
    assert.match(String(refused.headers['content-type']), /application\/problem\+json/)
    const { instance: _one, ...plan } = refused.json<Problem>()
    const created = await gateway.app.inject({ method: 'POST', url: '/v1/generations', payload: request })
    const { instance: _other, ...generation } = created.json<Problem>()
    assert.deepEqual(plan, generation)
  }
})

test('a request that no provider can take is refused, since its generation would fail at once', async (t) => {
  const gateway = await startGateway(t)
  const refused = await preview(gateway, { ...goodRequest, model: 'midjourney', route: { providers: ['kie'] } })
  assert.equal(refused.statusCode, 422)
  const { errors = [] } = refused.json<Problem>()
  assert.equal(errors[0]?.field, 'route.providers')
  assert.match(errors[0]?.message ?? '', /Kie has retired Midjourney/)
})

const withAccounts = (kie: string[], defapi: string[]): Partial<GatewayDeps> => {
  const readCallback = () => ({ ok: false, status: 400, message: '' }) as const
  const describeSubmit = describeAt('http://provider.test')
  return {
    providers: new Map([
      ['kie', { name: 'kie', readCallback, describeSubmit, references: links, accounts: kie }],
      ['defapi', { name: 'defapi', readCallback, describeSubmit, references: links, accounts: defapi }],
    ]),
  }
}

test('a provider without a key is left out; a gateway without any key shows all, and says that it has none', async (t) => {
  const one = await planOf(await startGateway(t, { deps: withAccounts([], ['default']) }), goodRequest)
  assert.deepEqual(
    one.route.map(({ provider, hasKey }) => [provider, hasKey]),
    [['defapi', true]],
  )
  assert.deepEqual(one.left, [{ provider: 'kie', because: 'has no key: KIE_API_KEY is not set' }])
  const none = await planOf(await startGateway(t, { deps: withAccounts([], []) }), goodRequest)
  assert.deepEqual(
    none.route.map(({ provider, hasKey }) => [provider, hasKey]),
    [
      ['kie', false],
      ['defapi', false],
    ],
  )
})

test('poll only: no body has a callback address', async (t) => {
  const plan = await planOf(await startGateway(t, { deps: { callbackUrlOf: () => null } }), goodRequest)
  for (const { request } of plan.route) assert.ok(!JSON.stringify(request).includes('callback'), JSON.stringify(request))
})

test('uploads stand in the bodies by their names; those that are not here are said, and the size of the others counts', async (t) => {
  const gateway = await startGateway(t, { deps: { callbackUrlOf: () => null } })
  const [here, missing, large] = ['a', 'b', 'c'].map((digit) => `upload:${digit.repeat(64)}`)
  assert.ok(here !== undefined && missing !== undefined && large !== undefined)
  const shape = { contentType: 'image/png', width: 1, height: 1 }
  await gateway.ledger.addUpload({ ...shape, sha256: 'a'.repeat(64), sizeBytes: 1_000 })
  await gateway.ledger.addUpload({ ...shape, sha256: 'c'.repeat(64), sizeBytes: 5_000_000 })
  const plan = await planOf(gateway, { ...goodRequest, referenceImages: [here, missing] })
  assert.deepEqual(plan.missingUploads, [missing])
  assert.deepEqual(plan.route[0]?.request.body['input'], { image_urls: [here, missing], prompt: goodRequest.prompt })
  assert.deepEqual(
    plan.route.map(({ provider }) => provider),
    ['kie', 'defapi'],
  )
  const larger = await planOf(gateway, { ...goodRequest, referenceImages: [large] })
  assert.deepEqual([larger.route.length, larger.missingUploads], [1, []])
  assert.match(larger.left[0]?.because ?? '', /^cannot reach this service for the pictures/)
  assert.ok(!gateway.ledger.calls.includes('createGeneration'))
})

test('the size of an upload that the caller has and has not sent counts as if it were here', async (t) => {
  const gateway = await startGateway(t)
  const [name, other] = ['a', 'b'].map((digit) => `upload:${digit.repeat(64)}`)
  const request = { ...goodRequest, referenceImages: [name] }
  const sized = (sizeBytes: number) => `?uploadSizes=${'a'.repeat(64)}:${sizeBytes}`
  const small = await preview(gateway, request, sized(1_000))
  const large = await preview(gateway, request, sized(12_000_000))
  const routeOf = (answer: typeof small) => answer.json<{ plan: PlanPreview }>().plan
  assert.deepEqual(
    routeOf(small).route.map(({ provider }) => provider),
    ['kie', 'defapi'],
  )
  assert.deepEqual(
    routeOf(large).route.map(({ provider }) => provider),
    ['defapi'],
  )
  assert.match(routeOf(large).left[0]?.because ?? '', /^wants referenceImages\.0 to have at most 10 MiB, and it has 11\.5 MiB/)
  assert.deepEqual(routeOf(large).missingUploads, [name])
  const refused = await preview(gateway, { model: 'recraft-remove-background', referenceImages: [name] }, sized(12_000_000))
  assert.equal(refused.statusCode, 422)
  const tiny = await preview(
    gateway,
    { model: 'recraft-remove-background', referenceImages: [name] },
    `${sized(1_000)}:31x700,${'b'.repeat(64)}:9`,
  )
  assert.equal(tiny.statusCode, 422)
  assert.match(tiny.body, /it has 31 × 700, and must have 256 to 4,096 pixels on each side at Kie/)
  // As the command line sends it of a picture of one row.
  assert.equal(routeOf(await preview(gateway, request, `${sized(1_000)}:120000x1`)).route.length, 2)
  // Of pictures that the request does not name nothing is asked.
  assert.equal(routeOf(await preview(gateway, { ...request, referenceImages: [other] }, sized(12_000_000))).route.length, 2)
  for (const query of ['?uploadSizes=a:1', `?uploadSizes=${'a'.repeat(64)}:1:31`, `?uploadSizes=${'a'.repeat(64)}`, '?sizes=1'])
    assert.equal((await preview(gateway, request, query)).statusCode, 400, query)
})

test('a ledger that is away is 503, as everywhere', async (t) => {
  const gateway = await startGateway(t)
  gateway.ledger.isDown = true
  for (const route of [{}, { prefer: 'fastest' }]) {
    const answer = await preview(gateway, { ...goodRequest, route })
    assert.equal(answer.statusCode, 503)
    assert.equal(answer.headers['retry-after'], '5')
  }
  const created = await gateway.app.inject({
    method: 'POST',
    url: '/v1/generations',
    payload: { ...goodRequest, route: { prefer: 'fastest' } },
  })
  assert.equal(created.statusCode, 503)
})
