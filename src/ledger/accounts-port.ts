// What the ledger knows of a provider account: who may send now, who waits in line, who is paused. One truth for every process. // I8
import type { PauseAuthor, ProviderName, RefusalReason, SpendMode } from '../contract/index.ts'
import type { AttemptRef, AttemptRow } from './ledger.ts'

/** One provider account. Mock and live never share anything. */
export interface AccountRef {
  mode: SpendMode
  provider: ProviderName
  account: string
}

/** What one account takes. The provider refuses what is more, so we are the queue. */
export interface AccountLimits {
  /** new tasks in any window of `windowMs`; null: not limited */
  creates: number | null
  windowMs: number
  /** tasks at work at the same time; null: not limited */
  maxInFlight: number | null
  /** a task that nobody has ended is counted as at work for this long at most, ms */
  leaseMs: number
}

/** The accounts of one provider that a send may use, in the order of preference, with their limits. */
export interface SendOffer {
  timeoutMs: number
  accounts: readonly string[]
  limits: AccountLimits
}

/** Why nothing can be sent just now. */
export interface Busy {
  /** `line`: others came first; `window`, `in_flight`: the provider's limits; `paused`: every account is paused */
  because: 'line' | 'window' | 'in_flight' | 'paused'
  /** set when paused: the pause that ends first */
  pause: Pause | null
  /** when it is worth asking again, ms from now */
  retryAfterMs: number
}

export interface Pause {
  by: PauseAuthor
  reason: RefusalReason | 'operator'
  /** printable, for people */
  message: string
  since: Date
  /** null: until somebody resumes it, or a balance check shows that its reason is gone */
  until: Date | null
}

export type TurnResult =
  /** a permit is held for this attempt for a while: submit now */
  | { kind: 'granted'; account: string }
  /** `position` from 1; `busy.retryAfterMs` is when this place may come up */
  | { kind: 'waiting'; position: number; busy: Busy }
  /** the attempt is not `claimed` any more: there is nothing to wait for */
  | { kind: 'decided'; row: AttemptRow }

/** What one answer of the provider says about its account. Noted after the attempt's own row is booked. */
export type AccountNews = {
  /** when the send began, by the ledger's clock (`sendStartedAt`): news older than a resume, or than the breaker's pause, pause nothing */
  sentAt?: Date | null
} &
  /** a task was made: the breaker closes, slow start ends */
  (
    | { kind: 'accepted' }
    /** refused, for good or for now; `retryAfterMs` as the provider said it */
    | { kind: 'refused'; reason: RefusalReason; message: string; retryAfterMs: number | null }
    /** no readable answer, or no connection: counts towards the breaker */
    | { kind: 'fault'; message: string }
  )

/** How long each kind of trouble pauses an account, ms; from the configuration. */
export interface PauseRules {
  /** a 429 without `Retry-After`: one window */
  rateLimitPauseMs: number
  maintenancePauseMs: number
  /** the breaker opens after this many faults in a row … */
  breakerFailures: number
  /** … for this long; then one send at a time until one is accepted (slow start) */
  breakerPauseMs: number
}

/** One account as a person wants to see it. */
export interface AccountGate extends AccountRef {
  pause: Pause | null
  /** faults in a row */
  failures: number
  /** closed: normal; open: paused by the breaker; half_open: one send at a time until one is accepted */
  breaker: 'closed' | 'open' | 'half_open'
  /** permits that count in the window now, tasks at work now, attempts in line for the provider */
  inWindow: number
  inFlight: number
  inLine: number
  balance: { credits: number | null; usd: number | null; at: Date } | null
}

export interface AccountsPort {
  /**
   * A place in line: first come first served within a priority. Grants and holds a permit for `holdMs` when it is this attempt's turn.
   * A place whose attempt has not asked for `graceMs` is passed over, so that a dead workflow holds nobody up.
   */
  takeTurn(
    ref: AttemptRef,
    offer: Omit<SendOffer, 'timeoutMs'> & { provider: ProviderName; mode: SpendMode; priority: number; holdMs: number },
  ): Promise<TurnResult>
  /** Answers the pause that this news caused, null when it caused none. An operator's pause is never shortened or replaced. */
  noteAccountNews(account: AccountRef, news: AccountNews, rules: PauseRules): Promise<Pause | null>
  /** `until` null: until resumed. Makes the account's row where there is none. */
  pauseAccount(
    account: AccountRef,
    pause: { by: PauseAuthor; reason: Pause['reason']; message: string; until: Date | null },
  ): Promise<Pause>
  /** Ends any pause and closes the breaker. False: it was not paused. */
  resumeAccount(account: AccountRef): Promise<boolean>
  /** Every account that was ever used, paused or listed here. */
  listAccounts(known: readonly AccountRef[]): Promise<AccountGate[]>
  /** Keeps a reading of the balance; a pause for `no_credits` or `auth` that the reading disproves is ended. */
  recordBalance(account: AccountRef, balance: { credits: number | null; usd: number | null }): Promise<{ resumed: boolean }>
}
