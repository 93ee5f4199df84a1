// The cap: what everything that was started may cost at most, together, never goes over it.

/** Whole numbers: sums of cents in binary fractions would creep over a limit. */
const microsPerUsd = 1_000_000
/** Up: what is reserved must suffice. The little bit less is what binary fractions add to 0.02 × 1,000,000. */
const toMicros = (usd: number): number => Math.ceil(usd * microsPerUsd - 1e-6)

export interface Purse {
  /** null: no cap */
  readonly capUsd: number | null
  mayStart(worstCaseUsd: number): boolean
  /** before a run is started, or when it is found started */
  reserve(id: string, worstCaseUsd: number): void
  /** after its end: what it really took. Null: nobody knows, so what was reserved stays */
  book(id: string, usd: number | null): void
  /** nothing was started after all */
  release(id: string): void
  /** known costs of ended runs */
  spentUsd(): number
  /** all of it: what is spent, and the worst case of what is open or unknown */
  committedUsd(): number
}

export function createPurse(capUsd: number | null): Purse {
  const reserved = new Map<string, number>()
  const spent = new Map<string, number>()
  const sum = (amounts: Map<string, number>): number => [...amounts.values()].reduce((total, micros) => total + micros, 0)
  return {
    capUsd,
    mayStart: (worstCaseUsd) =>
      capUsd === null || sum(reserved) + sum(spent) + toMicros(worstCaseUsd) <= Math.floor(capUsd * microsPerUsd + 1e-6),
    reserve(id, worstCaseUsd) {
      if (!spent.has(id)) reserved.set(id, toMicros(worstCaseUsd))
    },
    book(id, usd) {
      if (usd === null) return
      reserved.delete(id)
      spent.set(id, toMicros(usd))
    },
    release(id) {
      reserved.delete(id)
    },
    spentUsd: () => sum(spent) / microsPerUsd,
    committedUsd: () => (sum(reserved) + sum(spent)) / microsPerUsd,
  }
}
