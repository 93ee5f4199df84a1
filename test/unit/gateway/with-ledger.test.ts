// The gateway over the real ledger: what the fake of the other tests can only assume.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Generation } from '../../../src/contract/index.ts'
import { generationListSchema, generationSchema } from '../../../src/gateway/schemas.ts'
import { suiteLedger } from '../../helpers/ledger.ts'
import { claimed } from '../ledger/fixtures.ts'
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
