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
  /** succeeded / (succeeded + failed + rejected + left open by deadline); null where nothing has ended */
  successShare: number | null
  /** POST begun → provider finished, of succeeded attempts; null where there are none */
  timeToPictureP50Ms: number | null
  timeToPictureP95Ms: number | null
  /** all costs of this row, failed attempts included, ÷ pictures served; null where none was */
  costPerPictureUsd: number | null
  costUsd: number
  /** part of `costUsd` that is the provider's own word */
  measuredUsd: number
  credits: number | null
  /** submits without a readable answer, adopted ones included */
  unknown: number
  adopted: number
  /** left open and not looked up yet */
  owing: number
  /** paid beside another one for the same picture */
  extraCharges: number
  extraChargesUsd: number
  /** nobody could say */
  unresolved: number
}

export interface Stats {
  from: string
  to: string
  mode: SpendMode
  generations: { made: number; completed: number; failed: number; cancelled: number; open: number }
  costUsd: number
  providers: ProviderStats[]
  /** attempts whose reply and callback named different tasks */
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
