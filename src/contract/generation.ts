// The generation as plain JSON: the same over HTTP, on the command line, and as argument and result of the workflow.
import type {
  AttemptOutcome,
  AttemptState,
  CostSource,
  FailureType,
  FidelityLevel,
  GenerationStatus,
  ProviderName,
  RefusalReason,
  SettlementVerdict,
  SpendMode,
} from './words.ts'

/** What the caller may say about where the picture is made. Every field is optional; defaults are the service's. */
export interface RouteRequest {
  /** providers in order of preference; default: `AI_PROVIDER` first, then the other one that has a key */
  providers?: ProviderName[]
  /**
   * who of the providers of a model is asked first. `order` (default): as in `providers`. `cheapest` by list price, or by what was paid
   * lately; `fastest` and `steadiest` by the newest attempts of the service. Where too little is known, the order is kept.
   */
  prefer?: 'order' | 'cheapest' | 'fastest' | 'steadiest'
  /** false: only the first provider is asked. Default true. */
  fallback?: boolean
  /** after a submit without a readable answer, and after listening for it: default `fallback` */
  onUnknown?: 'fallback' | 'resubmit' | 'fail'
  /** when an attempt's deadline passes while the provider is still at work: default `fallback` */
  onOverdue?: 'fallback' | 'wait'
  /** when a provider refuses the content: default `fail`, since asking another one is a decision of the caller */
  onRefusal?: 'fail' | 'fallback'
  /** the whole generation must end within this many ms; default 30 min */
  deadlineMs?: number
  /** attempts per picture that may cost money (accepted or unknown, not proven free); default 2 */
  maxPaidAttempts?: number
  /** all attempts together may not cost more than this, by list prices; whoever would is passed over. Default: no limit */
  maxCostUsd?: number
  /** how long to wait in line at one provider before the next one is asked; the last one is waited for until the deadline. Default 2 min */
  maxQueueMs?: number
  /** 1 (first) to 5 (last): place in the line at a provider. Default 3 */
  priority?: number
  /** true: a picture that an attempt left behind delivers later is stored beside the others, as a spare. Default false */
  keepSpares?: boolean
  /** a provider that would have to change more than this is left out of the route. Default `degraded`: none is */
  minimumFidelity?: FidelityLevel
  /** other models of the same kind that may stand in, in this order, when no provider has made the picture with `model` */
  models?: string[]
}

/** The body of `POST /v1/generations` and the one argument of `GenerateImage`. */
export interface GenerationRequest {
  /** canonical model name or alias, e.g. `nano-banana` */
  model: string
  /** what to make; not given to models that only work on a picture, such as upscalers */
  prompt?: string
  /** pictures to start from: https URLs, or uploads (`upload:` and the SHA-256 of the bytes) */
  referenceImages?: string[]
  /** https URL, or an upload, of a picture of the same size as the first reference image that says which part to make anew */
  mask?: string
  /** e.g. `16:9`; default: the provider's own */
  aspectRatio?: string
  /** e.g. `1K`, `2K`, `4K`, where the model has it */
  resolution?: string
  /** width and height in pixels, e.g. `1536x1024`, instead of `aspectRatio` and `resolution` */
  size?: string
  /** number of pictures, 1 to 16; default 1. One task where the model takes the number, else as many tasks, called items */
  count?: number
  /** where several tasks are needed, item `n` gets `seed + n`: equal seeds would make equal pictures */
  seed?: number
  /** of the picture's file; few models have `webp` */
  outputFormat?: 'png' | 'jpeg' | 'webp'
  /** more quality costs more time and, at some models, more money */
  quality?: 'low' | 'medium' | 'high'
  background?: 'auto' | 'opaque' | 'transparent'
  /** 0 keeps the reference image as it is, 1 forgets it */
  strength?: number
  /** what is not to be seen */
  negativePrompt?: string
  /** extra native fields for one provider, merged into its body last; one that is nearly a documented one is refused */
  providerOptions?: { kie?: Record<string, unknown>; defapi?: Record<string, unknown> }
  route?: RouteRequest
  /** whose budget pays; default `default`. A label for accounts, not a right: whoever reaches the gateway may name any */
  tenant?: string
  /** the caller's own labels, given back unchanged; at most 16 short strings */
  metadata?: Record<string, string>
}

/** Money of one attempt. `credits` are the provider's own unit (Kie: 1 credit = 0.005 USD); null where it is not known. */
export interface Cost {
  usd: number | null
  credits: number | null
  source: CostSource
}

