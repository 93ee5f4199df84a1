import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Generation, PlanPreview } from '../../../src/contract/index.ts'
import type { GatewayDeps } from '../../../src/gateway/gateway-deps.ts'
import type { Problem } from '../../../src/gateway/problem.ts'
import { budgetListSchema } from '../../../src/gateway/routes/budgets.ts'
import { problemSchema } from '../../../src/gateway/schemas.ts'
import { overBudget } from '../../helpers/fake-ledger.ts'
import { describeAt, goodRequest, links, startGateway, type TestGateway } from './start-gateway.ts'

const create = ({ app }: TestGateway, payload: object = goodRequest, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: '/v1/generations', payload, headers })

test('a request over the budget is 402: which budget, what it wanted, when it resets; nothing is written or started', async (t) => {
  const gateway = await startGateway(t)
  const budget = overBudget()
  gateway.ledger.refusal = { kind: 'over_budget', budget }
  const answer = await create(gateway, { ...goodRequest, tenant: 'team-7' })
  assert.equal(answer.statusCode, 402)
  assert.match(String(answer.headers['content-type']), /problem\+json/)
  const problem = answer.json<Problem>()
  assert.deepEqual(problemSchema.parse(problem), problem)
  assert.equal(problem.type, 'urn:darkroom:problem:budget_exceeded')
  assert.deepEqual(problem.budget, {
    tenant: 'team-7',
    period: 'day',
    limitUsd: 1,
    usedUsd: 0.9,
    reservedUsd: 0.08,
    wantedUsd: 0.0475,
  })
  assert.equal(problem.resetsAt, budget.resetsAt.toISOString())
  const retryAfter = Number(answer.headers['retry-after'])
  assert.ok(retryAfter > 50 && retryAfter <= 60, `Retry-After: ${retryAfter}`)
  assert.match(
    problem.detail,
    /^The budget of tenant team-7 for this day has no room for a picture that may cost up to \$0\.0475:/,
  )
  assert.match(problem.detail, /\$0\.90 of \$1\.00 is spent and \$0\.08 reserved\. It begins anew at .*Nothing was started\.$/)
  assert.equal(gateway.ledger.generations.size, 0)
  assert.deepEqual(gateway.temporal.startCalls, [])
})

test('a request that not even a new budget could hold is not told to come back', async (t) => {
  const gateway = await startGateway(t)
  gateway.ledger.refusal = { kind: 'over_budget', budget: overBudget({ tenant: null, limitUsd: 0.01 }) }
  const answer = await create(gateway)
  assert.equal(answer.statusCode, 402)
  assert.equal(answer.headers['retry-after'], undefined)
  const problem = answer.json<Problem>()
  assert.equal(problem.budget?.tenant, '*')
  assert.match(problem.detail, /all tenants together.*Not even a new one would have.*`route\.maxCostUsd`/)
})

test('a budget and a price that nobody knows are 402, with the providers that have none', async (t) => {
  const gateway = await startGateway(t)
  gateway.ledger.refusal = { kind: 'price_unknown' }
  const answer = await create(gateway, { model: 'midjourney', prompt: 'a fox' })
  assert.equal(answer.statusCode, 402)
  const problem = answer.json<Problem>()
  assert.equal(problem.type, 'urn:darkroom:problem:price_unknown')
  assert.match(problem.detail, /nobody has published a price for this midjourney picture at defapi/)
  assert.deepEqual(gateway.temporal.startCalls, [])
})

test('a replay is answered although the budget has no room any more', async (t) => {
  const gateway = await startGateway(t)
  const key = { 'idempotency-key': 'order 17' }
  const first = await create(gateway, goodRequest, key)
  gateway.ledger.refusal = { kind: 'over_budget', budget: overBudget() }
  const replay = await create(gateway, goodRequest, key)
  assert.equal(replay.statusCode, 202)
  assert.equal(replay.headers['idempotent-replayed'], 'true')
  assert.equal(replay.json<Generation>().id, first.json<Generation>().id)
  assert.equal((await create(gateway, goodRequest, { 'idempotency-key': 'order 18' })).statusCode, 402)
})

/** No model has a list price at both providers yet: kie asks 0.02 for nano-banana, of DefAPI nobody knows. See src/catalog/data. */
for (const [what, route, worstCaseUsd] of [
  ['a provider without a price is taken for as dear as the other', {}, 0.04],
  ['that of the one provider', { providers: ['kie'] }, 0.02],
  ['that of the first provider', { fallback: false }, 0.02],
  ['unknown where the first has no price', { fallback: false, providers: ['defapi', 'kie'] }, null],
  ['the same again and again', { onUnknown: 'resubmit', maxPaidAttempts: 3, providers: ['kie'] }, 0.06],
  ['within the limit, which leaves out whoever has no price', { maxCostUsd: 0.03 }, 0.02],
  ['no more than the request allows', { maxCostUsd: 0.03, onUnknown: 'resubmit' }, 0.03],
] as const) {
  test(`the row is written with tenant and worst case: ${what}`, async (t) => {
    const gateway = await startGateway(t)
    const { id } = (await create(gateway, { ...goodRequest, route, tenant: 'team-7' })).json<Generation>()
    const row = gateway.ledger.generations.get(id)
    assert.deepEqual([row?.tenant, row?.worstCaseUsd], ['team-7', worstCaseUsd])
  })
}

