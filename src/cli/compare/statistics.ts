// The few statistics of a comparison. Each says how sure it is, or says nothing: none of them assumes a shape of the times.

import { fairCoinsUpTo, medianInterval as middleInterval, quantile } from '../../catalog/median-interval.ts'
import { shareInterval } from '../../catalog/share-interval.ts'
import type { Interval } from '../../catalog/share-interval.ts'

/** The normal deviate of a two-sided 95 % interval. */
const z95 = 1.959963984540054

/** Null for no tries. */
export const wilsonInterval = (successes: number, tries: number): Interval | null => shareInterval(successes, tries, z95)

export const median = (values: readonly number[]): number | null => quantile(values, 0.5)

/** Below this many values none is expected to lie above the 95th percentile (5 % of 20 is 1): what looked like one would be the maximum. */
export const leastForP95 = 20

export function p95(values: readonly number[]): number | null {
  return values.length < leastForP95 ? null : quantile(values, 0.95)
}

export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** 95 %, by order statistics. Null below 6 values. */
export const medianInterval = (values: readonly number[]): Interval | null => middleInterval(values, 0.025)

/**
 * The exact sign test, two-sided: how likely a split at least as uneven as this is when both sides are equal. Of pairs of times it is the
 * sign test; of pairs of which only one succeeded it is McNemar's exact test. Null without a single difference.
 */
export function signTest(oneSide: number, otherSide: number): number | null {
  const tries = oneSide + otherSide
  return tries === 0 ? null : Math.min(1, 2 * fairCoinsUpTo(Math.min(oneSide, otherSide), tries))
}

/** As is usual: a difference that chance alone makes less than once in twenty times. Two tests and two providers need no correction. */
export const significance = 0.05
