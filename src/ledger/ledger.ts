// What the rest of darkroom may ask of the ledger. The ledger row is the idempotency key that the providers do not have (I3):
// read `attempt-states.ts` for the table of states and events, and `attempts.ts` for the statements that keep it.
import type {
  AttemptOutcome,
  AttemptState,
  Cost,
  DecisionReport,
  FailureType,
  FidelityChange,
  FidelityLevel,
  Generation,
  GenerationRequest,
  GenerationStatus,
  ImageReport,
  ItemFailure,
  ProviderName,
  RefusalReason,
  SettlementVerdict,
  SpendMode,
} from '../contract/index.ts'
import type { AccountsPort, Busy, SendOffer } from './accounts-port.ts'
import type { BudgetsPort, OverBudget } from './budgets-port.ts'
import type { SettlementPort } from './settlement-port.ts'
import type { StatsPort } from './stats-port.ts'
import type { TrackRecordsPort } from './track-records-port.ts'
import type { UploadsPort } from './uploads-port.ts'

/** Names one attempt for ever: the generation id is the workflow id, so it outlives resets. */
export interface AttemptRef {
  generationId: string
  /** from 0 */
  item: number
  /** from 1 */
  attempt: number
}

/** One row of the attempts table. */
export interface AttemptRow extends AttemptRef {
  provider: ProviderName
  account: string
  baseUrl: string
  mode: SpendMode
  /** endpoint family at the provider, needed to query */
  api: string
  model: string
  /** index in the plan's route; null in rows from before it was kept */
  entry: number | null
  /** that its task was asked for */
  pictures: number
  requestSha256: string
  state: AttemptState
  /** identifies the one run that may be talking; null before the first */
  sendId: string | null
  sendStartedAt: Date | null
  /** after this moment nobody may still be talking */
  sendDeadlineAt: Date | null
  /** used up so far: sends begun, and uploads that failed before one could begin */
  tries: number
  providerTaskId: string | null
  adopted: boolean
  outcome: AttemptOutcome | null
  reason: RefusalReason | null
  message: string | null
  cost: Cost
  /** the provider's word or a refusal proves that this attempt costs nothing */
  provenFree: boolean
  possibleExtraCharge: boolean
  /** of a settled row */
  verdict: SettlementVerdict | null
  settledAt: Date | null
  createdAt: Date
  acceptedAt: Date | null
  finishedAt: Date | null
}

/** A generation as planned; `plan` is opaque JSON to the ledger. */
export interface NewGeneration {
  id: string
  requestSha256: string
  request: GenerationRequest
  mode: SpendMode
  /** SHA-256 of the caller's Idempotency-Key, hex; null without one */
  idempotencySha256: string | null
  /** whose budget pays */
  tenant: string
  /** worst case of the plan; null: a price in it is not known, so no budget can hold it */
  worstCaseUsd: number | null
}

export type CreateGenerationResult =
  | { kind: 'created' }
  /** the same request under the same id is there already */
  | { kind: 'exists' }
  /** the id is taken by another request */
  | { kind: 'conflict' }
  /** a budget has no room for the worst case: nothing was written */
  | { kind: 'over_budget'; budget: OverBudget }
  /** a budget applies and the worst case is not known: nothing was written */
  | { kind: 'price_unknown' }

export interface NewAttempt extends AttemptRef {
  provider: ProviderName
  account: string
  baseUrl: string
  mode: SpendMode
  api: string
  model: string
  /** index in the plan's route, for whoever looks at the row after its workflow is gone */
  entry: number
  /** that its task is asked for */
  pictures: number
  requestSha256: string
  /** list price, kept as `estimated` cost once the attempt is accepted or unknown; null where no price is known */
  estimate: { usd: number | null; credits: number | null }
}

/** An earlier attempt that is being left because another one will be paid. */
export interface LeftAttempt {
  item: number
  attempt: number
  outcome: AttemptOutcome
  reason: RefusalReason
  message: string
  /** a task id that the submit knew and could not write; null where there is none */
  providerTaskId: string | null
}

