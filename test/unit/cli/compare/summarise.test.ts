import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Comparison, PlannedRun } from '../../../../src/cli/compare/comparison.ts'
import { planRuns } from '../../../../src/cli/compare/comparison.ts'
import { measureRun } from '../../../../src/cli/compare/measure-run.ts'
import type { ComparisonReport, ProviderSummary } from '../../../../src/cli/compare/summarise.ts'
import { summarise } from '../../../../src/cli/compare/summarise.ts'
import { verdictsOf } from '../../../../src/cli/compare/verdicts.ts'
import type { Generation } from '../../../../src/contract/index.ts'
import { sampleAttempt } from '../sample-generation.ts'
import { generationOf, sampleComparison } from './sample-comparison.ts'

const runOf = (comparison: Comparison, provider: PlannedRun['provider'], run = 1): PlannedRun => {
  const found = planRuns(comparison).find((each) => each.provider === provider && each.run === run)
  assert.ok(found !== undefined)
  return found
}

suite('one run', () => {
  const comparison = sampleComparison()
  const kie = runOf(comparison, 'kie')

  test('the parts add up to the time from the first POST to the stored picture; our own line is beside it', () => {
    const { timeToPictureMs, queueMs, parts, callbackDelayMs } = measureRun(comparison, kie, generationOf(comparison, kie))
    assert.equal(timeToPictureMs, 3_000)
    assert.equal(queueMs, 100)
    assert.deepEqual(parts, { submitMs: 100, providerMs: 2_400, newsMs: 100, storeMs: 400 })
    assert.equal(callbackDelayMs, 50)
  })

  test('a provider that does not tell when it finished has no callback delay, and its news is part of its work', () => {
    const defapi = runOf(comparison, 'defapi')
    const { parts, callbackDelayMs } = measureRun(comparison, defapi, generationOf(comparison, defapi))
    assert.deepEqual(parts, { submitMs: 100, providerMs: 2_500, newsMs: null, storeMs: 400 })
    assert.equal(callbackDelayMs, null)
  })

  test('asked and without a picture counts against the provider; never asked, cancelled or our own fault does not', () => {
    const endOf = (changes: Partial<Generation>): string =>
      measureRun(comparison, kie, generationOf(comparison, kie, { failed: true, ...changes })).end
    const unsent = [sampleAttempt({ submittedAt: null, state: 'withdrawn', outcome: 'exhausted', reason: 'busy' })]
    assert.equal(endOf({}), 'no_picture')
    assert.equal(endOf({ attempts: unsent }), 'not_counted')
    assert.equal(endOf({ attempts: [] }), 'not_counted')
    // A try was begun each time, and none of them left.
    for (const reason of ['unreachable', 'withdrawn', 'ledger_unavailable'] as const)
      assert.equal(
        endOf({ attempts: [sampleAttempt({ state: 'withdrawn', outcome: 'exhausted', reason })] }),
        'not_counted',
        reason,
      )
    const refused = sampleAttempt({ state: 'withdrawn', outcome: 'exhausted', reason: 'rate_limited' })
    assert.equal(endOf({ attempts: [refused] }), 'no_picture')
    assert.equal(endOf({ failure: { type: 'ServiceUnavailable', message: 'x' } }), 'not_counted')
    assert.equal(endOf({ status: 'cancelled' }), 'not_counted')
    assert.equal(endOf({ status: 'waiting' }), 'open')
    assert.equal(measureRun(comparison, kie, null).end, 'not_started')
  })

  test('a price that somebody assumed stands in where nobody has a figure, and says so', () => {
    const assumed = sampleComparison({ prices: { kie: { usd: 0.03, source: 'assumed' } } })
    const generation = generationOf(assumed, kie, { cost: { usd: null, source: 'none' } })
    assert.deepEqual(measureRun(assumed, kie, generation).cost, { usd: 0.03, source: 'assumed' })
    assert.deepEqual(measureRun(comparison, kie, generation).cost, { usd: null, source: 'none' })
  })

  test('it stands in for a lower estimate, too, and never for what the provider said or for what is known to be free', () => {
    const assumed = sampleComparison({ prices: { kie: { usd: 0.03, source: 'assumed' } } })
    const costOf = (cost: Generation['cost']): object =>
      measureRun(assumed, kie, generationOf(assumed, kie, { failed: true, cost })).cost
    assert.deepEqual(costOf({ usd: 0.02, source: 'estimated' }), { usd: 0.03, source: 'assumed' })
    assert.deepEqual(costOf({ usd: 0.04, source: 'estimated' }), { usd: 0.04, source: 'estimated' })
    assert.deepEqual(costOf({ usd: 0.02, source: 'measured' }), { usd: 0.02, source: 'measured' })
    assert.deepEqual(costOf({ usd: 0, source: 'none' }), { usd: 0, source: 'none' })
  })
})

/** `ends` by provider and run: ms, or null for a failure; what is missing was not started. */
function reportOf(
  ends: Partial<Record<PlannedRun['provider'], (number | null)[]>>,
  changes: Partial<Comparison> = {},
): ComparisonReport {
  const runs = Math.max(...Object.values(ends).map(({ length }) => length))
  const comparison = sampleComparison({ runs, ...changes })
  const generations = new Map<string, Generation>()
  for (const planned of planRuns(comparison)) {
    const end = ends[planned.provider]?.[planned.run - 1]
    if (end === undefined) continue
    generations.set(planned.generationId, generationOf(comparison, planned, end === null ? { failed: true } : { totalMs: end }))
  }
  return summarise(comparison, { generations, stopped: null }, new Date('2026-11-01T11:00:00.000Z'))
}

