import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import type { Problem } from '../../../src/gateway/problem.ts'
import { attemptListSchema } from '../../../src/gateway/routes/list-attempts.ts'
import { statsSchema } from '../../../src/gateway/routes/stats.ts'
import type { ListedAttempt, Stats } from '../../../src/ledger/stats-port.ts'
import { sampleAttempt } from '../cli/sample-generation.ts'
import { startGateway } from './start-gateway.ts'

// The compiler complains here when a schema and its type drift apart.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : { schema: A; type: B }) : { schema: A; type: B }
const statsAgree: Same<z.infer<typeof statsSchema>, Stats> = true
const attemptsAgree: Same<z.infer<typeof attemptListSchema>['attempts'][number], ListedAttempt> = true

test('schemas and types agree, which the compiler checks', () => {
  assert.deepEqual([statsAgree, attemptsAgree], [true, true])
})

test('statistics are of the last 24 hours, unless a period and a tenant are named', async (t) => {
  const { app, ledger } = await startGateway(t)
  const answer = await app.inject('/v1/stats')
  assert.deepEqual(statsSchema.parse(answer.json()), answer.json())
  const [asked] = ledger.asked
  assert.ok(asked !== undefined && 'from' in asked)
  assert.equal(asked.to.getTime() - asked.from.getTime(), 86_400_000)
  assert.ok(Math.abs(asked.to.getTime() - Date.now()) < 5_000)
  await app.inject('/v1/stats?from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00%2B01:00&tenant=team-7')
  assert.deepEqual(ledger.asked[1], {
    mode: 'mock',
    from: new Date('2026-11-01T00:00:00Z'),
    to: new Date('2026-11-01T23:00:00Z'),
    tenant: 'team-7',
  })
})

for (const query of [
  'from=yesterday',
  'to=2026-11-01',
  'tenant=a%20b',
  'since=24h',
  'from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z',
]) {
  test(`statistics with ${query} are refused with the field that is wrong`, async (t) => {
    const { app, ledger } = await startGateway(t)
    const answer = await app.inject(`/v1/stats?${query}`)
    assert.equal(answer.statusCode, 400)
    assert.ok((answer.json<Problem>().errors ?? []).length > 0)
    assert.deepEqual(ledger.asked, [])
  })
}

test('attempts are listed by what is of concern; without a word, the possible extra charges', async (t) => {
  const { app, ledger } = await startGateway(t)
  ledger.attempts = [{ ...sampleAttempt(), generationId: 'gen_1', tenant: 'team-7', createdAt: '2026-11-01T10:00:00.000Z' }]
  const answer = await app.inject('/v1/attempts')
  assert.deepEqual(attemptListSchema.parse(answer.json()), answer.json())
  assert.equal(attemptListSchema.parse(answer.json()).attempts.length, 1)
  await app.inject('/v1/attempts?filter=owing&limit=7&cursor=abc')
  assert.deepEqual(ledger.asked, [
    { mode: 'mock', concern: 'possible_extra', limit: 20 },
    { mode: 'mock', concern: 'owing', limit: 7, cursor: 'abc' },
  ])
})

for (const query of ['filter=all', 'limit=0', 'cursor=nonsense', 'cursor=a%20b']) {
  test(`a list of attempts with ${query} is refused`, async (t) => {
    const { app } = await startGateway(t)
    assert.equal((await app.inject(`/v1/attempts?${query}`)).statusCode, 400)
  })
}
