// Two providers, pair by pair: the same prompt, started side by side. What differs between prompts and hours cancels out.
import type { ProviderName } from '../../contract/index.ts'
import type { MeasuredRun } from './measure-run.ts'
import type { Interval } from '../../catalog/share-interval.ts'
import { median, medianInterval, signTest } from './statistics.ts'

export interface PairedResult {
  one: ProviderName
  other: ProviderName
  time: {
    /** pairs in which both made the picture */
    pairs: number
    oneFaster: number
    otherFaster: number
    /** median of (one − other): below 0, `one` is faster */
    medianDifferenceMs: number | null
    /** of that median, 95 %; null below 6 pairs */
    interval: Interval | null
    /** sign test, two-sided; null without a difference */
    pValue: number | null
  }
  success: {
    /** pairs in which both count */
    pairs: number
    onlyOne: number
    onlyOther: number
    /** McNemar's exact test, two-sided; null when no pair differs */
    pValue: number | null
  }
}

export function comparePairs(runs: readonly MeasuredRun[], one: ProviderName, other: ProviderName): PairedResult {
  const pairs = runs
    .filter(({ provider }) => provider === one)
    .flatMap((first) => {
      const second = runs.find(({ provider, run }) => provider === other && run === first.run)
      return second === undefined ? [] : [{ first, second }]
    })
  const isCounted = ({ end }: MeasuredRun): boolean => end === 'picture' || end === 'no_picture'
  const counted = pairs.filter(({ first, second }) => isCounted(first) && isCounted(second))
  const differencesMs = pairs.flatMap(({ first, second }) =>
    first.timeToPictureMs === null || second.timeToPictureMs === null ? [] : [first.timeToPictureMs - second.timeToPictureMs],
  )
  const oneFaster = differencesMs.filter((ms) => ms < 0).length
  const otherFaster = differencesMs.filter((ms) => ms > 0).length
  const onlyOne = counted.filter(({ first, second }) => first.end === 'picture' && second.end !== 'picture').length
  const onlyOther = counted.filter(({ first, second }) => first.end !== 'picture' && second.end === 'picture').length
  return {
    one,
    other,
    time: {
      pairs: differencesMs.length,
      oneFaster,
      otherFaster,
      medianDifferenceMs: median(differencesMs),
      interval: medianInterval(differencesMs),
      pValue: signTest(oneFaster, otherFaster),
    },
    success: { pairs: counted.length, onlyOne, onlyOther, pValue: signTest(onlyOne, onlyOther) },
  }
}
