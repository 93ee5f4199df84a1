// What the workflow `Reconcile`, its activities and whoever reads its result say to one another. Plain JSON; lists are cut, counts are not.
import type { ProviderName } from '../contract/index.ts'

/** Argument of `Reconcile`. Every number that it uses: none is read from configuration while it runs. */
export interface ReconcileInput {
  /** false: look and report, change no row and start nothing */
  repair: boolean
  /** `balances`: only read them */
  scope: 'everything' | 'balances'
  limits: ReconcileLimits
}

/** In ms but counts. */
export interface ReconcileLimits {
  /** rows that are younger are not looked at */
  minAgeMs: number
  /** a workflow that is not there is looked for a second time after this */
  lookAgainAfterMs: number
  /** how long after its deadline a generation may still be open while its workflow runs */
  overdueAfterMs: number
  /** rows per list and run */
  maxRows: number
  /** findings that the report names one by one */
  maxListed: number
  /** balances are compared over this long */
  comparePeriodMs: number
  startToCloseMs: number
  heartbeatTimeoutMs: number
  /** of all tries of one step together */
  scheduleToCloseMs: number
}

/** Argument of the activity `reconcile`. */
export type CompareInput = Pick<ReconcileInput, 'repair' | 'limits'>

/** Result of `Reconcile`. */
export interface ReconcileResult {
  repair: boolean
  accounts: BalanceReading[]
  /** null: only balances were read */
  report: ReconcileReport | null
}

/** One account as it answered. */
export interface BalanceReading {
  provider: ProviderName
  account: string
  credits: number | null
  usd: number | null
  isLow: boolean
  /** the reading disproved the reason why the account was paused */
  resumed: boolean
  /** set where there is no readable balance */
  problem: string | null
}

export interface ReconcileReport {
  /** ISO 8601 */
  at: string
  openGenerations: Findings<OpenGenerationFinding>
  owing: Findings<OwingFinding>
  balances: BalanceFinding[]
  /** what is not as it should be now: findings that were not repaired, and balances that differ */
  differences: number
}

export interface Findings<T> {
  /** rows looked at */
  looked: number
  /** there are more rows than one run looks at */
  hasMore: boolean
  found: number
  repaired: number
  /** the oldest of those found */
  listed: T[]
}

/** A generation that the ledger calls open and that no workflow works on. */
export interface OpenGenerationFinding {
  generationId: string
  createdAt: string
  /** `closed`: the workflow has ended; `gone`: the server does not know it (any more) */
  workflow: 'closed' | 'gone'
  /**
   * `provable`: repaired with `repair`; `not_yet`: not known to the server, but not overdue either: its start may be on its way, or this
   * may be the wrong server;
   * `closed`: repaired
   */
  finding: 'provable' | 'not_yet' | 'closed'
  /** attempts that it left open and that now have somebody who looks after them */
  settlementsStarted: number
}

/** An attempt that is owing and that nobody looks after. */
export interface OwingFinding {
  generationId: string
  item: number
  attempt: number
  provider: ProviderName
  account: string
  providerTaskId: string | null
  /** `no_entry`: the row does not say how to ask for it; `no_plan`: the plan is not there or not readable */
  finding: 'provable' | 'no_entry' | 'no_plan' | 'settlement_started'
}

/** Money of one account between two readings, in its own unit. */
export interface BalanceFinding {
  provider: ProviderName
  account: string
  unit: 'credits' | 'usd'
  from: { at: string; balance: number }
  to: { at: string; balance: number }
  taken: number
  booked: number
  measured: number
  /** taken − booked. More: somebody else spends from the account, or a row is missing. Less: a top-up, or an estimate that was too high */
  difference: number
  /** attempts of the period that may explain it */
  owing: number
  unresolved: number
}
