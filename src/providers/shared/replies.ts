// What a reply means as far as it is the same at both providers; each provider adds what only it says. Submit: deny by default,
// whatever is not positively recognised may have made a paid task. // I3
// Query: only a parsed end of the very task that was asked is an end; everything else keeps waiting.
import type { ProviderReason, QueryOutcome, Snapshot, SubmitOutcome } from '../provider.ts'
import { originWasNeverReached } from './edge-status.ts'
import type { GetResult, HttpReply, PostResult } from './http.ts'
import { readJson } from './json-text.ts'
import { readRetryAfterMs } from './retry-after.ts'
import { isApplicationStatus, mayNameTask } from './task-traces.ts'

export interface ReplyContext {
  nowMs: number
  /** cuts foreign text and hides our secrets in it */
  clean: (text: string) => string
}

/** The provider made no task, and says why. */
export interface Refusal {
  kind: 'refused_retryable' | 'refused_final'
  reason: ProviderReason
  /** still with whatever the provider put into it */
  message: string
}

export interface SubmitWords {
  /** the id in a well-formed "task made"; null: this is none */
  readTaskId: (json: unknown) => string | null
  /** asked only where the application itself answered and nothing in its answer may name a task; null: not a refusal that is on record */
  readRefusal: (json: unknown, reply: HttpReply) => Refusal | null
}

export function classifySubmitResult(result: PostResult, words: SubmitWords, context: ReplyContext): SubmitOutcome {
  switch (result.kind) {
    case 'not_sent':
      return { kind: 'not_sent', reason: result.reason, message: context.clean(result.message) }
    case 'no_reply':
      return { kind: 'unknown', message: context.clean(result.message), httpStatus: result.httpStatus }
    case 'reply':
      return classifySubmitReply(result.reply, words, context)
  }
}

function classifySubmitReply(reply: HttpReply, words: SubmitWords, context: ReplyContext): SubmitOutcome {
  const json = readJson(reply.body)
  const providerTaskId = words.readTaskId(json)
  // Also beside an error code: an id that can be asked about is worth more than a guess at what such a contradiction means. We may
  // then wait for a task that does not exist, but never pay a second time for one that does.
  if (providerTaskId !== null) return { kind: 'accepted', providerTaskId }
  if (mayNameTask(json)) return unknownReply(reply, context)
  if (originWasNeverReached(reply.status, reply.elapsedMs)) {
    const message = `HTTP ${reply.status}: the provider's edge could not reach its server`
    return { kind: 'not_sent', reason: 'unreachable', message, reachedEdge: true }
  }
  const refusal = isApplicationStatus(reply.status) ? words.readRefusal(json, reply) : null
  if (refusal === null) return unknownReply(reply, context)
  const { kind, reason } = refusal
  const message = context.clean(refusal.message)
  if (kind === 'refused_final') return { kind, reason, message }
  return { kind, reason, message, retryAfterMs: readRetryAfterMs(reply.retryAfter, context.nowMs) }
}

function unknownReply(reply: HttpReply, context: ReplyContext): SubmitOutcome {
  return { kind: 'unknown', message: describeReply(reply, context), httpStatus: reply.status }
}

// ---- queries ----

/** A query that got no whole reply. */
export function noQueryReply(result: Extract<GetResult, { kind: 'failed' }>, context: ReplyContext): QueryOutcome {
  const { reason, message, httpStatus } = result
  return { kind: 'unreadable', reason, message: context.clean(message), httpStatus, retryAfterMs: null }
}

/** A reply that says nothing of the task. */
export function unreadableReply(reason: ProviderReason, reply: HttpReply, context: ReplyContext): QueryOutcome {
  const retryAfterMs = readRetryAfterMs(reply.retryAfter, context.nowMs)
  return { kind: 'unreadable', reason, message: describeReply(reply, context), httpStatus: reply.status, retryAfterMs }
}

/** A record that was read, or why it could not be. */
export type RecordReading = { kind: 'snapshot'; snapshot: Snapshot } | { kind: 'unreadable'; message: string }

export function recordOutcome(reading: RecordReading, reply: HttpReply, context: ReplyContext): QueryOutcome {
  if (reading.kind === 'unreadable') {
    return { kind: 'unreadable', reason: 'no_answer', message: reading.message, httpStatus: reply.status, retryAfterMs: null }
  }
  const { snapshot } = reading
  const failureMessage = snapshot.failureMessage === null ? null : context.clean(snapshot.failureMessage)
  return { kind: 'snapshot', snapshot: { ...snapshot, rawState: context.clean(snapshot.rawState), failureMessage } }
}

export function describeReply(reply: HttpReply, context: Pick<ReplyContext, 'clean'>): string {
  return context.clean(`HTTP ${reply.status}: ${new TextDecoder().decode(reply.body)}`)
}
