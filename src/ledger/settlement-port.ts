// Attempts that were left open, and what became of them.
import type { Cost, ExtraTaskReport, ProviderName, SpendMode } from '../contract/index.ts'
import type { AttemptRef, AttemptRow, UnnumberedImage } from './ledger.ts'

/** What looking again found. `confirmed_extra` is the ledger's own conclusion from `paid` and the other attempts of the picture. */
export interface SettlementFinding {
  found: 'paid' | 'failed_free' | 'unresolved'
  /** null: the estimate stays */
  cost: Cost | null
  message: string | null
}

/** An attempt that somebody must still look after. */
export interface OwingAttempt extends AttemptRow {
  /** hints name other tasks than the one it holds, or tasks it made beside it are not looked up yet */
  hasOpenClaims: boolean
}

export interface SettlementPort {
  /**
   * `abandoned → settled` with its verdict and cost; a row in another state is answered as it is. In the same transaction the verdicts
   * of the picture's paid attempts are put in order (the one that served or came first is `paid`, the others `confirmed_extra`), the
   * budget is corrected and the permit released.
   */
  settleAttempt(ref: AttemptRef, finding: SettlementFinding): Promise<AttemptRow>
  /** A second task for one POST, ownership tested by the caller. Kept once per id; the id that the attempt holds itself is not kept. */
  addExtraTask(ref: AttemptRef, providerTaskId: string): Promise<void>
  settleExtraTask(ref: AttemptRef, providerTaskId: string, finding: SettlementFinding): Promise<void>
  readExtraTasks(ref: AttemptRef): Promise<ExtraTaskReport[]>
  /**
   * Task ids that callbacks of this attempt claimed and that are neither its own, nor kept as extra, nor dismissed before.
   */
  openClaims(ref: AttemptRef): Promise<string[]>
  /** The claim failed the ownership test for good: it is not looked at again. */
  dismissClaim(ref: AttemptRef, claimedTaskId: string, why: string): Promise<void>
  /** What one generation has left to look after: rows `abandoned`, or with open claims or extra tasks without verdict. */
  owingOf(generationId: string): Promise<OwingAttempt[]>
  /** The same over all closed generations, oldest first, for the sweeper. */
  listOwing(filter: { mode: SpendMode; leftBefore: Date; limit: number }): Promise<OwingAttempt[]>
  /** Pictures of an attempt that ended after another one had served: added behind the others, marked `spare`. Again: no effect. */
  addSpares(ref: AttemptRef, images: UnnumberedImage[]): Promise<void>

  // reconciliation
  /** Open generations made before `before`, oldest first: the sweeper asks Temporal whether they still run. */
  listOpenGenerations(filter: { mode: SpendMode; before: Date; limit: number }): Promise<{ id: string; createdAt: Date }[]>
  /** The balance of each account as it was read, newest and oldest within the period, with what the ledger booked between the two readings. */
  compareBalances(filter: { mode: SpendMode; from: Date; to: Date }): Promise<BalanceComparison[]>
}

/** Money of one account between two readings of its balance. In credits at Kie, in USD at DefAPI. */
export interface BalanceComparison {
  provider: ProviderName
  account: string
  unit: 'credits' | 'usd'
  from: { at: Date; balance: number }
  to: { at: Date; balance: number }
  /** what the provider took between the readings; negative after a top-up */
  taken: number
  /** what the ledger booked for attempts sent between the readings */
  booked: number
  /** of these, by the provider's own word */
  measured: number
  /** tasks sent between the readings that are not ended or looked up yet, or unresolved: they may explain a difference */
  owing: number
  unresolved: number
}
