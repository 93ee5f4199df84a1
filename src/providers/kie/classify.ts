// What a reply of Kie's means. Submit: deny by default, whatever is not positively recognised may have made a paid task. // I3
// Query: only a parsed end of the very task that was asked is an end; everything else keeps waiting.
import type { ProviderReason, QueryOutcome, Snapshot, SubmitOutcome } from '../provider.ts'
import type { GetResult, HttpReply, PostResult } from '../shared/http.ts'
import { originWasNeverReached } from '../shared/edge-status.ts'
import { isJsonObject, readJson } from '../shared/json-text.ts'
import { readRetryAfterMs } from '../shared/retry-after.ts'
import { isApplicationStatus, mayNameTask } from '../shared/task-traces.ts'
import { readFailureReason } from './failures.ts'
import { readRecord } from './mapping.ts'
import { findRefusal } from './refusals.ts'
import { createdSchema, envelopeSchema, noSuchPathSchema } from './wire.ts'
import type { Envelope, KieApi } from './wire.ts'

export interface ReplyContext {
  api: KieApi
  /** the path that was asked, as the provider sees it */
  path: string
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
    const created = createdSchema.safeParse(envelope.data.data)
    // Also beside an error code: an id that can be asked about is worth more than a guess at what such a contradiction means. We may
    // then wait for a task that does not exist, but never pay a second time for one that does.
    if (created.success) return { kind: 'accepted', providerTaskId: created.data.taskId }
  }
  if (mayNameTask(json)) return unknownReply(reply, context)
  if (originWasNeverReached(reply.status, reply.elapsedMs)) {
    return {
      kind: 'not_sent',
      reason: 'unreachable',
      message: `HTTP ${reply.status}: the provider's edge could not reach its server`,
    }
  }
  if (!isApplicationStatus(reply.status)) return unknownReply(reply, context)
  if (envelope.success) return classifyEnvelope(envelope.data, reply, context)
  const noSuchPath = noSuchPathSchema.safeParse(json)
  if (reply.status === 404 && noSuchPath.success && noSuchPath.data.path === context.path) {
    // kie: the framework's own answer when no handler has that path, so nothing ran - test/fixtures/kie/README.md#errors
    return {
      kind: 'refused_final',
      reason: 'model_unavailable',
      message: context.clean(`HTTP 404: no such path ${context.path}`),
    }
  }
  return unknownReply(reply, context)
}

function classifyEnvelope(envelope: Envelope, reply: HttpReply, context: ReplyContext): SubmitOutcome {
  const words = envelope.msg ?? envelope.message ?? ''
  const row = findRefusal(context.api, envelope.code, words)
  if (row === null) return unknownReply(reply, context)
  const message = context.clean(`code ${envelope.code}: ${words}`)
  if (row.kind === 'refused_final') return { kind: row.kind, reason: row.reason, message }
  return { kind: row.kind, reason: row.reason, message, retryAfterMs: readRetryAfterMs(reply.retryAfter, context.nowMs) }
}

function unknownReply(reply: HttpReply, context: ReplyContext): SubmitOutcome {
  return { kind: 'unknown', message: describeReply(reply, context), httpStatus: reply.status }
}

function describeReply(reply: HttpReply, context: ReplyContext): string {
  return context.clean(`HTTP ${reply.status}: ${new TextDecoder().decode(reply.body)}`)
}

// ---- queries ----

/** kie: codes of the query pages; the rest reads as "no answer" - test/fixtures/kie/README.md#codes */
const queryReasons: ReadonlyMap<number, ProviderReason> = new Map([
  [401, 'auth'],
  [402, 'no_credits'],
  [429, 'rate_limited'],
  [433, 'quota'],
  [455, 'maintenance'],
  [500, 'provider_fault'],
  [505, 'model_unavailable'],
  [550, 'queue_full'],
])

/** kie: live words of both record endpoints, and the documented one - test/fixtures/kie/README.md#errors */
const noSuchRecord: readonly { code: number; message: RegExp }[] = [
  { code: 422, message: /^(?:recordInfo is null|the record does not exist|the record is null)\b/i },
  { code: 404, message: /^task not found\b/i },
]

