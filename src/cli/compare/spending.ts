// The cap: nothing is started that could take everything together over it. What a provider takes beyond the worst case it was reserved with is the only way over.

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
  /** what is still reserved for a run may take more than was thought */
  raise(id: string, worstCaseUsd: number): void
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
    raise(id, worstCaseUsd) {
      if (reserved.has(id)) reserved.set(id, Math.max(reserved.get(id) ?? 0, toMicros(worstCaseUsd)))
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