const bigPicture = { sha256: 'a'.repeat(64), contentType: 'image/png', width: 4_000, height: 4_000 }

/** Kie takes pictures of at most 10 MiB for nano-banana; inside a request the DefAPI of these tests takes 4 MiB. */
for (const [what, sizeBytes, route, worstCaseUsd] of [
  ['too large for the only one with a price', 12_000_000, {}, null],
  ['small enough for both', 1_000_000, {}, 0.04],
  ['too large for the first as data, while by link it is asked', 5_000_000, { providers: ['defapi', 'kie'] }, 0.04],
  [
    'too large to go as data, where by link only one without a price is asked',
    5_000_000,
    { providers: ['defapi', 'kie'], fallback: false },
    null,
  ],
] as const) {
  test(`an upload counts in what is reserved, as it will in the plan: one ${what}`, async (t) => {
    const gateway = await startGateway(t)
    await gateway.ledger.addUpload({ ...bigPicture, sizeBytes })
    const payload = { ...goodRequest, referenceImages: [`upload:${bigPicture.sha256}`], route }
    const { id } = (await create(gateway, payload)).json<Generation>()
    assert.equal(gateway.ledger.generations.get(id)?.worstCaseUsd, worstCaseUsd)
    const preview = await gateway.app.inject({ method: 'POST', url: '/v1/plans', payload })
    assert.equal(preview.json<{ plan: PlanPreview }>().plan.worstCaseUsd, worstCaseUsd)
  })
}

test('with a budget, an upload that only a provider without a price takes is 402', async (t) => {
  const gateway = await startGateway(t)
  await gateway.ledger.addUpload({ ...bigPicture, sizeBytes: 12_000_000 })
  gateway.ledger.refusal = { kind: 'price_unknown' }
  const answer = await create(gateway, { ...goodRequest, referenceImages: [`upload:${bigPicture.sha256}`] })
  assert.equal(answer.statusCode, 402)
  assert.match(answer.json<Problem>().detail, /nobody has published a price for this nano-banana picture at defapi/)
})

for (const [what, kie, worstCaseUsd] of [
  ['a gateway without keys reserves as if every provider had one', [], 0.04],
  ['a gateway with one key reserves for that provider', ['default'], 0.02],
] as const) {
  test(`${what}; without a tenant the default one pays`, async (t) => {
    const readCallback = () => ({ ok: false, status: 400, message: '' }) as const
    const describeSubmit = describeAt('http://provider.test')
    const providers: GatewayDeps['providers'] = new Map([
      ['kie', { name: 'kie', readCallback, describeSubmit, references: links, accounts: kie }],
      ['defapi', { name: 'defapi', readCallback, describeSubmit, references: links, accounts: [] }],
    ])
    const gateway = await startGateway(t, { deps: { providers } })
    const { id, tenant } = (await create(gateway)).json<Generation>()
    assert.equal(tenant, 'default')
    assert.equal(gateway.ledger.generations.get(id)?.worstCaseUsd, worstCaseUsd)
  })
}

test('budgets are set, listed and removed, for one tenant and for all together', async (t) => {
  const { app, ledger } = await startGateway(t)
  const put = (path: string, payload: object) => app.inject({ method: 'PUT', url: `/v1/budgets/${path}`, payload })
  const set = await put('team-7/day', { limitUsd: 1 })
  assert.equal(set.statusCode, 200)
  assert.deepEqual(set.json(), {
    tenant: 'team-7',
    period: 'day',
    limitUsd: 1,
    usedUsd: 0.25,
    reservedUsd: 0,
    resetsAt: '2026-11-23T00:00:00.000Z',
  })
  for (const path of ['*/month', '%2A/hour'])
    assert.equal((await put(path, { limitUsd: 0 })).json<{ tenant: string }>().tenant, '*')
  assert.deepEqual(
    [...ledger.budgets.values()].map(({ mode, tenant, period }) => `${mode} ${tenant} ${period}`),
    ['mock team-7 day', 'mock null month', 'mock null hour'],
  )
  const list: unknown = (await app.inject('/v1/budgets')).json()
  assert.deepEqual(budgetListSchema.parse(list), list)
  assert.equal(budgetListSchema.parse(list).budgets.length, 3)
  const remove = () => app.inject({ method: 'DELETE', url: '/v1/budgets/team-7/day' })
  assert.equal((await remove()).statusCode, 204)
  assert.equal((await remove()).statusCode, 404)
})

for (const [path, payload, field] of [
  ['a b/day', { limitUsd: 1 }, 'tenant'],
  ['-/day', { limitUsd: 1 }, 'tenant'],
  ['team/week', { limitUsd: 1 }, 'period'],
  ['team/day', { limitUsd: -1 }, 'limitUsd'],
  ['team/day', { limitUsd: '1' }, 'limitUsd'],
  ['team/day', { limit: 1 }, 'limitUsd'],
] as const) {
  test(`no budget is made of ${path} ${JSON.stringify(payload)}`, async (t) => {
    const { app, ledger } = await startGateway(t)
    const answer = await app.inject({ method: 'PUT', url: `/v1/budgets/${encodeURI(path)}`, payload })
    assert.equal(answer.statusCode, 400)
    const fields = (answer.json<Problem>().errors ?? []).map((error) => error.field)
    assert.ok(fields.includes(field), answer.body)
    assert.equal(ledger.budgets.size, 0)
  })
}
