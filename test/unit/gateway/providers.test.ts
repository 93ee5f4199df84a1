import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import type { Problem } from '../../../src/gateway/problem.ts'
import { gateListSchema } from '../../../src/gateway/routes/providers.ts'
import { startGateway, type TestGateway } from './start-gateway.ts'

type Gates = z.infer<typeof gateListSchema>['accounts']

const post = ({ app }: TestGateway, path: string, payload?: object) =>
  app.inject({ method: 'POST', url: `/v1/providers/${path}`, ...(payload === undefined ? {} : { payload }) })

/** Parsed strictly: what the document does not know would be an error. */
function gatesOf(answer: { json: () => unknown }): Gates {
  const parsed = gateListSchema.parse(answer.json())
  assert.deepEqual(parsed, answer.json())
  return parsed.accounts
}

test('every configured account is listed, whether it was used or not', async (t) => {
  const gates = gatesOf(await (await startGateway(t)).app.inject('/v1/providers'))
  assert.deepEqual(
    gates.map(({ provider, account, pause }) => `${provider} ${account} ${pause === null ? 'open' : 'paused'}`),
    ['kie default open', 'kie second open', 'defapi default open'],
  )
})

test('a pause without an account is for all of the provider, and lasts until somebody resumes it', async (t) => {
  const gateway = await startGateway(t)
  const paused = gatesOf(await post(gateway, 'kie/pause', { reason: 'prices\u202E changed' }))
  assert.deepEqual(
    paused.map(({ account, pause }) => [account, pause?.by, pause?.reason, pause?.message, pause?.until]),
    ['default', 'second'].map((account) => [account, 'operator', 'operator', 'prices\\u202e changed', null]),
  )
  assert.equal(gatesOf(await gateway.app.inject('/v1/providers')).filter(({ pause }) => pause === null).length, 1)
  const resumed = gatesOf(await post(gateway, 'kie/resume'))
  assert.deepEqual([...new Set(resumed.map(({ pause }) => pause))], [null])
})

test('a pause for one account and a time ends by itself', async (t) => {
  const gateway = await startGateway(t)
  const beforeMs = Date.now()
  const gates = gatesOf(await post(gateway, 'kie/pause', { account: 'second', forMs: 60_000 }))
  const [first, second] = ['default', 'second'].map((name) => gates.find(({ account }) => account === name))
  assert.equal(first?.pause, null)
  const untilMs = Date.parse(second?.pause?.until ?? '')
  assert.ok(untilMs >= beforeMs + 60_000 && untilMs <= Date.now() + 60_000)
})

test('an account that only the ledger knows can be paused, too', async (t) => {
  const gateway = await startGateway(t, { deps: { accounts: [] } })
  await gateway.ledger.pauseAccount(
    { mode: 'mock', provider: 'kie', account: 'old' },
    { by: 'provider', reason: 'auth', message: 'bad key', until: null },
  )
  await gateway.ledger.pauseAccount(
    { mode: 'live', provider: 'kie', account: 'real' },
    { by: 'provider', reason: 'auth', message: 'bad key', until: null },
  )
  const gates = gatesOf(await post(gateway, 'kie/resume', {}))
  assert.deepEqual(
    gates.map(({ account, pause }) => [account, pause]),
    [['old', null]],
    'and nothing of the other mode',
  )
})

for (const [path, payload, status, says] of [
  ['midjourney/pause', {}, 404, /no provider of this name; known are kie, defapi/],
  ['kie/pause', { account: 'third' }, 404, /no account of this name; known are default, second/],
  ['kie/pause', { forMs: 10 }, 400, /forMs/],
  ['kie/pause', { for: 10_000 }, 400, /for/],
  ['kie/resume', { account: '' }, 400, /account/],
] as const) {
  test(`${path} with ${JSON.stringify(payload)} is refused, and nothing is paused`, async (t) => {
    const gateway = await startGateway(t)
    const answer = await post(gateway, path, payload)
    assert.equal(answer.statusCode, status)
    assert.match(JSON.stringify(answer.json<Problem>()), says)
    assert.ok(!gateway.ledger.calls.includes('pauseAccount'))
  })
}
