// What a plan may cost at most: what a budget must have room for before anything is sent.
import { roundMicro } from './price.ts'

export interface SpendingPolicy {
  /** false: only the first entry is ever asked */
  fallback: boolean
  onUnknown: 'fallback' | 'resubmit' | 'fail'
  maxPaidAttempts: number
  /** null: no limit */
  maxCostUsd: number | null
}

/**
 * Over every course that a generation may take: a provider that fails, is late or does not answer may have been paid all the same, one
 * that refuses is free and gives its turn to the next. A provider without a published price is taken for as dear as the dearest of the
 * others; what it really took is booked afterwards. With a cost limit `decide` never asks such a one, since nobody could say that it
 * stays within. Null: no provider of the route has a price.
 */
export function worstCaseUsd(prices: readonly (number | null)[], policy: SpendingPolicy): number | null {
  const { fallback, onUnknown, maxPaidAttempts, maxCostUsd } = policy
  const reachable = fallback ? prices : prices.slice(0, 1)
  const known = reachable.filter((price) => price !== null)
  if (reachable.length > 0 && known.length === 0 && maxCostUsd === null) return null
  const dearestUsd = Math.max(0, ...known)
  const assumed = maxCostUsd === null ? reachable.map((price) => price ?? dearestUsd) : known
  const dearestFirst = assumed.toSorted((a, b) => b - a)
  // Each provider is paid once on the way down the route, in any choice of them; where an unheard submit is repeated, the dearest each time.
  const paid =
    onUnknown === 'resubmit'
      ? (dearestFirst[0] ?? 0) * maxPaidAttempts
      : dearestFirst.slice(0, maxPaidAttempts).reduce((sum, price) => sum + price, 0)
  return roundMicro(maxCostUsd === null ? paid : Math.min(paid, maxCostUsd))
}