export type BeginSendResult =
  /** the row went `claimed → sending` under this sendId: exactly one POST may follow */
  | { kind: 'send'; sendId: string; row: AttemptRow }
  /** another run may be talking until `sendDeadlineAt` */
  | { kind: 'sending_elsewhere'; row: AttemptRow }
  /** the attempt has an outcome already: nothing may be posted */
  | { kind: 'decided'; row: AttemptRow }
  /** no account may take it now; the row is still `claimed` */
  | { kind: 'busy'; row: AttemptRow; busy: Busy }

/** Why the pictures of a request could not be sent to the provider. */
export interface FailedUpload {
  reason: RefusalReason
  message: string
}

/** How a query ended an attempt. */
export interface ProviderVerdict {
  state: 'succeeded' | 'failed'
  reason: RefusalReason | null
  message: string | null
  cost: Cost | null
  provenFree: boolean
  finishedAt: Date | null
}

/** What a callback claimed about an attempt: unverified, kept for the ownership test and for settlement. */
export interface Hint extends AttemptRef {
  claimedTaskId: string | null
  claimedState: string | null
  bodySha256: string
  receivedAt: Date
}

export interface NewImage extends Omit<ImageReport, 'url'> {
  generationId: string
}

/** A picture before it has its number within the generation. */
export type UnnumberedImage = Omit<NewImage, 'index' | 'spare'>

/** What the workflow adds when it ends a generation. */
export interface Closing {
  status: Extract<GenerationStatus, 'completed' | 'failed' | 'cancelled'>
  /** of several pictures, that of the lowest item that has one: `servedByItem` (0 where that is left out) */
  servedByAttempt: number | null
  servedByItem?: number
  fidelity: { level: FidelityLevel; changes: FidelityChange[] } | null
  decisions: DecisionReport[]
  failure: { type: FailureType; message: string; provider?: ProviderName } | null
  /** items that ended without a picture while others have one */
  itemFailures?: ItemFailure[]
  /** attempts left open: each open row becomes `abandoned` (owing) */
  left: LeftAttempt[]
}

export interface GenerationFilter {
  status?: GenerationStatus
  /** opaque; from the previous page */
  cursor?: string
  /** at most 100 */
  limit: number
}

/** All methods reject with `LedgerUnavailableError` when the database cannot be reached in time. */
export interface Ledger extends AccountsPort, SettlementPort, BudgetsPort, StatsPort, TrackRecordsPort, UploadsPort {
  // generations
  /**
   * Idempotent by id. Called by the gateway before it starts the workflow, and by the plan for workflows started elsewhere. A new one
   * reserves its worst case in every budget that applies, in the same transaction: concurrent requests cannot overrun one.
   */
  createGeneration(generation: NewGeneration): Promise<CreateGenerationResult>
  /** First call stores the plan; later calls return the stored one, so that a reset keeps its route. */
  recordPlan(generationId: string, plan: unknown, fidelity: { level: FidelityLevel; changes: FidelityChange[] }): Promise<unknown>
  /** Removes a generation that was never planned, after its workflow could not be started. True when it was removed. */
  forgetUnplanned(generationId: string): Promise<boolean>
  /** The stored plan; null: none yet. */
  readPlan(generationId: string): Promise<unknown>
  readGeneration(generationId: string): Promise<Generation | null>
  /** The newest first. Rejects with `InvalidCursorError` for a cursor that is not ours. */
  listGenerations(filter: GenerationFilter): Promise<{ generations: Generation[]; nextCursor: string | null }>
  /**
   * Ends a generation once; a second call returns what the first one wrote (I2). Its pictures are written in the same transaction,
   * numbered behind those of items that are stored already.
   */
  closeGeneration(generationId: string, closing: Closing, images: UnnumberedImage[]): Promise<Generation>
  /** Pictures of one item of an open generation, numbered as they come. Again, or after its end: no effect (I2). */
  addItemImages(ref: AttemptRef, images: UnnumberedImage[]): Promise<void>
  readImage(generationId: string, index: number): Promise<NewImage | null>

