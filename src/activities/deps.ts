// What activities are given. Values, not configuration: the composition roots read the environment.
import type { PolicyDefaults } from '../catalog/route-policy.ts'
import type { ProviderName, SpendMode } from '../contract/index.ts'
import type { AccountLimits, PauseRules } from '../ledger/accounts-port.ts'
import type { AttemptRef, Ledger } from '../ledger/ledger.ts'
import type { Logger } from '../observability/logger.ts'
import type { Provider } from '../providers/provider.ts'
import type { CheckedImage, ResultStore } from '../storage/result-store.ts'
import type { PlanLimits, SettlementInput } from './types.ts'

/** Numbers that only activities use, all ms but counts. What the workflow uses is in `PlanLimits`. */
export interface ActivityLimits {
  /** total for the paid POST */
  submitTimeoutMs: number
  /** for all pictures that one try has to send before its POST; those that arrived are not sent again by the next try */
  uploadTimeoutMs: number
  /** between the claim and the first byte; later the POST is refused locally (I3) */
  submitFreshnessMs: number
  /** a longer `Retry-After` means: exhausted now */
  retryAfterCapMs: number
  queryTimeoutMs: number
  /** how long a task id is tried to be written before the workflow is told `recorded: false` */
  recordTaskIdForMs: number
  /** how long a place that was given out in the line is kept for its attempt */
  turnHoldMs: number
}

/** What activities may ask of Temporal itself: settlement and reconciliation start and look up workflows. */
export interface WorkflowDoor {
  /** Idempotent: one settlement per attempt that is still running, never two. */
  startSettlement(input: SettlementInput): Promise<'started' | 'exists'>
  /** `closed`: it has ended; `gone`: the server does not know it (any more) */
  statusOf(generationId: string): Promise<'running' | 'closed' | 'gone'>
}

/** Defaults of a request that says nothing about its route. */
export interface RouteDefaults extends PolicyDefaults {
  preferred: ProviderName
  /** head start of the callback before polling */
  callbackGraceMs: number
  /** first poll where there is no callback address */
  pollFirstMs: number
}

export type FaultPoint =
  | 'plan.recorded'
  | 'submit.claimed'
  | 'submit.sending'
  | 'submit.posted'
  | 'submit.recorded'
  | 'await.asked'
  | 'store.downloaded'
  | 'store.adopted'
  | 'settle.asked'

/** Named points at which a fault run may stop the process. A no-op in production. */
export type PointReached = (point: FaultPoint, activityTry: number) => Promise<void> | void

export interface ActivityDeps {
  ledger: Ledger
  store: ResultStore
  providers: ReadonlyMap<ProviderName, Provider>
  /** whether providers can reach our gateway */
  hasCallbackAddress: boolean
  /** absolute callback URL for one attempt; null: the provider is not told one (poll only) */
  callbackUrlOf: (provider: ProviderName, ref: AttemptRef) => string | null
  /** a link of ours to an uploaded picture, for a provider; null: nobody outside can reach us */
  uploadLinkOf: (sha256: string) => string | null
  /** opens the token inside a callback URL that a provider echoes; null: not one of ours */
  openCallbackUrl: (url: string) => AttemptRef | null
  /** fetches and checks one picture into the store's temporary folder; rejects with a sentence for a person */
  downloadImage: (url: string, signal: AbortSignal) => Promise<CheckedImage>
  mode: SpendMode
  /** of each provider's accounts, all alike */
  accountLimits: ReadonlyMap<ProviderName, Omit<AccountLimits, 'leaseMs'>>
  pauseRules: PauseRules
  /** warn when an account has less */
  lowBalanceUsd: number
  workflows: WorkflowDoor
  planLimits: Omit<PlanLimits, 'firstPollAfterMs'>
  limits: ActivityLimits
  routeDefaults: RouteDefaults
  logger: Logger
  pointReached?: PointReached
}
