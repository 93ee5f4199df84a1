// What a reply of Kie's means. Submit: deny by default, whatever is not positively recognised may have made a paid task. // I3
// Query: only a parsed end of the very task that was asked is an end; everything else keeps waiting.
import type { ProviderReason, QueryOutcome, Snapshot, SubmitOutcome } from '../provider.ts'
import { originWasNeverReached } from '../shared/edge-status.ts'
import type { GetResult, HttpReply, PostResult } from '../shared/http.ts'
import { isJsonObject, readJson } from '../shared/json-text.ts'
import { classifySubmitResult, noQueryReply, recordOutcome, unreadableReply } from '../shared/replies.ts'
import type { Refusal, ReplyContext } from '../shared/replies.ts'
import { isApplicationStatus } from '../shared/task-traces.ts'
import { readFailureReason } from './failures.ts'
import { readRecord } from './mapping.ts'
import { findRefusal } from './refusals.ts'
import { createdSchema, envelopeSchema, noSuchPathSchema } from './wire.ts'
import type { Envelope, KieApi } from './wire.ts'

export interface KieContext extends ReplyContext {
  api: KieApi
  /** the path that was asked, as the provider sees it */
  path: string
}

export function classifySubmit(result: PostResult, context: KieContext): SubmitOutcome {
  return classifySubmitResult(
    result,
    { readTaskId, readRefusal: (json, { status }) => readRefusal(json, status, context) },
    context,
  )
}

function readTaskId(json: unknown): string | null {
  const envelope = envelopeSchema.safeParse(json)
  const created = createdSchema.safeParse(envelope.data?.data)
  return created.success ? created.data.taskId : null
}

function readRefusal(json: unknown, httpStatus: number, { api, path }: KieContext): Refusal | null {
  const envelope = envelopeSchema.safeParse(json)
  if (envelope.success) {
    const { code } = envelope.data
    const words = wordsOf(envelope.data)
    const row = findRefusal(api, code, words)
    return row === null ? null : { kind: row.kind, reason: row.reason, message: `code ${code}: ${words}` }
  }
  const noSuchPath = noSuchPathSchema.safeParse(json)
  if (httpStatus !== 404 || !noSuchPath.success || noSuchPath.data.path !== path) return null
  // kie: the framework's own answer when no handler has that path, so nothing ran - test/fixtures/kie/README.md#errors
  return { kind: 'refused_final', reason: 'model_unavailable', message: `HTTP 404: no such path ${path}` }
}

function wordsOf(envelope: Envelope): string {
  return envelope.msg ?? envelope.message ?? ''
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

export function classifyQuery(result: GetResult, askedTaskId: string, context: KieContext): QueryOutcome {
  if (result.kind === 'failed') return noQueryReply(result, context)
  const { reply } = result
  const envelope = envelopeSchema.safeParse(readJson(reply.body))
  if (!envelope.success || !isApplicationStatus(reply.status)) return unreadableReply(reasonOfStatus(reply), reply, context)
  const words = wordsOf(envelope.data)
  const code = envelope.data.code
  if (noSuchRecord.some((row) => row.code === code && row.message.test(words.trim()))) {
    return { kind: 'not_found', message: context.clean(`code ${code}: ${words}`) }
  }
  const isOk = reply.status < 300
  if (isOk && code === 200) return classifyRecord(envelope.data, askedTaskId, reply, context)
  if (isOk && context.api === 'market' && (code === 408 || code === 501)) {
    return classifyFailedEnvelope(envelope.data, words, askedTaskId, reply, context)
  }
  return unreadableReply(queryReasons.get(code) ?? (isOk ? 'no_answer' : reasonOfStatus(reply)), reply, context)
}

function classifyRecord(envelope: Envelope, askedTaskId: string, reply: HttpReply, context: KieContext): QueryOutcome {
  // kie: a sibling endpoint answers success with `data: null` for an unknown id - test/fixtures/kie/README.md#errors
  if (envelope.data === null || envelope.data === undefined) return { kind: 'not_found', message: 'success without a record' }
  return recordOutcome(readRecord(context.api, askedTaskId, envelope.data), reply, context)
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
  context: KieContext,
): QueryOutcome {
  const hasRecord = isJsonObject(envelope.data) && Object.keys(envelope.data).length > 0
  if (hasRecord) {
    const reading = readRecord(context.api, askedTaskId, envelope.data)
    const isFailure = reading.kind === 'snapshot' && reading.snapshot.state === 'failed'
    return isFailure ? recordOutcome(reading, reply, context) : unreadableReply('no_answer', reply, context)
  }
  if (envelope.data !== null && envelope.data !== undefined) return unreadableReply('no_answer', reply, context)
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

function reasonOfStatus(reply: HttpReply): ProviderReason {
  if (reply.status === 401 || reply.status === 403) return 'auth'
  if (reply.status === 429) return 'rate_limited'
  if (originWasNeverReached(reply.status, reply.elapsedMs)) return 'unreachable'
  return reply.status >= 500 ? 'provider_fault' : 'no_answer'
}