export function classifyQuery(result: GetResult, askedTaskId: string, context: ReplyContext): QueryOutcome {
  if (result.kind === 'failed') {
    const { reason, message, httpStatus } = result
    return { kind: 'unreadable', reason, message: context.clean(message), httpStatus, retryAfterMs: null }
  }
  const { reply } = result
  const envelope = envelopeSchema.safeParse(readJson(reply.body))
  if (!envelope.success || !isApplicationStatus(reply.status)) return unreadable(reasonOfStatus(reply), reply, context)
  const words = envelope.data.msg ?? envelope.data.message ?? ''
  const code = envelope.data.code
  if (noSuchRecord.some((row) => row.code === code && row.message.test(words.trim()))) {
    return { kind: 'not_found', message: context.clean(`code ${code}: ${words}`) }
  }
  const isOk = reply.status < 300
  if (isOk && code === 200) return classifyRecord(envelope.data, askedTaskId, reply, context)
  if (isOk && context.api === 'market' && (code === 408 || code === 501)) {
    return classifyFailedEnvelope(envelope.data, words, askedTaskId, reply, context)
  }
  return unreadable(queryReasons.get(code) ?? (isOk ? 'no_answer' : reasonOfStatus(reply)), reply, context)
}

function classifyRecord(envelope: Envelope, askedTaskId: string, reply: HttpReply, context: ReplyContext): QueryOutcome {
  // kie: a sibling endpoint answers success with `data: null` for an unknown id - test/fixtures/kie/README.md#errors
  if (envelope.data === null || envelope.data === undefined) return { kind: 'not_found', message: 'success without a record' }
  const reading = readRecord(context.api, askedTaskId, envelope.data)
  if (reading.kind === 'snapshot') return { kind: 'snapshot', snapshot: cleanSnapshot(reading.snapshot, context) }
  return { kind: 'unreadable', reason: 'no_answer', message: reading.message, httpStatus: reply.status, retryAfterMs: null }
}

/**
 * kie: 408 (upstream silent for 10 minutes) and 501 (generation failed) as envelope codes of recordInfo mean a finished, failed task even
 * without a record - test/fixtures/kie/README.md#market-record. With a record, the record must be of this task and say so itself.
 */
function classifyFailedEnvelope(
  envelope: Envelope,
  words: string,
  askedTaskId: string,
  reply: HttpReply,
  context: ReplyContext,
): QueryOutcome {
  const hasRecord = isJsonObject(envelope.data) && Object.keys(envelope.data).length > 0
  if (hasRecord) {
    const reading = readRecord(context.api, askedTaskId, envelope.data)
    const isFailure = reading.kind === 'snapshot' && reading.snapshot.state === 'failed'
    if (isFailure) return { kind: 'snapshot', snapshot: cleanSnapshot(reading.snapshot, context) }
    return unreadable('no_answer', reply, context)
  }
  if (envelope.data !== null && envelope.data !== undefined) return unreadable('no_answer', reply, context)
  const snapshot: Snapshot = {
    providerTaskId: askedTaskId,
    state: 'failed',
    rawState: `code ${envelope.code}`,
    failureReason: readFailureReason(envelope.code, words),
    failureMessage: words === '' ? null : context.clean(words),
    sourceUrls: [],
    cost: null,
    // Without a record nobody has said what it took.
    provenFree: false,
    createdAtMs: null,
    finishedAtMs: null,
    echo: null,
  }
  return { kind: 'snapshot', snapshot }
}

function cleanSnapshot(snapshot: Snapshot, context: ReplyContext): Snapshot {
  const { failureMessage, rawState } = snapshot
  return {
    ...snapshot,
    rawState: context.clean(rawState),
    failureMessage: failureMessage === null ? null : context.clean(failureMessage),
  }
}

function reasonOfStatus(reply: HttpReply): ProviderReason {
  if (reply.status === 401 || reply.status === 403) return 'auth'
  if (reply.status === 429) return 'rate_limited'
  if (originWasNeverReached(reply.status, reply.elapsedMs)) return 'unreachable'
  return reply.status >= 500 ? 'provider_fault' : 'no_answer'
}

function unreadable(reason: ProviderReason, reply: HttpReply, context: ReplyContext): QueryOutcome {
  const retryAfterMs = readRetryAfterMs(reply.retryAfter, context.nowMs)
  return { kind: 'unreadable', reason, message: describeReply(reply, context), httpStatus: reply.status, retryAfterMs }
}
