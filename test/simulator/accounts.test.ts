// Credits and limits belong to a key: each has its own, and running out is an answer like any other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fingerprint } from '../../src/simulator/accounts.ts'
import { documentedRateLimit } from '../../src/simulator/options.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { startTestSimulator } from '../helpers/simulator.ts'
import { at, call, createKieTask, queryKieTask } from './client.ts'

const createDefapi = (simulator: Simulator, key: string) =>
  call(`${simulator.defapiUrl}/api/image/gen`, { body: { model: 'google/nano-banana', prompt: 'a red fox' }, key })

test('credits run out in the middle of a run, for that key only, and topping it up helps at once', async (t) => {
  // A picture takes 4 credits or 0.02 USD.
  const simulator = await startTestSimulator(t, { startingCredits: { kieCredits: 9, defapiUsd: 0.05 } })
  const kie = async (key: string): Promise<unknown> => at((await createKieTask(simulator, {}, { key })).json, 'code')
  const defapi = async (key: string): Promise<number> => (await createDefapi(simulator, key)).status
  assert.deepEqual([await kie('a'), await kie('a'), await kie('a'), await kie('b')], [200, 200, 402, 200])
  assert.deepEqual([await defapi('a'), await defapi('a'), await defapi('a'), await defapi('b')], [200, 200, 402, 200])
  assert.deepEqual(simulator.accounts(), [
    { provider: 'kie', keyFingerprint: fingerprint('a'), balance: 1, unit: 'credits' },
    { provider: 'kie', keyFingerprint: fingerprint('b'), balance: 5, unit: 'credits' },
    { provider: 'defapi', keyFingerprint: fingerprint('a'), balance: 0.01, unit: 'usd' },
    { provider: 'defapi', keyFingerprint: fingerprint('b'), balance: 0.03, unit: 'usd' },
  ])
  simulator.setCredits({ provider: 'kie', keyFingerprint: fingerprint('a'), amount: 4 })
  simulator.setCredits({ provider: 'defapi', keyFingerprint: fingerprint('a'), amount: 0.02 })
  assert.deepEqual([await kie('a'), await kie('a'), await kie('b'), await kie('b')], [200, 402, 200, 402])
  assert.deepEqual([await defapi('a'), await defapi('a')], [200, 402])
  assert.equal(at((await call(`${simulator.kieUrl}/api/v1/chat/credit`, { key: 'a' })).json, 'data'), 0)
  assert.equal(simulator.ledger().length, 9)
})

test('two submits at once cannot both be paid with the credits of one', async (t) => {
  const simulator = await startTestSimulator(t, { startingCredits: { kieCredits: 4, defapiUsd: 0.02 } })
  const statuses = await Promise.all(Array.from({ length: 8 }, () => createDefapi(simulator, 'a')))
  const codes = await Promise.all(Array.from({ length: 8 }, () => createKieTask(simulator)))
  assert.equal(statuses.filter(({ status }) => status === 200).length, 1)
  assert.equal(codes.filter(({ json }) => at(json, 'code') === 200).length, 1)
})

test('over HTTP: balances are read, one account or all are set, and a reset brings back the start', async (t) => {
  const simulator = await startTestSimulator(t, { kieApiKeys: ['a', 'b'], startingCredits: { kieCredits: 10 } })
  const accounts = `${simulator.url}/__simulator/accounts`
  const credits = `${simulator.url}/__simulator/credits`
  const balances = async (): Promise<string[]> => {
    const list = at((await call(accounts)).json, 'accounts')
    assert.ok(Array.isArray(list))
    return list.map(
      (account) =>
        `${String(at(account, 'provider'))} ${String(at(account, 'keyFingerprint'))} ${String(at(account, 'balance'))}`,
    )
  }
  const [a, b] = [fingerprint('a'), fingerprint('b')]
  assert.deepEqual(await balances(), [`kie ${a} 10`, `kie ${b} 10`])
  assert.equal((await call(credits, { body: { provider: 'kie', keyFingerprint: b, amount: 0 } })).status, 200)
  assert.equal(at((await createKieTask(simulator, {}, { key: 'b' })).json, 'code'), 402)
  assert.deepEqual(await balances(), [`kie ${a} 10`, `kie ${b} 0`])
  assert.equal((await call(credits, { body: { provider: 'kie', keyFingerprint: 'all', amount: 4.5 } })).status, 200)
  assert.deepEqual(await balances(), [`kie ${a} 4.5`, `kie ${b} 4.5`])
  // Also an account that nobody has used yet.
  assert.equal((await call(credits, { body: { provider: 'defapi', amount: 0 } })).status, 200)
  assert.equal((await createDefapi(simulator, 'new')).status, 402)
  await call(`${simulator.url}/__simulator/reset`, { body: {} })
  assert.deepEqual(await balances(), [`kie ${a} 10`, `kie ${b} 10`])
  assert.equal((await createDefapi(simulator, 'new')).status, 200)
})