  // attempts: paid once
  /**
   * In one transaction: marks the attempts in `left` (open ones become `abandoned`; those not proven free get `possibleExtraCharge`),
   * then inserts this one as `claimed` unless it exists. Marking comes first (I3).
   */
  claimAttempt(attempt: NewAttempt, left: LeftAttempt[]): Promise<AttemptRow>
  /**
   * `claimed → sending` with a new sendId and send deadline, or says why not. A passed deadline turns `sending` into `unknown` here.
   * The same transaction takes a permit of one of the offered accounts, which becomes the row's account (I8): the one held for this
   * attempt if it has had its turn, else a free one if nobody stands in line.
   */
  beginSend(ref: AttemptRef, offer: SendOffer): Promise<BeginSendResult>
  /**
   * `sending → claimed` for this sendId only: nothing was sent, or refused with "try later". Returns the row as it is now.
   * `wasSent` false: the provider never saw it, so its permit does not count in the window.
   */
  releaseSend(
    ref: AttemptRef,
    sendId: string,
    why: { reason: RefusalReason; message: string; wasSent: boolean },
  ): Promise<AttemptRow>
  /** `sending → rejected` for this sendId only. */
  rejectSend(ref: AttemptRef, sendId: string, why: { reason: RefusalReason; message: string }): Promise<AttemptRow>
  /** `sending → unknown` for this sendId only. */
  loseSend(ref: AttemptRef, sendId: string, why: { message: string }): Promise<AttemptRow>
  /** A task id read from our own POST: written from `sending`, `unknown`, `abandoned`, `settled` alike. */
  recordTaskId(ref: AttemptRef, providerTaskId: string): Promise<AttemptRow>
  /** `unknown → accepted`, after the ownership test passed; an `abandoned` row without id gets it and stays `abandoned`. Refuses an id that another attempt holds (returns null). */
  adoptTaskId(ref: AttemptRef, providerTaskId: string): Promise<AttemptRow | null>
  /** `claimed → withdrawn`; where no row is, a withdrawn one is written so that a run that wakes late finds it. Else the row as it is. */
  withdrawAttempt(attempt: NewAttempt, why: { reason: RefusalReason; message: string }): Promise<AttemptRow>
  /** The row now; a `sending` row whose deadline passed becomes `unknown` first. Null: no such row. */
  readAttempt(ref: AttemptRef): Promise<AttemptRow | null>
  /**
   * `accepted → succeeded | failed`; also from `abandoned` while its generation is open, since an attempt left behind is still watched.
   * A row that has already ended keeps its end. Cost is updated when measured.
   */
  recordVerdict(ref: AttemptRef, verdict: ProviderVerdict): Promise<AttemptRow>
  /** True when another attempt under the same provider account holds this task id. */
  isTaskIdHeldElsewhere(provider: ProviderName, account: string, providerTaskId: string, ref: AttemptRef): Promise<boolean>
  /** The attempt of the same generation and account that was sent before this one and holds the same task id; null: none. */
  earlierHolderOf(ref: AttemptRef, providerTaskId: string): Promise<AttemptRef | null>

  // hints
  /** Keeps a hint; the same claim twice is one row, and at most 20 rows are kept per attempt (bounded forged floods). */
  keepHint(hint: Hint): Promise<void>
  readHints(ref: AttemptRef): Promise<Hint[]>

  /** Resolves when the database answers a trivial statement. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** The database could not be reached or did not answer in time. Paid submits are refused while it lasts (fail closed). */
export class LedgerUnavailableError extends Error {
  override readonly name = 'LedgerUnavailableError'
}

/** The cursor of a listing was not given out by this ledger: an error of the caller. */
export class InvalidCursorError extends Error {
  override readonly name = 'InvalidCursorError'
}
