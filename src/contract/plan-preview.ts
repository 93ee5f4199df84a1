// What a generation would do, without doing it: the answer of `POST /v1/plans` and of `darkroom generate --dry-run`.
import type { DecisionReport, Generation } from './generation.ts'
import type { BudgetPeriod, ProviderName, SpendMode } from './words.ts'

/** What the workflow may do when things go wrong: the request's words, with the service's defaults filled in. */
export interface RoutePolicy {
  fallback: boolean
  onUnknown: 'fallback' | 'resubmit' | 'fail'
  onOverdue: 'fallback' | 'wait'
  onRefusal: 'fail' | 'fallback'
  maxPaidAttempts: number
  /** null: no limit */
  maxCostUsd: number | null
  /** in line at one provider, before the next one is asked */
  maxQueueMs: number
  /** 1 (first) to 5 (last) */
  priority: number
  keepSpares: boolean
}

/**
 * The POST that would be made. Secrets are `***`: the key, and the sealed part of the callback address. Uploads stand in it by their names;
 * what takes their place (a link, or the bytes) is made when they are sent.
 */
export interface SubmitPreview {
  method: 'POST'
  url: string
  headers: Record<string, string>
  /** native fields, exactly as they would be sent */
  body: Record<string, unknown>
}

/** One provider of the route, in the order in which they would be asked. */
export interface PlannedSubmit {
  provider: ProviderName
  /** the provider's name of the model, or of the endpoint where there is only one model behind it */
  model: string
  /** our name: that of the request, or of a stand-in */
  canonicalModel: string
  /** false: this gateway has no key for it; whether the workers have one it cannot know */
  hasKey: boolean
  /** provider tasks that would be made for the whole request */
  tasks: number
  /** of the first task */
  request: SubmitPreview
  /** the native field in which the tasks differ: task `n`, from 0, is sent the nth value; null: in none, or there is one task only */
  itemSeeds: { field: string; values: (string | number)[] } | null
  fidelity: NonNullable<Generation['fidelity']>
  /** list price of one task; `unknown`: nobody has published one */
  price: { usd: number | null; credits: number | null; source: 'list' | 'unknown' }
  /** as measured on single pictures; null: never measured */
  typicalDurationMs: number | null
  /** after the provider took the task: then the next one is asked */
  attemptDeadlineMs: number
}

/** A budget that the generation would be held against, as it is now. */
export interface BudgetRoom {
  /** `*`: all tenants together */
  tenant: string
  period: BudgetPeriod
  limitUsd: number
  usedUsd: number
  reservedUsd: number
  /** the worst case; null: no price in the route is known, and then no budget has room */
  wantedUsd: number | null
  hasRoom: boolean
  resetsAt: string
}

export interface PlanPreview {
  mode: SpendMode
  tenant: string
  model: string
  /** empty where the model takes none */
  prompt: string
  /** pictures */
  count: number
  route: PlannedSubmit[]
  /** who would not be asked, and why: the end of a sentence that begins with the provider */
  left: { provider: ProviderName; because: string }[]
  /** what would be the first lines of the decision record */
  decisions: Omit<DecisionReport, 'at'>[]
  policy: RoutePolicy
  /** of the whole generation */
  deadlineMs: number
  /** uploads that the request names and that are not here: without them the request itself is refused */
  missingUploads: string[]
  /** what would be reserved; null: no price in the route is known */
  worstCaseUsd: number | null
  /** those that apply; nothing is reserved in them */
  budgets: BudgetRoom[]
}
