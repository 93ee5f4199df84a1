// The few statistics of a comparison. Each says how sure it is, or says nothing: none of them assumes a shape of the times.

import { shareInterval } from '../../catalog/share-interval.ts'
import type { Interval } from '../../catalog/share-interval.ts'

/** The normal deviate of a two-sided 95 % interval. */
const z95 = 1.959963984540054

/** Null for no tries. */
export const wilsonInterval = (successes: number, tries: number): Interval | null => shareInterval(successes, tries, z95)

/** Linear between the neighbours, as `percentile_cont` of the ledger's own statistics. Null for no values. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((one, other) => one - other)
  const at = (sorted.length - 1) * share
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return low === undefined || high === undefined ? null : low + (high - low) * (at - Math.floor(at))
}

export const median = (values: readonly number[]): number | null => quantile(values, 0.5)

/** Below this many values none is expected to lie above the 95th percentile (5 % of 20 is 1): what looked like one would be the maximum. */
export const leastForP95 = 20

export function p95(values: readonly number[]): number | null {
  return values.length < leastForP95 ? null : quantile(values, 0.95)
}

export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** P(X = successes) for `tries` fair coins; by logarithms, since the factorials of a few hundred are beyond a number. */
function fairCoins(successes: number, tries: number): number {
  let logarithm = -tries * Math.LN2
  for (let k = 1; k <= successes; k += 1) logarithm += Math.log((tries - successes + k) / k)
  return Math.exp(logarithm)
}

/** P(X ≤ successes) for `tries` fair coins. */
function fairCoinsUpTo(successes: number, tries: number): number {
  let sum = 0
  for (let k = 0; k <= successes; k += 1) sum += fairCoins(k, tries)
  return sum
}

/**
 * Order statistics around the median: with every value as likely above as below it, the r-th smallest and the r-th largest hold it between
 * them unless fewer than r coins of n fall to one side. Null below 6 values, of which not even the smallest and the largest are 95 % sure.
 */
export function medianInterval(values: readonly number[]): Interval | null {
  const sorted = values.toSorted((one, other) => one - other)
  let rank = 0
  while (fairCoinsUpTo(rank, sorted.length) <= 0.025) rank += 1
  const [from, to] = [sorted[rank - 1], sorted[sorted.length - rank]]
  return from === undefined || to === undefined ? null : { from, to }
}

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
