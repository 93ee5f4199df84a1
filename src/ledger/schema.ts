// The tables as kysely sees them. Made by `migrations/`; times have milliseconds only, so that a Date says exactly what the row says.
import type { ColumnType, Generated } from 'kysely'
import type {
  AttemptOutcome,
  AttemptState,
  CostSource,
  DecisionReport,
  FidelityChange,
  FidelityLevel,
  Generation,
  GenerationRequest,
  GenerationStatus,
  ImageReport,
  ProviderName,
  BudgetPeriod,
  PauseAuthor,
  RefusalReason,
  SettlementVerdict,
  SpendMode,
} from '../contract/index.ts'

/** Read as an object, written as text made by `toJsonText`. */
type Json<Value> = ColumnType<Value, string, string>
/** Exact in the database; read as text by pg. */
type Amount = ColumnType<string | null, number | null, number | null>
type GeneratedAmount = ColumnType<string, number | undefined, number>

export interface GenerationsTable {
  id: string
  request_sha256: string
  idempotency_sha256: string | null
  request: Json<GenerationRequest>
  mode: SpendMode
  /** type `json`, not `jsonb`: it comes back as it went in, key order included, for whoever hashes it */
  plan: ColumnType<unknown, string | null, string>
  fidelity: ColumnType<{ level: FidelityLevel; changes: FidelityChange[] } | null, string | null, string | null>
  /** null while it is open: then it is derived from the newest attempt */
  status: Extract<GenerationStatus, 'completed' | 'failed' | 'cancelled'> | null
  served_by_attempt: number | null
  served_by_item: Generated<number>
  decisions: ColumnType<DecisionReport[], string | undefined, string>
  failure: ColumnType<Generation['failure'], string | null, string | null>
  item_failures: ColumnType<Generation['itemFailures'], string | undefined, string>
  created_at: Generated<Date>
  closed_at: Date | null
  tenant: Generated<string>
  reserved_usd: GeneratedAmount
  booked_usd: GeneratedAmount
}

export interface AttemptsTable {
  generation_id: string
  item: number
  attempt: number
  provider: ProviderName
  account: string
  base_url: string
  mode: SpendMode
  api: string
  model: string
  request_sha256: string
  state: AttemptState
  send_id: string | null
  /** of the newest send */
  send_started_at: Date | null
  first_send_started_at: Date | null
  send_deadline_at: Date | null
  tries: Generated<number>
  provider_task_id: string | null
  adopted: Generated<boolean>
  outcome: AttemptOutcome | null
  reason: RefusalReason | null
  message: string | null
  estimate_usd: Amount
  estimate_credits: Amount
  cost_usd: Amount
  cost_credits: Amount
  cost_source: Generated<CostSource>
  proven_free: Generated<boolean>
  possible_extra_charge: Generated<boolean>
  created_at: Generated<Date>
  accepted_at: Date | null
  finished_at: Date | null
  /** by our clock: when the provider's word about the end was recorded */
  end_known_at: Date | null
  entry: number | null
  pictures: Generated<number>
  verdict: SettlementVerdict | null
  settled_at: Date | null
}

export interface HintsTable {
  generation_id: string
  item: number
  attempt: number
  claimed_task_id: string | null
  claimed_state: string | null
  body_sha256: string
  received_at: Date
  dismissed: string | null
}

export interface ImagesTable {
  generation_id: string
  image_index: number
  item: number
  attempt: number
  sha256: string
  size_bytes: number
  content_type: string
  width: number
  height: number
  provenance: ImageReport['provenance']
  spare: Generated<boolean>
}

export interface ExtraTasksTable {
  generation_id: string
  item: number
  attempt: number
  provider_task_id: string
  verdict: SettlementVerdict | null
  cost_usd: Amount
  cost_credits: Amount
  cost_source: Generated<CostSource>
  created_at: Generated<Date>
  settled_at: Date | null
}

export interface AccountsTable {
  mode: SpendMode
  provider: ProviderName
  account: string
  paused_by: PauseAuthor | null
  pause_reason: RefusalReason | 'operator' | null
  pause_message: string | null
  paused_at: Date | null
  paused_until: Date | null
  failures: Generated<number>
  slow_start: Generated<boolean>
  fresh_from: Date | null
  balance_credits: Amount
  balance_usd: Amount
  balance_at: Date | null
}

export interface BalancesTable {
  mode: SpendMode
  provider: ProviderName
  account: string
  at: Generated<Date>
  credits: Amount
  usd: Amount
}

export interface PermitsTable {
  id: string
  mode: SpendMode
  provider: ProviderName
  account: string
  generation_id: string
  item: number
  attempt: number
  granted_at: Generated<Date>
  /** null while it is held for a turn in the line and not used yet */
  send_id: string | null
  window_ms: number
  /** held, or its POST may be on the wire, until then; null: answered */
  open_until: Date | null
  counts_until: Date
  lease_until: Date
  released_at: Date | null
}

export interface LineTable {
  mode: SpendMode
  provider: ProviderName
  generation_id: string
  item: number
  attempt: number
  priority: number
  joined_at: Generated<Date>
  seen_at: Generated<Date>
  expected_at: Generated<Date>
  granted_at: Date | null
}

export interface BudgetsTable {
  mode: SpendMode
  /** `*`: all together */
  tenant: string
  period: BudgetPeriod
  limit_usd: ColumnType<string, number, number>
}

export interface BudgetUsageTable {
  mode: SpendMode
  tenant: string
  period: BudgetPeriod
  starts_at: Date
  used_usd: GeneratedAmount
  reserved_usd: GeneratedAmount
}

export interface UploadsTable {
  sha256: string
  size_bytes: number
  content_type: string
  width: number
  height: number
  created_at: Generated<Date>
}

export interface UploadLinksTable {
  sha256: string
  provider: ProviderName
  base_url: string
  account: string
  url: string
  expires_at: Date
}

export interface LedgerTables {
  generations: GenerationsTable
  attempts: AttemptsTable
  hints: HintsTable
  images: ImagesTable
  extra_tasks: ExtraTasksTable
  accounts: AccountsTable
  balances: BalancesTable
  permits: PermitsTable
  line: LineTable
  budgets: BudgetsTable
  budget_usage: BudgetUsageTable
  uploads: UploadsTable
  upload_links: UploadLinksTable
}
