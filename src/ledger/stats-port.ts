// What the ledger's rows say about a period, counted in SQL.
import type { AttemptReport, ProviderName, SpendMode } from '../contract/index.ts'

export interface StatsFilter {
  mode: SpendMode
  /** attempts made at or after `from` and before `to` */
  from: Date
  to: Date
  tenant?: string
}

/** One provider and model. */
export interface ProviderStats {
  provider: ProviderName
  /** the provider's name of the model */
  model: string
  /** attempts that were made, free ones included */
  attempts: number
  /** generations it served */
  served: number
  /**
   * succeeded / (succeeded + failed + rejected + left open because its deadline passed or no readable answer came); null where nothing
   * has ended. One that was left and finished later is no success here: it came too late. Cancelled and withdrawn ones do not count.
   */
  successShare: number | null
  /** newest POST begun → provider finished, of succeeded attempts; null where there are none */
  timeToPictureP50Ms: number | null
  timeToPictureP95Ms: number | null
  /** all costs of this row, failed attempts and extra tasks included, ÷ pictures stored (spares do not count); null where none was */
  costPerPictureUsd: number | null
  /** what is known to be spent or estimated to be: attempts and their extra tasks, owing ones with their list price */
  costUsd: number
  /** part of `costUsd` that is the provider's own word */
  measuredUsd: number
  /** in the provider's unit; null where no attempt has any */
  credits: number | null
  /** submits without a readable answer, adopted ones included */
  unknown: number
  adopted: number
  /** left open and not looked up yet, extra tasks included */
  owing: number
  /** tasks paid beside another one for the same picture: by their verdict, or because two attempts of one picture were both paid */
  extraCharges: number
  extraChargesUsd: number
  /** nobody could say, extra tasks included */
  unresolved: number
}

export interface Stats {
  from: string
  to: string
  mode: SpendMode
  /** made in the period, by where they are now */
  generations: { made: number; completed: number; failed: number; cancelled: number; open: number }
  /** sum over `providers` */
  costUsd: number
  /** one row per provider and model, by name */
  providers: ProviderStats[]
  /** tasks that attempts of the period made beside the one they hold: their reply and their callback named different ones */
  taskConflicts: number
}

/** Attempts of which somebody may want a list. */
export const attemptConcerns = ['possible_extra', 'confirmed_extra', 'owing', 'unresolved', 'task_conflict'] as const

/**
 * `possible_extra`: may have been paid beside another one, and nobody has found out yet · `confirmed_extra`: was, or a task of its beside
 * its own was · `owing`: left open, or a task or claim of it is not looked up yet, after its generation ended or it was left ·
 * `unresolved`: nobody could say · `task_conflict`: its reply and its callback named different tasks
 */
export type AttemptConcern = (typeof attemptConcerns)[number]

export interface AttemptFilter {
  mode: SpendMode
  concern: AttemptConcern
  /** opaque; from the previous page */
  cursor?: string
  /** at most 100 */
  limit: number
}

/** An attempt outside its generation. */
export interface ListedAttempt extends AttemptReport {
  generationId: string
  tenant: string
  createdAt: string
}

/** What the ledger holds now, over all time. */
export interface LedgerTotals {
  generationsOpen: number
  /** attempts, by concern */
  attempts: Record<AttemptConcern, number>
}

export interface StatsPort {
  readStats(filter: StatsFilter): Promise<Stats>
  /** The newest first. Rejects with `InvalidCursorError` for a cursor that is not ours. */
  listAttempts(filter: AttemptFilter): Promise<{ attempts: ListedAttempt[]; nextCursor: string | null }>
  readTotals(mode: SpendMode): Promise<LedgerTotals>
}
