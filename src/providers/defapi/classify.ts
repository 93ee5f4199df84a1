// What a reply of DefAPI's means. Submit: deny by default, whatever is not positively recognised may have made a paid task. // I3
// Query: only a parsed end of the very task that was asked is an end; everything else keeps waiting.
import type { ProviderReason, QueryOutcome, SubmitOutcome } from '../provider.ts'
import { originWasNeverReached } from '../shared/edge-status.ts'
import type { GetResult, HttpReply, PostResult } from '../shared/http.ts'
import { readJson } from '../shared/json-text.ts'
import { readRetryAfterMs } from '../shared/retry-after.ts'
import { isApplicationStatus, mayNameTask } from '../shared/task-traces.ts'
import { readRecord } from './mapping.ts'
import { findRefusal } from './refusals.ts'
import { envelopeSchema, submittedSchema } from './wire.ts'
import type { Envelope } from './wire.ts'

export interface ReplyContext {
  nowMs: number
  /** cuts foreign text and hides our secrets in it */
  clean: (text: string) => string
}

export function classifySubmit(result: PostResult, context: ReplyContext): SubmitOutcome {
  switch (result.kind) {
    case 'not_sent':
      return { kind: 'not_sent', reason: result.reason, message: context.clean(result.message) }
    case 'no_reply':
      return { kind: 'unknown', message: context.clean(result.message), httpStatus: result.httpStatus }
    case 'reply':
      return classifySubmitReply(result.reply, context)
  }
}

function classifySubmitReply(reply: HttpReply, context: ReplyContext): SubmitOutcome {
  const json = readJson(reply.body)
  const envelope = envelopeSchema.safeParse(json)
  if (envelope.success) {
    const submitted = submittedSchema.safeParse(envelope.data.data)
    // Also beside an error code: an id that can be asked about is worth more than a guess at what such a contradiction means.
    if (submitted.success) return { kind: 'accepted', providerTaskId: submitted.data.task_id }
  }
  if (mayNameTask(json)) return unknownReply(reply, context)
  if (originWasNeverReached(reply.status, reply.elapsedMs)) {
    return {
      kind: 'not_sent',
      reason: 'unreachable',
      message: `HTTP ${reply.status}: the provider's edge could not reach its server`,
    }
  }
  if (!envelope.success || !isApplicationStatus(reply.status)) return unknownReply(reply, context)
  const words = wordsOf(envelope.data)
  const row = findRefusal(reply.status, envelope.data.code, words)
  if (row === null) return unknownReply(reply, context)
  const message = context.clean(`HTTP ${reply.status}, code ${envelope.data.code}: ${words}`)
  if (row.kind === 'refused_final') return { kind: row.kind, reason: row.reason, message }
  return { kind: row.kind, reason: row.reason, message, retryAfterMs: readRetryAfterMs(reply.retryAfter, context.nowMs) }
}

export function classifyQuery(result: GetResult, askedTaskId: string, context: ReplyContext): QueryOutcome {
  if (result.kind === 'failed') {
    const { reason, message, httpStatus } = result
    return { kind: 'unreadable', reason, message: context.clean(message), httpStatus, retryAfterMs: null }
  }
  const { reply } = result
  const envelope = envelopeSchema.safeParse(readJson(reply.body))
  if (!envelope.success || !isApplicationStatus(reply.status)) return unreadable(null, reply, context)
  const { code, data } = envelope.data
  // defapi: also for the first seconds of a task that exists - test/fixtures/defapi/README.md#not-found
  if (reply.status === 404 && code === 1) return { kind: 'not_found', message: context.clean(wordsOf(envelope.data)) }
  if (reply.status >= 300 || code !== 0) return unreadable(envelope.data, reply, context)
  const reading = readRecord(askedTaskId, data)
  if (reading.kind === 'unreadable') {
    return { kind: 'unreadable', reason: 'no_answer', message: reading.message, httpStatus: reply.status, retryAfterMs: null }
  }
  const { snapshot } = reading
  const failureMessage = snapshot.failureMessage === null ? null : context.clean(snapshot.failureMessage)
  return { kind: 'snapshot', snapshot: { ...snapshot, rawState: context.clean(snapshot.rawState), failureMessage } }
}

function wordsOf(envelope: Envelope): string {
  return [envelope.message, envelope.detail].filter((part) => typeof part === 'string' && part !== '').join(' - ')
}

function unknownReply(reply: HttpReply, context: ReplyContext): SubmitOutcome {
  return { kind: 'unknown', message: describeReply(reply, context), httpStatus: reply.status }
}

function unreadable(envelope: Envelope | null, reply: HttpReply, context: ReplyContext): QueryOutcome {
  return {
    kind: 'unreadable',
    reason: readReason(envelope, reply),
    message: describeReply(reply, context),
    httpStatus: reply.status,
    retryAfterMs: readRetryAfterMs(reply.retryAfter, context.nowMs),
  }
}

/** test/fixtures/defapi/README.md#errors */
function readReason(envelope: Envelope | null, reply: HttpReply): ProviderReason {
  if (reply.status === 401 || reply.status === 403 || envelope?.code === 1007) return 'auth'
  if (reply.status === 402) return 'no_credits'
  if (reply.status === 429) return 'rate_limited'
  if (originWasNeverReached(reply.status, reply.elapsedMs)) return 'unreachable'
  return reply.status >= 500 || envelope?.code === 500 ? 'provider_fault' : 'no_answer'
}

function describeReply(reply: HttpReply, context: ReplyContext): string {
  return context.clean(`HTTP ${reply.status}: ${new TextDecoder().decode(reply.body)}`)
}
