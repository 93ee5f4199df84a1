// Names that cross a process boundary. Ids are built and read here, never concatenated elsewhere.

/** Workflow type. */
export const generateImageWorkflowName = 'GenerateImage'

/** Workflow type of the child that looks after an attempt left open. */
export const settleAttemptWorkflowName = 'SettleAttempt'

/** Workflow type that compares the ledger with Temporal and the providers' balances. */
export const reconcileWorkflowName = 'Reconcile'

/** One settlement per attempt, for ever. `/` cannot be in a generation id, so the two kinds of id never meet. */
export const settlementId = (ref: { generationId: string; item: number; attempt: number }): string =>
  `settle/${ref.generationId}/${ref.item}/${ref.attempt}`

/** Whose budget pays where a request names nobody. */
export const defaultTenant = 'default'

/** Task queue of the workflow and of its bookkeeping activities. */
export const mainTaskQueue = 'darkroom'

/** Task queue of paid submits of one provider: activity-only, so that its rate can be smoothed. */
export const submitTaskQueue = (provider: string): string => `darkroom-${provider}-submit`

/** Task queue of queries of one provider: apart from submits, because the two have different limits. */
export const queryTaskQueue = (provider: string): string => `darkroom-${provider}-query`

/** Ids that the gateway makes: this prefix and a ULID, or a digest where an idempotency key was given. */
export const generationIdPrefix = 'gen_'

/** A generation id is the workflow id, which another Temporal service may choose itself: checked before any use. */
export const generationIdPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/

/** Types of the failures with which an activity tells the workflow something it must act on. */
export const activityFailure = {
  /** the provider refused for good; the row is `rejected`. Details: `[{ reason, message }]` */
  submitRefused: 'SubmitRefused',
  /** nothing was sent, or the provider said "later"; the row is `claimed` again. Details: `[{ reason, message }]` */
  submitRefusedForNow: 'SubmitRefusedForNow',
  /** there is no such generation to close: it was cancelled before anybody made its row */
  noSuchGeneration: 'NoSuchGeneration',
  /** the ledger did not answer, so nothing was sent */
  ledgerUnavailable: 'LedgerUnavailable',
  /** expected: the provider is still at work, ask again */
  stillPending: 'StillPending',
  /** expected: no sign of the lost reply yet */
  stillSilent: 'StillSilent',
  /** expected: not its turn yet */
  stillInLine: 'StillInLine',
  /** expected: the provider has no end for an attempt that was left open */
  stillOwing: 'StillOwing',
  /** the finished picture could not be fetched or is not a picture */
  resultUnavailable: 'ResultUnavailable',
} as const