for (const body of [
  [],
  {},
  { provider: 'acme', amount: 1 },
  { provider: 'kie' },
  { provider: 'kie', amount: '1' },
  { provider: 'kie', amount: -1 },
  { provider: 'kie', amount: 1, key: 'a' },
  { provider: 'kie', amount: 1, keyFingerprint: 'the key itself' },
]) {
  test(`over HTTP: ${JSON.stringify(body)} is refused with the form that is wanted, and changes nothing`, async (t) => {
    const simulator = await startTestSimulator(t, { kieApiKeys: ['a'] })
    const refused = await call(`${simulator.url}/__simulator/credits`, { body })
    assert.equal(refused.status, 400)
    assert.match(String(at(refused.json, 'error')), /^wanted: \{"provider":"kie" or "defapi","amount":/)
    assert.deepEqual(
      simulator.accounts().map(({ balance }) => balance),
      [100_000],
    )
  })
}

test('limits are counted by provider and key; without a word about DefAPI it has none', async (t) => {
  const limit = { creates: 2, windowMs: 60_000, queriesPerSecond: null }
  const kieCodes = async (simulator: Simulator, key: string): Promise<number[]> => {
    const answers = await Promise.all([1, 2, 3].map(() => createKieTask(simulator, {}, { key })))
    return answers.map(({ json }) => Number(at(json, 'code'))).toSorted((a, b) => a - b)
  }
  const defapiStatuses = async (simulator: Simulator, key: string): Promise<number[]> => {
    const answers = await Promise.all([1, 2, 3].map(() => createDefapi(simulator, key)))
    return answers.map(({ status }) => status).toSorted((a, b) => a - b)
  }
  const [free, limited] = [
    [200, 200, 200],
    [200, 200, 429],
  ]
  for (const { rateLimit, kie, defapi } of [
    { rateLimit: limit, kie: limited, defapi: free },
    { rateLimit: { kie: limit }, kie: limited, defapi: free },
    { rateLimit: { defapi: limit }, kie: free, defapi: limited },
    { rateLimit: { kie: limit, defapi: { ...limit, creates: null } }, kie: limited, defapi: free },
    { rateLimit: { kie: limit, defapi: limit }, kie: limited, defapi: limited },
    { rateLimit: { kie: null, defapi: limit }, kie: free, defapi: limited },
  ]) {
    const simulator = await startTestSimulator(t, { rateLimit })
    for (const key of ['a', 'b']) {
      assert.deepEqual(await kieCodes(simulator, key), kie, JSON.stringify(rateLimit))
      assert.deepEqual(await defapiStatuses(simulator, key), defapi, JSON.stringify(rateLimit))
    }
  }
})

test('a query over the limit is refused at DefAPI too, for that key only', async (t) => {
  const simulator = await startTestSimulator(t, { rateLimit: { defapi: { ...documentedRateLimit, queriesPerSecond: 1 } } })
  const query = (key: string) => call(`${simulator.defapiUrl}/api/task/query?task_id=ta1`, { key })
  const statuses = (await Promise.all([query('a'), query('a'), query('a'), query('b')])).map(({ status }) => status)
  // More than one of the first three only if the machine needed a second for them.
  assert.ok(statuses.slice(0, 3).filter((status) => status === 429).length >= 1, statuses.join())
  assert.equal(statuses[3], 404)
  assert.notEqual((await queryKieTask(simulator, 'x')).status, 429)
})
