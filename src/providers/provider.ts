// The port that every image provider implements. It knows nothing of Temporal, the ledger or configuration.
// Expected ends are values; a method throws only for a bug of ours.

export type ProviderName = 'kie' | 'defapi'

/** Why a provider said no or could not be asked. The same words as `RefusalReason` in the contract (a test compares them). */
export type ProviderReason =
  | 'content_policy'
  | 'invalid_input'
  | 'source_image'
  | 'auth'
  | 'no_credits'
  | 'quota'
  | 'model_unavailable'
  | 'rate_limited'
  | 'maintenance'
  | 'queue_full'
  | 'unreachable'
  | 'provider_fault'
  | 'empty_result'
  | 'no_answer'

/** What is to be made, in the provider's own words. Built by the catalog; the client adds envelope, key and callback URL. */
export interface ProviderRequest {
  /** endpoint family: kie `market | gpt4o | kontext`, defapi `image | gpt-image | midjourney` */
  api: string
  /** the provider's model name; null where the endpoint implies it */
  model: string | null
  /** native fields (for kie market: the content of `input`) */
  input: Record<string, unknown>
}

export interface SubmitOptions {
  /** whose key is used: one of `Provider.accounts` */
  account: string
  /** where the provider shall call back; null: it is told nothing */
  callbackUrl: string | null
  /** total time for the POST, ms */
  timeoutMs: number
  /**
   * Asked at the last moment before bytes leave, with the socket in hand. False: nothing is sent and the outcome is `not_sent`.
   * This is how a process that was frozen after its claim finds out that its time is over (I3).
   */
  mayStillSend: () => boolean
}

/**
 * Deny by default: whatever is not positively recognised is `unknown`, never failed. Messages are provider text cut to 300 characters, with
 * our secrets hidden and links cut back to their host; otherwise raw, so whoever shows them makes them printable.
 */
export type SubmitOutcome =
  | { kind: 'accepted'; providerTaskId: string }
  /**
   * No socket was ever handed over, or the edge in front of the provider says that it never reached it: retrying is free. `reachedEdge`:
   * the latter, so that it may have been counted there against a limit.
   */
  | { kind: 'not_sent'; reason: 'unreachable' | 'withdrawn'; message: string; reachedEdge?: true }
  /** the provider made no task and says to come back later */
  | { kind: 'refused_retryable'; reason: ProviderReason; message: string; retryAfterMs: number | null }
  /** the provider made no task and will not */
  | { kind: 'refused_final'; reason: ProviderReason; message: string }
  /** a task may exist */
  | { kind: 'unknown'; message: string; httpStatus: number | null }

/** The fields of the one POST, sent as JSON. */
export type SubmitBody = Record<string, unknown>

/** The one POST of a submit, as it would be made; the key is a placeholder. */
export interface SubmitDescription {
  method: 'POST'
  url: string
  headers: Record<string, string>
  body: SubmitBody
}

/** What a provider says of one task at one moment. */
export interface Snapshot {
  providerTaskId: string
  /** an unknown provider word is `pending`: only a parsed terminal state is an end */
  state: 'pending' | 'succeeded' | 'failed'
  /** the provider's own word, for logs */
  rawState: string
  /** set when failed; `content_policy`, `invalid_input`, `source_image`, `empty_result` or `provider_fault` */
  failureReason: ProviderReason | null
  failureMessage: string | null
  /** https links to the finished pictures; unverified input */
  sourceUrls: string[]
  /** what the provider says it took; null where it does not say */
  cost: { usd: number | null; credits: number | null } | null
  /** true when the provider's word for this end is that it costs nothing; false when it is not known to be free */
  provenFree: boolean
  createdAtMs: number | null
  finishedAtMs: number | null
  /** what the provider repeats of our request, for the ownership test; null where it repeats nothing */
  echo: { model: string | null; prompt: string | null; callbackUrl: string | null } | null
}

export interface QueryOptions {
  /** whose key is used. One that has none any more is answered as `unreadable`, reason `auth` */
  account: string
  timeoutMs: number
  signal?: AbortSignal
}

export type QueryOutcome =
  | { kind: 'snapshot'; snapshot: Snapshot }
  /** no such task, or not indexed yet (both providers say so for the first seconds) */
  | { kind: 'not_found'; message: string }
  /** anything else: 401, 429, 5xx, HTML, another task's record … : keep waiting */
  | { kind: 'unreadable'; reason: ProviderReason; message: string; httpStatus: number | null; retryAfterMs: number | null }

/** What a callback body claims. A hint, never a fact (I12). */
export interface CallbackClaim {
  claimedTaskId: string | null
  claimedState: string | null
}

export type CallbackVerdict = { ok: true; claim: CallbackClaim } | { ok: false; status: 400 | 401; message: string }

/** A picture that only we have, on its way to a provider. */
export interface ReferencePicture {
  /** of our making: harmless in a path and in a header, and never used twice */
  fileName: string
  contentType: string
  sizeBytes: number
  bytes: AsyncIterable<Uint8Array>
}

/** Nothing is paid by an upload, so whatever is not a readable link has failed and may be tried again. */
export type UploadOutcome =
  | { kind: 'uploaded'; url: string }
  /** `message` as in `SubmitOutcome` */
  | { kind: 'failed'; reason: ProviderReason; message: string }

/** How a provider gets a picture that only we have. */
export type ReferenceWay =
  /** it keeps a copy for a while and gives a link to it */
  | {
      kind: 'copy'
      /** where copies are sent to */
      baseUrl: string
      /** how long a link may be relied upon */
      linkLivesMs: number
      upload(
        picture: ReferencePicture,
        options: { account: string; timeoutMs: number; signal: AbortSignal },
      ): Promise<UploadOutcome>
    }
  /** it fetches a link, or takes the picture inside the request as a `data:` address, up to so many bytes (before base64) */
  | { kind: 'link_or_data'; maxDataBytes: { each: number; all: number } }

export interface Balance {
  /** in the provider's own unit */
  credits: number | null
  usd: number | null
}

export interface Provider {
  readonly name: ProviderName
  /** names of the accounts that have a key, in the order in which they are tried; none: it cannot be in a route */
  readonly accounts: readonly string[]
  /** scheme, host and port that submits go to; recorded with every attempt */
  readonly baseUrl: string
  readonly references: ReferenceWay
  /** One POST on a fresh connection, never repeated by itself. Resolves also on timeout; is not abortable from outside (I3). */
  submit(request: ProviderRequest, options: SubmitOptions): Promise<SubmitOutcome>
  /** Pure: what `submit` would send, built by the same code. Sends nothing and needs no account. */
  describeSubmit(request: ProviderRequest, options: Pick<SubmitOptions, 'callbackUrl'>): SubmitDescription
  query(api: string, providerTaskId: string, options: QueryOptions): Promise<QueryOutcome>
  /**
   * Checks and reads a callback body: signature where the provider signs and a key is configured, else only the shape.
   * `rawBody` is exactly what came in. Never throws.
   */
  readCallback(input: {
    rawBody: Uint8Array
    headers: Record<string, string | string[] | undefined>
    nowMs: number
  }): CallbackVerdict
  balance(options: {
    account: string
    timeoutMs: number
  }): Promise<{ kind: 'balance'; balance: Balance } | { kind: 'unreadable'; message: string }>
}
