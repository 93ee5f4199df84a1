import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { worstCaseUsd, type SpendingPolicy } from '../../../src/catalog/worst-case.ts'

const policy: SpendingPolicy = { fallback: true, onUnknown: 'fallback', maxPaidAttempts: 2, maxCostUsd: null }

/** The dearest of all courses, found by walking each of them: an independent telling of what `decide` may do. */
function dearestCourse(prices: readonly number[], { fallback, onUnknown, maxPaidAttempts }: SpendingPolicy): number {
  const walk = (entry: number, paidAttempts: number): number => {
    const price = prices[entry]
    if (price === undefined || paidAttempts === maxPaidAttempts) return 0
    const next = (paid: number): number => (fallback ? walk(entry + 1, paid) : 0)
    const again = onUnknown === 'resubmit' ? walk(entry, paidAttempts + 1) : 0
    // refused: free; failed, late or unheard: perhaps paid
    return Math.max(next(paidAttempts), price + next(paidAttempts + 1), price + again)
  }
  return walk(0, 0)
}

test('the worst case is what the dearest of all courses costs, neither less nor more', () => {
  const prices = fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 4 }).map((all) => all.map((micro) => micro / 1e6))
  const policies = fc.record<SpendingPolicy>({
    fallback: fc.boolean(),
    onUnknown: fc.constantFrom('fallback', 'resubmit', 'fail'),
    maxPaidAttempts: fc.integer({ min: 1, max: 5 }),
    maxCostUsd: fc.constant(null),
  })
  fc.assert(
    fc.property(prices, policies, (some, any) => {
      const worst = worstCaseUsd(some, any)
      assert.ok(worst !== null && Math.abs(worst - dearestCourse(some, any)) < 1e-6, `${worst} ${dearestCourse(some, any)}`)
    }),
    { numRuns: 2_000 },
  )
})

test('the dearest providers count, whatever their place in the route', () => {
  assert.equal(worstCaseUsd([0.02, 0.05, 0.04], policy), 0.09)
  assert.equal(worstCaseUsd([0.1, 0.2], policy), 0.3, 'no dust of binary fractions')
  assert.equal(worstCaseUsd([0.02, 0.05], { ...policy, fallback: false }), 0.02)
  assert.equal(worstCaseUsd([0.02, 0.05], { ...policy, onUnknown: 'resubmit', maxPaidAttempts: 3 }), 0.15)
})

test('the cost limit of the request caps it', () => {
  assert.equal(worstCaseUsd([0.02, 0.05], { ...policy, maxCostUsd: 0.06 }), 0.06)
  assert.equal(worstCaseUsd([0.02, 0.05], { ...policy, maxCostUsd: 5 }), 0.07)
})

test('a price that nobody knows makes the worst case unknown, unless that provider is never asked', () => {
  assert.equal(worstCaseUsd([0.02, null], { ...policy, maxCostUsd: 0.5 }), 0.02, 'a cost limit keeps it out')
  assert.equal(worstCaseUsd([null], { ...policy, maxCostUsd: 0.5 }), 0)
  assert.equal(worstCaseUsd([null], policy), null)
  assert.equal(worstCaseUsd([0.02, null], policy), 0.04, 'taken for as dear as the other')
  assert.equal(worstCaseUsd([0.02, null], { ...policy, maxPaidAttempts: 1 }), 0.02)
  assert.equal(worstCaseUsd([0.02, null], { ...policy, fallback: false }), 0.02)
})
