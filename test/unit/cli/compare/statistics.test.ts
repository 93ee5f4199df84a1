import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { quantile } from '../../../../src/catalog/median-interval.ts'
import { mean, median, medianInterval, p95, signTest, wilsonInterval } from '../../../../src/cli/compare/statistics.ts'

const near = (actual: number | undefined, expected: number, digits = 4): void => {
  assert.equal((actual ?? NaN).toFixed(digits), expected.toFixed(digits))
}

suite('Wilson interval', () => {
  // R: binom::binom.confint(x, n, methods = "wilson")
  for (const [successes, tries, from, to] of [
    [9, 10, 0.5958, 0.9821],
    [5, 10, 0.2366, 0.7634],
    [18, 20, 0.699, 0.9721],
    [0, 10, 0, 0.2775],
    [10, 10, 0.7225, 1],
  ] as const) {
    test(`of ${successes} in ${tries}`, () => {
      const interval = wilsonInterval(successes, tries)
      near(interval?.from, from)
      near(interval?.to, to)
    })
  }

  test('of nothing is nothing', () => assert.equal(wilsonInterval(0, 0), null))

  test('holds the share and stays within 0 and 1, whatever was counted', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), (successes, failures) => {
        fc.pre(successes + failures > 0)
        const share = successes / (successes + failures)
        const interval = wilsonInterval(successes, successes + failures)
        assert.ok(interval !== null, 'an interval')
        assert.ok(interval.from >= 0 && interval.to <= 1, 'within the scale')
        assert.ok(interval.from <= share && share <= interval.to, 'around the share')
      }),
    )
  })
})

suite('quantiles', () => {
  test('are linear between neighbours, as percentile_cont', () => {
    assert.equal(quantile([4, 1, 3, 2], 0.25), 1.75)
    assert.equal(median([3, 1, 2]), 2)
    assert.equal(median([4, 1, 3, 2]), 2.5)
    assert.equal(median([]), null)
    assert.equal(mean([]), null)
  })

  test('there is no p95 below 20 values: it would be the maximum', () => {
    const values = Array.from({ length: 19 }, (_, at) => at + 1)
    assert.equal(p95(values), null)
    near(p95([...values, 20]) ?? undefined, 19.05)
  })
})

suite('interval of the median', () => {
  // The ranks of the usual tables (Conover, Practical Nonparametric Statistics, A3 with p = 0.5).
  for (const [n, from, to] of [
    [6, 1, 6],
    [10, 2, 9],
    [20, 6, 15],
    [50, 18, 33],
  ] as const) {
    test(`of ${n} values reaches from the ${from}. to the ${to}.`, () => {
      const values = Array.from({ length: n }, (_, at) => n - at)
      assert.deepEqual(medianInterval(values), { from, to })
    })
  }

  test('there is none below 6 values, of which not even the extremes are sure enough', () => {
    assert.equal(medianInterval([1, 2, 3, 4, 5]), null)
    assert.equal(medianInterval([]), null)
  })

  test('does not break on a thousand values', () => {
    const interval = medianInterval(Array.from({ length: 1_000 }, (_, at) => at + 1))
    assert.deepEqual(interval, { from: 469, to: 532 })
  })
})

suite('sign test', () => {
  // R: binom.test(c(a, b))$p.value
  for (const [one, other, p] of [
    [8, 2, 0.1094],
    [15, 0, 0.0001],
    [3, 1, 0.625],
    [5, 5, 1],
  ] as const) {
    test(`of ${one} against ${other}`, () => near(signTest(one, other) ?? undefined, p))
  }

  test('without a difference there is nothing to test', () => assert.equal(signTest(0, 0), null))
})
