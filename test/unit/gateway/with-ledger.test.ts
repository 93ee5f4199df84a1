// The gateway over the real ledger: what the fake of the other tests can only assume.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Generation } from '../../../src/contract/index.ts'
import { budgetListSchema } from '../../../src/gateway/routes/budgets.ts'
import { attemptListSchema } from '../../../src/gateway/routes/list-attempts.ts'
import { gateListSchema } from '../../../src/gateway/routes/providers.ts'
import { statsSchema } from '../../../src/gateway/routes/stats.ts'
import { generationListSchema, generationSchema } from '../../../src/gateway/schemas.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { suiteLedger } from '../../helpers/ledger.ts'
import { accepted, claimed, leftAs, newAttempt, nextOf } from '../ledger/fixtures.ts'
import { goodRequest, startGateway } from './start-gateway.ts'

describe('the gateway over the real ledger', () => {
  const suite = suiteLedger()
  const start = (t: Parameters<typeof startGateway>[0]) => startGateway(t, { deps: { ledger: suite().ledger } })

  test('twenty requests with one key at the same time make one row and one workflow', async (t) => {
    const { app, temporal } = await start(t)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        app.inject({ method: 'POST', url: '/v1/generations', headers: { 'idempotency-key': 'same' }, payload: goodRequest }),
      ),
    )
    assert.deepEqual([...new Set(answers.map(({ statusCode }) => statusCode))], [202])
    assert.equal(new Set(answers.map((answer) => answer.json<Generation>().id)).size, 1)
    assert.equal(answers.filter(({ headers }) => headers['idempotent-replayed'] === undefined).length, 1)
    assert.equal(temporal.started.size, 1)
    const other = { ...goodRequest, prompt: 'a blue fox' }
    const conflict = await app.inject({
      method: 'POST',
      url: '/v1/generations',
      headers: { 'idempotency-key': 'same' },
      payload: other,
    })
    assert.equal(conflict.statusCode, 422)
  })

  test('a row that was taken back can be written again under the same key', async (t) => {
    const { app, temporal } = await start(t)
    const ask = () =>
      app.inject({ method: 'POST', url: '/v1/generations', headers: { 'idempotency-key': 'again' }, payload: goodRequest })
    temporal.isDown = true
    assert.equal((await ask()).statusCode, 503)
    temporal.isDown = false
    const answer = await ask()
    assert.equal(answer.statusCode, 202)
    assert.equal(answer.headers['idempotent-replayed'], undefined)
    assert.equal((await app.inject(answer.json<Generation>().links.self)).statusCode, 200)
  })

  test('what it answers is what the document says', async (t) => {
    const { app } = await start(t)
    const created = await app.inject({
      method: 'POST',
      url: '/v1/generations',
      payload: { ...goodRequest, metadata: { a: 'ü' } },
    })
    const read: unknown = (await app.inject(created.json<Generation>().links.self)).json()
    assert.deepEqual(generationSchema.parse(created.json()), created.json())
    assert.deepEqual(generationSchema.parse(read), created.json())
    const list = (await app.inject('/v1/generations?limit=1')).json<{ nextCursor: string }>()
    assert.deepEqual(generationListSchema.parse(list), list)
    const next = await app.inject(`/v1/generations?limit=1&cursor=${encodeURIComponent(list.nextCursor)}`)
    assert.equal(next.statusCode, 200)
  })

  test('cursors that it did not give out are errors of the caller', async (t) => {
    const { app } = await start(t)
    for (const cursor of ['x', '{}', 'bnVsbA', 'WzEsMl0', 'A'.repeat(512), '%27%3B--']) {
      assert.equal((await app.inject(`/v1/generations?cursor=${cursor}`)).statusCode, 400, cursor)
    }
  })

  test('twenty requests at once get no more than the budget has, a replay is not charged again, and a refusal leaves nothing', async (t) => {
    const { app, temporal } = await start(t)
    // 0.02 each at Kie: room for three
    await app.inject({ method: 'PUT', url: '/v1/budgets/team-7/day', payload: { limitUsd: 0.07 } })
    const ask = (at: number) =>
      app.inject({
        method: 'POST',
        url: '/v1/generations',
        headers: { 'idempotency-key': `budget ${at}` },
        payload: { ...goodRequest, tenant: 'team-7', route: { providers: ['kie'] } },
      })
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => ask(at)))
    const taken = answers.flatMap(({ statusCode }, at) => (statusCode === 202 ? [at] : []))
    assert.equal(taken.length, 3)
    assert.equal(answers.filter(({ statusCode }) => statusCode === 402).length, 17)
    assert.equal(temporal.started.size, 3)
    const replay = await ask(taken[0] ?? 0)
    assert.deepEqual([replay.statusCode, replay.headers['idempotent-replayed']], [202, 'true'])
    const { budgets } = budgetListSchema.parse((await app.inject('/v1/budgets')).json())
    assert.deepEqual(
      budgets.map(({ tenant, usedUsd, reservedUsd }) => [tenant, usedUsd, reservedUsd]),
      [['team-7', 0, 0.06]],
    )
    const unpriced = await app.inject({
      method: 'POST',
      url: '/v1/generations',
      payload: { ...goodRequest, tenant: 'team-7', route: { providers: ['defapi'] } },
    })
    assert.equal(unpriced.statusCode, 402)
    assert.match(unpriced.json<{ type: string }>().type, /price_unknown$/)
    const { made } = statsSchema.parse((await app.inject('/v1/stats?tenant=team-7')).json()).generations
    assert.equal(made, 3)
  })

  test('an account is paused and resumed in the ledger itself', async (t) => {
    const { app } = await start(t)
    const reason = 'prices changed'
    await app.inject({ method: 'POST', url: '/v1/providers/kie/pause', payload: { account: 'second', forMs: 60_000, reason } })
    const pausedOf = async (): Promise<(string | undefined)[]> => {
      const answer: unknown = (await app.inject('/v1/providers')).json()
      assert.deepEqual(gateListSchema.parse(answer), answer)
      return gateListSchema.parse(answer).accounts.map(({ pause }) => pause?.message)
    }
    assert.deepEqual(
      (await pausedOf()).filter((message) => message !== undefined),
      [reason],
    )
    await app.inject({ method: 'POST', url: '/v1/providers/kie/resume' })
    assert.deepEqual(await pausedOf(), [undefined, undefined, undefined])
  })

  test('an attempt that was left while it was open is listed and counted for metrics', async (t) => {
    const { app } = await start(t)
    const { ledger } = suite()
    const metrics = createMetrics({ ledger, mode: 'mock', accounts: [], lowBalanceUsd: 1 })
    assert.match(await metrics.render(), /^darkroom_attempts_owing 0$/m)
    const ref = await accepted(ledger)
    await ledger.claimAttempt(newAttempt(nextOf(ref)), [leftAs(ref)])
    const answer: unknown = (await app.inject('/v1/attempts?filter=owing')).json()
    assert.deepEqual(attemptListSchema.parse(answer), answer)
    assert.deepEqual(
      attemptListSchema.parse(answer).attempts.map(({ generationId, number, state }) => [generationId, number, state]),
      [[ref.generationId, ref.attempt, 'abandoned']],
    )
    assert.match(await metrics.render(), /^darkroom_attempts_owing 1$/m)
    assert.equal((await app.inject('/v1/attempts?cursor=x')).statusCode, 400)
  })

  test('hostile claims are kept, a flood of them is bounded, and every one is answered 200', async (t) => {
    const { app, tokenOf, temporal } = await start(t)
    const { ledger } = suite()
    const ref = await claimed(ledger, { provider: 'defapi' })
    const bodies = [
      { taskId: 'a\u0000b', state: 'x\u0000y' },
      { taskId: '\ud800', state: '\udfff' },
      ...Array.from({ length: 30 }, (_, at) => ({ taskId: `task-${at}`, state: 'success' })),
    ]
    const startedAtMs = performance.now()
    const answers = await Promise.all(
      bodies.map((payload) => app.inject({ method: 'POST', url: `/v1/callbacks/defapi/${tokenOf(ref)}`, payload })),
    )
    // One at once, then one per interval: a busy machine takes longer and so sees more.
    const allowed = 2 + Math.floor((performance.now() - startedAtMs) / 150)
    assert.deepEqual([...new Set(answers.map(({ statusCode }) => statusCode))], [200])
    const hints = await ledger.readHints(ref)
    assert.ok(hints.length >= 1 && hints.length <= 20, `${hints.length}`)
    assert.ok(temporal.wakes.length <= Math.min(allowed, 10), `${temporal.wakes.length} wakes, ${allowed} allowed`)
    assert.equal((await ledger.readAttempt(ref))?.state, 'claimed', 'nothing has changed on their word')
  })

  test('an attempt of another provider, or of nobody, is not found', async (t) => {
    const { app, tokenOf } = await start(t)
    const ref = await claimed(suite().ledger, { provider: 'kie' })
    for (const token of [tokenOf(ref), tokenOf({ ...ref, attempt: 2 })]) {
      const answer = await app.inject({ method: 'POST', url: `/v1/callbacks/defapi/${token}`, payload: { taskId: 't' } })
      assert.equal(answer.statusCode, 404)
    }
    assert.deepEqual(await suite().ledger.readHints(ref), [])
  })
})
