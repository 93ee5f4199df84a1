import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { createPurse } from '../../../../src/cli/compare/spending.ts'

suite('the cap', () => {
  test('is used to the last cent: 50 runs of 2 cents fit into a dollar, a 51st does not', () => {
    const purse = createPurse(1)
    let started = 0
    while (purse.mayStart(0.02)) purse.reserve(`run-${(started += 1)}`, 0.02)
    assert.equal(started, 50)
    assert.equal(purse.committedUsd(), 1)
  })

  test('what a run did not take is there for the next one, and what nobody knows stays reserved', () => {
    const purse = createPurse(0.04)
    purse.reserve('free', 0.02)
    purse.reserve('unknown', 0.02)
    assert.equal(purse.mayStart(0.02), false)
    purse.book('free', 0)
    purse.book('unknown', null)
    assert.equal(purse.mayStart(0.02), true)
    assert.equal(purse.spentUsd(), 0)
    assert.equal(purse.committedUsd(), 0.02)
  })

  test('a run that took more than its worst case counts with what it took', () => {
    const purse = createPurse(0.1)
    purse.reserve('dear', 0.02)
    purse.book('dear', 0.09)
    assert.equal(purse.mayStart(0.02), false)
  })

  test('what is reserved may be raised, never lowered, and what has ended stays as it was', () => {
    const purse = createPurse(1)
    purse.reserve('open', 0.02)
    purse.reserve('ended', 0.02)
    purse.book('ended', 0.01)
    for (const id of ['open', 'ended', 'not started']) purse.raise(id, 0.06)
    assert.equal(purse.committedUsd(), 0.07)
    purse.raise('open', 0.03)
    assert.equal(purse.committedUsd(), 0.07)
  })

  test('a run that is found again counts once', () => {
    const purse = createPurse(null)
    purse.reserve('one', 0.02)
    purse.book('one', 0.01)
    purse.reserve('one', 0.02)
    assert.equal(purse.committedUsd(), 0.01)
  })

  test('whatever is started, ends and fails in whatever order, the worst case of everything never goes over it', () => {
    const micros = (max: number): fc.Arbitrary<number> => fc.nat(max).map((amount) => amount / 1e6)
    const step = fc.record({
      priceUsd: micros(200_000),
      share: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      endsAt: fc.nat(5),
    })
    fc.assert(
      fc.property(micros(2_000_000), fc.array(step, { maxLength: 60 }), (capUsd, steps) => {
        const purse = createPurse(capUsd)
        const open: { id: string; priceUsd: number; share: number | null; endsAt: number }[] = []
        let certainUsd = 0
        for (const [at, { priceUsd, share, endsAt }] of steps.entries()) {
          for (const ended of open.filter((run) => run.endsAt === at)) {
            purse.book(ended.id, ended.share === null ? null : ended.priceUsd * ended.share)
            certainUsd += ended.share === null ? ended.priceUsd : ended.priceUsd * ended.share
            open.splice(open.indexOf(ended), 1)
          }
          if (!purse.mayStart(priceUsd)) continue
          purse.reserve(String(at), priceUsd)
          open.push({ id: String(at), priceUsd, share, endsAt: at + 1 + endsAt })
          const worstUsd = certainUsd + open.reduce((sum, run) => sum + run.priceUsd, 0)
          // A millionth of a cent for what the sum here, in binary fractions, adds of its own.
          assert.ok(worstUsd <= capUsd + 1e-8, `${worstUsd} of ${capUsd}`)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