/** One try at one provider, as the ledger holds it. Times are ISO 8601. */
export interface AttemptReport {
  /** which of several pictures, from 0; a task for all of them is of item 0 */
  item: number
  /** from 1, within its item; those of a task for all of them come first */
  number: number
  provider: ProviderName
  account: string
  state: AttemptState
  /** the provider's name of the model */
  model: string
  /** that its task was asked for: all of them at once, or one of an item */
  pictures: number
  outcome: AttemptOutcome | null
  reason: RefusalReason | null
  /** one printable sentence, at most 300 characters; null while there is nothing to say */
  message: string | null
  providerTaskId: string | null
  /** true when the task id was learned from a callback after the submit's reply was lost */
  adopted: boolean
  /** POSTs that were made or tried for this attempt */
  activityTries: number
  submittedAt: string | null
  acceptedAt: string | null
  finishedAt: string | null
  /** when the first callback came that names `providerTaskId`; null where none did. Nobody vouches for it: a measure, never an end */
  calledBackAt: string | null
  cost: Cost
  /** set before a later attempt was paid while this one was not proven free */
  possibleExtraCharge: boolean
  /** what looking again found of an attempt that was left open; null until then, and for attempts that ended by themselves */
  verdict: SettlementVerdict | null
  settledAt: string | null
  /** tasks that the provider made for this attempt beside `providerTaskId`: its reply and its callback named different ones */
  extraTasks: ExtraTaskReport[]
  /** callbacks named this many other tasks, which nobody has looked up yet */
  openClaims: number
}

/** A task that nobody ordered: the provider made two for one POST. */
export interface ExtraTaskReport {
  providerTaskId: string
  /** null: not looked up yet */
  verdict: SettlementVerdict | null
  cost: Cost
}

/** One stored picture. `url` is a path on the gateway. */
export interface ImageReport {
  index: number
  item: number
  attempt: number
  url: string
  sha256: string
  sizeBytes: number
  contentType: string
  width: number
  height: number
  /** found by byte search only, not verified */
  provenance: 'c2pa' | 'xmp' | 'none'
  /** true: delivered by an attempt that was left behind, and kept because the request says `keepSpares` */
  spare: boolean
}

/** One decision of the workflow: what was picked or left, and because of what. */
export interface DecisionReport {
  at: string
  decision: string
  because: string
}

/**
 * One way in which what was sent differs from what was asked. Or, at `providerOptions.…`, a native field that nobody documents, sent as it was
 * asked (`sent` is `asked`) and not checked: that makes no level worse than `exact`.
 */
export interface FidelityChange {
  field: string
  asked: string
  /** null: not sent at all */
  sent: string | null
  why: string
}

/** Durations in ms between recorded times; null where one of them does not exist. */
export interface Timings {
  /** created → first POST begun */
  untilSubmitMs: number | null
  /** POST begun → accepted, of the attempt that served */
  submitMs: number | null
  /** accepted → finished, of the attempt that served */
  providerMs: number | null
  /** finished → stored; null where each item was stored by itself */
  storeMs: number | null
  /** created → ended */
  totalMs: number | null
}

/** An item that ended without a picture while others have one; or, of item 0, a task that made fewer than it was asked for. */
export interface ItemFailure {
  item: number
  type: FailureType
  message: string
  provider?: ProviderName
}

/** A generation. */
export interface Generation {
  id: string
  status: GenerationStatus
  mode: SpendMode
  /** whose budget pays */
  tenant: string
  model: string
  /** empty where the model takes none */
  prompt: string
  /** pictures that were asked for */
  count: number
  createdAt: string
  finishedAt: string | null
  /** of several pictures, that of the lowest item that has one; each picture names its item and attempt */
  servedBy: { provider: ProviderName; model: string; providerTaskId: string; item: number; attempt: number } | null
  attempts: AttemptReport[]
  images: ImageReport[]
  /** sum over attempts; `measured` only when every part that cost something is */
  cost: { usd: number | null; source: CostSource }
  fidelity: { level: FidelityLevel; changes: FidelityChange[] } | null
  timings: Timings
  decisions: DecisionReport[]
  failure: { type: FailureType; message: string; provider?: ProviderName } | null
  /** empty unless several pictures were asked for; a generation that is `completed` has at least one picture all the same */
  itemFailures: ItemFailure[]
  metadata: Record<string, string>
  links: { self: string; temporal: string | null }
}
