// How sure a middle value is, whatever the shape of the values.
import type { Interval } from './share-interval.ts'

/**
 * Order statistics around the median: with every value as likely above as below it, the r-th smallest and the r-th largest hold it between
 * them unless fewer than r coins of n fall to one side. `tail`: how often the median may lie to each side of them at most, 0.025 for 95 %.
 * Null where not even the smallest and the largest are that sure: for 95 % below 6 values.
 */
export function medianInterval(values: readonly number[], tail: number): Interval | null {
  const sorted = values.toSorted((one, other) => one - other)
  let rank = 0
  while (fairCoinsUpTo(rank, sorted.length) <= tail) rank += 1
  const [from, to] = [sorted[rank - 1], sorted[sorted.length - rank]]
  return from === undefined || to === undefined ? null : { from, to }
}

/** Linear between the neighbours, as `percentile_cont` of the ledger's own statistics. Null for no values. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((one, other) => one - other)
  const at = (sorted.length - 1) * share
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return low === undefined || high === undefined ? null : low + (high - low) * (at - Math.floor(at))
}

/** P(X ≤ successes) for `tries` fair coins. */
export function fairCoinsUpTo(successes: number, tries: number): number {
  let sum = 0
  for (let k = 0; k <= successes; k += 1) sum += fairCoins(k, tries)
  return sum
}

/** P(X = successes) for `tries` fair coins; by logarithms, since the factorials of a few hundred are beyond a number. */
function fairCoins(successes: number, tries: number): number {
  let logarithm = -tries * Math.LN2
  for (let k = 1; k <= successes; k += 1) logarithm += Math.log((tries - successes + k) / k)
  return Math.exp(logarithm)
}
