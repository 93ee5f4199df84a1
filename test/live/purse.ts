// The spending cap. Money is set aside before a POST leaves, for the worst that could come of it, and comes back only when the provider
// positively said that it made no task. What has no known price has no place in it.
import type { SubmitOutcome } from '../../src/providers/provider.ts'

export interface Purse {
  /** false: it would go over the cap, and nothing may be sent */
  setAside: (usd: number) => boolean
  /** what the reply says of the money that was set aside; an unknown outcome is taken as paid */
  settle: (usd: number, outcome: SubmitOutcome) => void
  spentUsd: () => number
}

/** Sums in whole micro-dollars, far below any price: binary fractions would make 0.1 of ten hundredths. */
const micro = (usd: number): number => Math.ceil(usd * 1e6 - 1e-6)

export function createPurse(capUsd: number): Purse {
  const cap = micro(capUsd)
  let spent = 0
  return {
    setAside(usd) {
      if (spent + micro(usd) > cap) return false
      spent += micro(usd)
      return true
    },
    settle(usd, { kind }) {
      if (kind === 'not_sent' || kind === 'refused_final' || kind === 'refused_retryable') spent -= micro(usd)
    },
    spentUsd: () => spent / 1e6,
  }
}
