import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makePlan, planAgain } from '../../chaos/plan.ts'

test('a row that is dealt again comes alone, in a generation of its own, and alike each time', () => {
  const plan = makePlan({ generations: 200, seed: 1, rows: null })
  const again = planAgain(1, ['D10', 'U1'], plan.length)
  assert.deepEqual(
    again.map(({ index, rows }) => [index, rows]),
    [
      [200, ['D10']],
      [201, ['U1']],
    ],
  )
  assert.equal(new Set([...plan, ...again].flatMap(({ nonce, idempotencyKey }) => [nonce, idempotencyKey])).size, 404)
  for (const { rules, nonce } of again) for (const { match } of rules) assert.equal(match?.promptIncludes, nonce)
  assert.notEqual(again[1]?.cancelAfterMs, null)
  assert.deepEqual(planAgain(1, ['D10', 'U1'], plan.length), again)
})