const summaryOf = (report: ComparisonReport, name: string): ProviderSummary => {
  const found = report.providers.find(({ provider }) => provider === name)
  assert.ok(found !== undefined)
  return found
}

suite('the report', () => {
  test('counts pictures, failures by kind and cost per picture, failed runs included', () => {
    const report = reportOf({ kie: [1_000, 2_000, null, 3_000], defapi: [5_000, 5_000, 5_000] })
    const kie = summaryOf(report, 'kie')
    assert.deepEqual([kie.pictures, kie.counted, kie.started, kie.planned], [3, 4, 4, 4])
    assert.deepEqual(kie.failures, [{ kind: 'provider_fault', count: 1, example: 'internal error' }])
    assert.deepEqual([kie.timeToPictureMs.n, kie.timeToPictureMs.p50, kie.timeToPictureMs.p95], [3, 2_000, null])
    assert.deepEqual([kie.costUsd, kie.costPerPictureUsd, kie.costPerPaidRunUsd, kie.costSource], [0.06, 0.02, 0.02, 'measured'])
    assert.deepEqual([summaryOf(report, 'defapi').started, summaryOf(report, 'defapi').counted], [3, 3])
    assert.deepEqual([report.started, report.planned, report.ended], [7, 8, 7])
  })

  test('pairs are compared where both made the picture, and who made it alone is counted', () => {
    const [pair] = reportOf({ kie: [1_000, 2_000, null, 3_000, 9_000], defapi: [2_000, 2_500, 5_000, null, 1_000] }).pairs
    assert.deepEqual(pair?.time, { pairs: 3, oneFaster: 2, otherFaster: 1, medianDifferenceMs: -500, interval: null, pValue: 1 })
    assert.deepEqual(pair?.success, { pairs: 5, onlyOne: 1, onlyOther: 1, pValue: 1 })
  })

  test('a verdict is given only where the runs can tell', () => {
    const [faster, steadier, cheaper] = verdictsOf(
      reportOf({ kie: [1, 2, 3, 4, 5, 6, 7].map((n) => n * 1_000), defapi: Array.from({ length: 7 }, () => 9_000) }),
    )
    assert.equal(faster?.winner, 'kie')
    assert.match(
      faster?.sentence ?? '',
      /^First in 7 of 7 pairs, by 5\.0 s in the median \(95 %: 2\.0 s to 8\.0 s\); sign test p = 0\.02\.$/,
    )
    assert.deepEqual([steadier?.winner, steadier?.answer], [null, 'the same'])
    assert.deepEqual([cheaper?.winner, cheaper?.answer], [null, 'the same'])
    const [undecided] = verdictsOf(reportOf({ kie: [1_000, 2_000], defapi: [3_000, 4_000] }))
    assert.equal(undecided?.winner, null)
    assert.match(undecided?.sentence ?? '', /these runs cannot tell/)
  })

  test('cheaper is who takes less, not who was lucky, and never by figures of two sources', () => {
    const cheaperOf = (changes: Record<'kie' | 'defapi', Partial<ProviderSummary>>) => {
      const report = reportOf({ kie: [1_000, 1_000], defapi: [1_000, 1_000] })
      const providers = report.providers.map((each) => ({ ...each, ...changes[each.provider] }))
      const [, , cheaper] = verdictsOf({ ...report, providers })
      return cheaper
    }
    const paid = (usd: number, perPictureUsd: number, costSource: ProviderSummary['costSource'] = 'measured') =>
      ({ costPerPaidRunUsd: usd, costPerPictureUsd: perPictureUsd, costSource }) as const
    assert.equal(cheaperOf({ kie: paid(0.02, 0.02), defapi: paid(0.03, 0.03) })?.winner, 'kie')
    const lucky = cheaperOf({ kie: paid(0.02, 0.025), defapi: paid(0.02, 0.02) })
    assert.deepEqual([lucky?.winner, lucky?.answer], [null, 'undecided'])
    assert.match(lucky?.sentence ?? '', /Both take \$0\.02 for a run that is paid; the rest is how many made no picture/)
    const crossed = cheaperOf({ kie: paid(0.02, 0.04), defapi: paid(0.03, 0.03) })
    assert.deepEqual([crossed?.winner, crossed?.answer], [null, 'undecided'])
    const sources = cheaperOf({ kie: paid(0.02, 0.02), defapi: paid(0.03, 0.03, 'assumed') })
    assert.deepEqual([sources?.winner, sources?.answer], [null, 'undecided'])
    assert.match(sources?.sentence ?? '', /Figures of two sources/)
  })

  test('before the first run it is a report without figures, not an error', () => {
    const report = reportOf({ kie: [], defapi: [] }, { runs: 2 })
    assert.deepEqual([report.started, report.period], [0, null])
    assert.equal(summaryOf(report, 'kie').successShare, null)
    for (const { winner } of verdictsOf(report)) assert.equal(winner, null)
  })
})
