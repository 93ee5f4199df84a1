// Errors as RFC 9457 problem documents. One table of codes: nothing else in the gateway chooses a status for an error.
import type { BudgetPeriod } from '../contract/index.ts'

const problems = {
  malformed_request: { status: 400, title: 'The request cannot be read' },
  callback_unreadable: { status: 400, title: 'The callback cannot be read' },
  callback_signature: { status: 401, title: 'The signature of the callback is not valid' },
  budget_exceeded: { status: 402, title: 'The budget has no room' },
  price_unknown: { status: 402, title: 'The price is not known' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  already_ended: { status: 409, title: 'The generation has ended' },
  not_running: { status: 409, title: 'The generation is not running' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  invalid_request: { status: 422, title: 'The request is not acceptable' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key belongs to another request' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Internal error' },
  ledger_unavailable: { status: 503, title: 'The ledger does not answer' },
  temporal_unavailable: { status: 503, title: 'Temporal does not answer' },
  storage_unavailable: { status: 503, title: 'The result store does not answer' },
  not_ready: { status: 503, title: 'Not ready' },
} as const

export type ProblemCode = keyof typeof problems

/** One thing wrong with one field of the request; `allowed` lists what would be right, where that is a short list. */
export interface FieldError {
  field: string
  message: string
  allowed?: readonly string[]
}

/** The body of every error answer. */
export interface Problem {
  /** `urn:darkroom:problem:` and the code: for programs */
  type: string
  title: string
  status: number
  detail: string
  /** the request id, as in the header `x-request-id` and in the log */
  instance: string
  errors?: readonly FieldError[]
  /** of `budget_exceeded` */
  budget?: BudgetProblem
  /** of `budget_exceeded`: when the budget begins anew */
  resetsAt?: string
}

/** The budget that has no room. */
export interface BudgetProblem {
  /** `*`: all tenants together */
  tenant: string
  period: BudgetPeriod
  limitUsd: number
  usedUsd: number
  reservedUsd: number
  wantedUsd: number
}

type ProblemMembers = Pick<Problem, 'errors' | 'budget' | 'resetsAt'>

export const problemContentType = 'application/problem+json'

/** Whoever gets a 503 may ask again after this; a restart of Temporal or Postgres takes a few seconds. */
const retryAfterSeconds = 5

/** Thrown by routes and hooks; the error handler turns it into the answer. `detail` is shown to the caller. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly code: ProblemCode
  readonly members: ProblemMembers
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ProblemCode,
    detail: string,
    extras: ProblemMembers & { headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    const { headers, cause, ...members } = extras
    super(detail, cause === undefined ? undefined : { cause })
    this.code = code
    this.members = members
    const retry = problems[code].status === 503 ? { 'retry-after': String(retryAfterSeconds) } : {}
    this.headers = { ...retry, ...headers }
  }

  get status(): number {
    return problems[this.code].status
  }

  toProblem(requestId: string): Problem {
    const { status, title } = problems[this.code]
    return {
      type: `urn:darkroom:problem:${this.code}`,
      title,
      status,
      detail: this.message,
      instance: requestId,
      ...this.members,
    }
  }
}
