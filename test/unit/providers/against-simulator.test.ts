// The clients of both providers against the simulator, which was written from the wire contracts: credits and limits of several accounts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProviderName, SubmitOutcome } from '../../../src/providers/provider.ts'
import { createProviders } from '../../../src/providers/registry.ts'
import { fingerprint } from '../../../src/simulator/accounts.ts'
import type { Simulator } from '../../../src/simulator/simulator.ts'
import { startTestSimulator } from '../../helpers/simulator.ts'
import { submitOptions } from './reply-fixtures.ts'

const accounts = [
  { name: 'a', apiKey: 'key-a' },
  { name: 'b', apiKey: 'key-b' },
]
const requests = {
  kie: { api: 'market', model: 'google/nano-banana', input: { prompt: 'a red fox' } },
  defapi: { api: 'image', model: 'google/nano-banana', input: { prompt: 'a red fox' } },
}
/** of one picture, in the provider's unit */
const prices = { kie: 4, defapi: 0.02 }

function clientOf(simulator: Simulator, name: ProviderName) {
  const provider = createProviders({
    kie: { accounts, baseUrl: simulator.kieUrl, uploadBaseUrl: simulator.kieUploadUrl, webhookHmacKeys: [] },
    defapi: { accounts, baseUrl: simulator.defapiUrl },
  }).get(name)
  assert.ok(provider !== undefined, 'no such provider')
  return {
    provider,
    submit: async (account: string): Promise<string> =>
      wordOf(await provider.submit(requests[name], { ...submitOptions, account })),
    balance: async (account: string): Promise<number | null> => {
      const answer = await provider.balance({ account, timeoutMs: 5_000 })
      assert.ok(answer.kind === 'balance', JSON.stringify(answer))
      return name === 'kie' ? answer.balance.credits : answer.balance.usd
    },
  }
}

function wordOf(outcome: SubmitOutcome): string {
  return 'reason' in outcome ? `${outcome.kind} ${outcome.reason}` : outcome.kind
}

for (const name of ['kie', 'defapi'] as const) {
  test(`${name}: an account that is used up refuses for good, the other one goes on, and after a top-up it takes tasks again`, async (t) => {
    const start = prices[name] * 2
    const simulator = await startTestSimulator(t, { startingCredits: { kieCredits: start, defapiUsd: start } })
    const { submit, balance } = clientOf(simulator, name)
    const used = [await submit('a'), await submit('a'), await submit('a')]
    assert.deepEqual(used, ['accepted', 'accepted', 'refused_final no_credits'])
    assert.deepEqual([await balance('a'), await balance('b')], [0, start])
    assert.equal(await submit('b'), 'accepted')
    simulator.setCredits({ provider: name, keyFingerprint: fingerprint('key-a'), amount: prices[name] })
    assert.equal(await balance('a'), prices[name])
    assert.deepEqual([await submit('a'), await submit('a')], ['accepted', 'refused_final no_credits'])
  })

  test(`${name}: each account has limits of its own`, async (t) => {
    const limit = { creates: 1, windowMs: 60_000, queriesPerSecond: null }
    const simulator = await startTestSimulator(t, { rateLimit: { kie: limit, defapi: limit } })
    const { submit } = clientOf(simulator, name)
    for (const account of ['a', 'b'])
      assert.deepEqual([await submit(account), await submit(account)], ['accepted', 'refused_retryable rate_limited'])
  })

  test(`${name}: a task is known under the key it was made with, and not found under another`, async (t) => {
    const simulator = await startTestSimulator(t)
    const { provider } = clientOf(simulator, name)
    const outcome = await provider.submit(requests[name], { ...submitOptions, account: 'b' })
    assert.ok(outcome.kind === 'accepted', JSON.stringify(outcome))
    const ask = async (account: string): Promise<string> =>
      (await provider.query(requests[name].api, outcome.providerTaskId, { account, timeoutMs: 5_000 })).kind
    assert.deepEqual([await ask('b'), await ask('a')], ['snapshot', 'not_found'])
  })
}
