// The closed unions of darkroom: one line of meaning each. A word outside these lists is a compile error.

/** Who can make a picture. */
export type ProviderName = 'kie' | 'defapi'

/** Where a generation is. The last three are ends and never change (I2). */
export type GenerationStatus =
  /** accepted by the gateway, no plan recorded yet */
  | 'planning'
  /** waiting in line for a place at a provider account */
  | 'queued'
  /** a paid POST is being prepared or made */
  | 'submitting'
  /** the provider has the task; we wait for its callback or ask on a timer */
  | 'waiting'
  /** a submit got no readable answer; we listen for a sign of the lost reply */
  | 'listening'
  /** the provider has finished; the pictures are being fetched into our storage */
  | 'storing'
  /** pictures stored */
  | 'completed'
  /** ended without a picture; `failure` says why */
  | 'failed'
  /** ended because the caller asked for it */
  | 'cancelled'

/** Where one attempt's ledger row is. See `src/ledger/attempt-states.ts` for the moves. */
export type AttemptState =
  /** the row exists, nothing is on the wire */
  | 'claimed'
  /** a POST may be on the wire */
  | 'sending'
  /** the provider's task id is known */
  | 'accepted'
  /** sent, and no readable answer came: never treated as a failure */
  | 'unknown'
  /** the provider says the picture is ready */
  | 'succeeded'
  /** the provider says the task failed */
  | 'failed'
  /** left while still open: may yet cost money, somebody must look again (owing) */
  | 'abandoned'
  /** the provider refused for good before making a task: free */
  | 'rejected'
  /** given up before anything was sent: free */
  | 'withdrawn'
  /** an owing row that was looked up afterwards; `verdict` says how it ended */
  | 'settled'

/** How an attempt ended, as a reader of a report wants it. Null while it is open. */
export type AttemptOutcome =
  /** its picture was used or could have been */
  | 'succeeded'
  /** the provider reported a failed task */
  | 'failed'
  /** refused for good by the provider, no task made */
  | 'rejected'
  /** all activity tries were refused with "try later", or never left this machine */
  | 'exhausted'
  /** sent, and neither a reply nor a callback named the task */
  | 'unknown'
  /** its deadline passed while the provider was still at work */
  | 'overdue'
  /** given up because the generation was cancelled */
  | 'cancelled'

/** What an owing row turned out to be. */
export type SettlementVerdict =
  /** the provider made the task and charged for it; no other task of this picture was paid */
  | 'paid'
  /** it came to nothing and cost nothing, by the provider's word */
  | 'failed_free'
  /** paid, beside another paid task for the same picture */
  | 'confirmed_extra'
  /** nobody could say within the time for settling: counted, never guessed */
  | 'unresolved'

/** Why a provider said no, or why we could not ask. Codes first: never matched on wording alone. */
export type RefusalReason =
  /** prompt or reference image against the provider's content policy */
  | 'content_policy'
  /** the provider does not accept this input */
  | 'invalid_input'
  /** the provider could not fetch a reference image, or we could not read one to send it */
  | 'source_image'
  /** the provider's copy of an upload, or our link to it, was gone when it came to the task: it is sent anew, once */
  | 'upload_gone'
  /** key missing, wrong or not allowed here */
  | 'auth'
  /** the account has no credits left */
  | 'no_credits'
  /** a cap on the key or account that resets later than we can wait */
  | 'quota'
  /** the model or feature is not offered (any more) */
  | 'model_unavailable'
  /** too many requests just now */
  | 'rate_limited'
  /** announced maintenance */
  | 'maintenance'
  /** the provider's own queue is full */
  | 'queue_full'
  /** no connection could be made: nothing was sent */
  | 'unreachable'
  /** the provider's machinery failed while making the picture */
  | 'provider_fault'
  /** the task ended as a success without a picture in it */
  | 'empty_result'
  /** sent, no readable answer */
  | 'no_answer'
  /** our own ledger could not be reached, so nothing was sent (fail closed) */
  | 'ledger_unavailable'
  /** the deadline of the attempt passed */
  | 'deadline'
  /** nothing was sent: another run of the same attempt had ended it, or the time of the generation was over */
  | 'withdrawn'
  /** the line at the provider's accounts was longer than the request waits, or one for memory in our own process */
  | 'busy'
  /** every account of the provider is paused: by an operator, by the provider's own word, or by the circuit breaker */
  | 'paused'

/** How much of a request a provider can honour. */
export type FidelityLevel = 'exact' | 'adapted' | 'degraded'

/** Where a cost figure comes from: the provider's own word, the price table, or nobody. */
export type CostSource = 'measured' | 'estimated' | 'none'

/** Whether a row spends real money (`live`) or talks to the simulator (`mock`). */
export type SpendMode = 'mock' | 'live'

/** Why a generation failed. This is also the `type` of the `ApplicationFailure` that leaves the workflow. */
export type FailureType =
  /** the request is not acceptable; nothing was sent */
  | 'InvalidRequest'
  /** the id is already used for a different request; nothing was sent */
  | 'RequestConflict'
  /** no provider can take the request (no key, or no provider offers it); nothing was sent */
  | 'NoProvider'
  /** a provider refused the content and the request does not allow asking another */
  | 'ContentRefused'
  /** a provider refused the input */
  | 'InputRefused'
  /** every provider in the route was tried and none delivered */
  | 'ProvidersExhausted'
  /** a submit got no readable answer and the request says not to spend again */
  | 'UnknownOutcome'
  /** `maxPaidAttempts` is used up */
  | 'PaidAttemptsExhausted'
  /** a budget of the tenant or of everybody has no room for this request; nothing was sent */
  | 'BudgetExceeded'
  /** another attempt would cost more than `maxCostUsd` allows */
  | 'CostLimitReached'
  /** the generation's deadline passed */
  | 'DeadlineExceeded'
  /** the provider has the picture, but it could not be fetched or stored; no second task was paid */
  | 'ResultUnavailable'
  /** only of a part of several pictures: the task ended with fewer than it was asked for */
  | 'TooFewPictures'
  /** ledger or storage of ours stayed out of reach */
  | 'ServiceUnavailable'

/** How long a budget lasts; it begins anew at the full hour, at midnight UTC, on the first of the month UTC. */
export type BudgetPeriod = 'hour' | 'day' | 'month'

/** Who paused a provider account. */
export type PauseAuthor =
  /** a person, through the command line or the API: only a person resumes it */
  | 'operator'
  /** the provider's own answer: rate limit, maintenance, no credits, bad key */
  | 'provider'
  /** the circuit breaker, after several failures in a row */
  | 'breaker'
