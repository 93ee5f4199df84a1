// What the workflow and its activities say to one another: plain JSON, small enough for a history.
import type {
  AttemptState,
  DecisionReport,
  FidelityChange,
  FidelityLevel,
  GenerationRequest,
  PauseAuthor,
  ProviderName,
  RefusalReason,
  RoutePolicy,
  SettlementVerdict,
} from '../contract/index.ts'
import type { AttemptRef, Closing, LeftAttempt } from '../ledger/ledger.ts'

/** Every number that the workflow uses. Recorded in the plan, so that a replay never depends on today's configuration. All in ms but counts. */
export interface PlanLimits {
  submitMaxTries: number
  submitRetryInitialMs: number
  submitRetryMaxMs: number
  submitStartToCloseMs: number
  submitHeartbeatTimeoutMs: number
  /** one query with its HTTP time-out and the ledger write */
  queryStartToCloseMs: number
  /** wait before the first poll: the callback's head start, or the provider's first seconds where there is no callback */
  firstPollAfterMs: number
  pollMinMs: number
  pollMaxMs: number
  unknownListenMs: number
  listenPollMs: number
  /** one run of storing: query, downloads, ledger */
  storeStartToCloseMs: number
  wakesPerAttempt: number
  wakeSpacingMs: number
  /** how long an attempt that was left open is looked after once its generation has ended */
  settleForMs: number
  settlePollMinMs: number
  settlePollMaxMs: number
}

/** One provider in the route, without the native request: that stays in the ledger, so that a long prompt is not repeated with every attempt. */
export interface PlannedEntry {
  provider: ProviderName
  model: string
  /** list price of one picture; null: nobody has published one */
  priceUsd: number | null
  /** there is one task for all pictures, at this price; null: they are asked for item by item, or only one is wanted */
  whole?: { priceUsd: number | null } | null
  submitQueue: string
  queryQueue: string
  /** whether the provider is told where to call back */
  hasCallback: boolean
  attemptDeadlineMs: number
  fidelity: { level: FidelityLevel; changes: FidelityChange[] }
}

export type { RoutePolicy } from '../contract/index.ts'

/** The recorded result of `planGeneration`. */
export interface Plan {
  route: PlannedEntry[]
  policy: RoutePolicy
  limits: PlanLimits
  /** counted from the start of the run */
  deadlineMs: number
  /** When that was: Unix time in ms, `PlanInput.startedAtMs` as it came. Not in plans from before it was recorded */
  startedAtMs?: number
  /** pictures that are wanted; not in plans from before several were possible, which want one */
  count?: number
  decisions: Omit<DecisionReport, 'at'>[]
}

/** Native request of one entry of the route, beside the plan in the ledger. */
export interface StoredEntry {
  /** null where the endpoint implies it */
  model: string | null
  api: string
  /** of a task for one picture */
  input: Record<string, unknown>
  price: { usd: number | null; credits: number | null }
  /** of the task for all of them, where there is one */
  whole?: { input: Record<string, unknown>; price: { usd: number | null; credits: number | null } } | null
  /** item `n` sends the nth of these; null: its items differ by themselves */
  itemSeeds?: { field: string; values: (string | number)[] } | null
  baseUrl: string
}

/** What the ledger keeps of a plan. */
export interface StoredPlan {
  /** of the canonical request, for the rows of its attempts */
  requestSha256: string
  plan: Plan
  entries: StoredEntry[]
}

export interface PlanInput {
  generationId: string
  request: GenerationRequest
  /** Unix time in ms by the clock of the workflow. Comes back with the plan, so that a replay counts from the same moment */
  startedAtMs?: number
}

export interface SubmitInput extends AttemptInput {
  /** earlier attempts that are left because this one may be paid; marked before the claim (I3) */
  left: LeftAttempt[]
  /** Unix time in ms; later nothing may be paid (I1). Left out by workflows of an earlier version: any time */
  sendBeforeMs?: number
}

/** An attempt's row as far as the workflow must know it. */
export interface AttemptStanding {
  state: AttemptState | 'absent'
  providerTaskId: string | null
  /** false: the task id is known to us but not yet written; `awaitTask` writes it first */
  recorded: boolean
  reason: RefusalReason | null
  message: string | null
  provenFree: boolean
  tries: number
  /** set where nothing could be sent because no account had room; the row is `claimed` */
  busy?: BusyReport
}

/** `Busy` of the ledger as plain JSON. */
export interface BusyReport {
  because: 'line' | 'window' | 'in_flight' | 'paused'
  pausedBy: PauseAuthor | null
  reason: RefusalReason | 'operator' | null
  message: string
  /** of the pause, from now; null: until somebody resumes it */
  pauseEndsInMs: number | null
}

export interface TurnInput extends AttemptInput {
  priority: number
  /** false: come back when every account is paused, so that the workflow can decide what else to do */
  waitOutPause: boolean
}

/** Argument of `SettleAttempt`, and of its activity. */
export interface SettlementInput extends AttemptInput {
  queryQueue: string
  limits: Pick<
    PlanLimits,
    | 'settleForMs'
    | 'settlePollMinMs'
    | 'settlePollMaxMs'
    | 'queryStartToCloseMs'
    | 'storeStartToCloseMs'
    | 'submitHeartbeatTimeoutMs'
    | 'wakesPerAttempt'
    | 'wakeSpacingMs'
  >
  keepSpares: boolean
}

/** What is left to do once nothing is owed any more. */
export interface Settlement {
  verdict: SettlementVerdict | null
  /** the provider has pictures that nobody fetched */
  hasSpares: boolean
}

/** `entry` is an index in the plan's route. */
export interface AttemptInput {
  ref: AttemptRef
  entry: number
  /** that the task is asked for; left out: 1 */
  pictures?: number
}

export interface WithdrawInput extends AttemptInput {
  reason: RefusalReason
  message: string
}

export interface AwaitInput extends AttemptInput {
  providerTaskId: string
  recorded: boolean
}

export interface StoreInput extends AttemptInput {
  closing: Closing
  /** true: what cannot be fetched is left out, as long as something can */
  partial?: boolean
}

export interface CloseInput {
  generationId: string
  closing: Closing
}
