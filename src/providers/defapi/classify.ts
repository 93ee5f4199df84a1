// What a reply of DefAPI's means. Submit: deny by default, whatever is not positively recognised may have made a paid task. // I3
// Query: only a parsed end of the very task that was asked is an end; everything else keeps waiting.
import type { ProviderReason, QueryOutcome, SubmitOutcome } from '../provider.ts'
import { originWasNeverReached } from '../shared/edge-status.ts'
import type { GetResult, HttpReply, PostResult } from '../shared/http.ts'
import { readJson } from '../shared/json-text.ts'
import { classifySubmitResult, noQueryReply, recordOutcome, unreadableReply } from '../shared/replies.ts'
import type { Refusal, ReplyContext } from '../shared/replies.ts'
import { isApplicationStatus } from '../shared/task-traces.ts'
import { readRecord } from './mapping.ts'
import { findRefusal } from './refusals.ts'
import { envelopeSchema, submittedSchema } from './wire.ts'
import type { Envelope } from './wire.ts'

export function classifySubmit(result: PostResult, context: ReplyContext): SubmitOutcome {
  return classifySubmitResult(result, { readTaskId, readRefusal }, context)
}

function readTaskId(json: unknown): string | null {
  const envelope = envelopeSchema.safeParse(json)
  const submitted = submittedSchema.safeParse(envelope.data?.data)
  return submitted.success ? submitted.data.task_id : null
}

function readRefusal(json: unknown, { status }: HttpReply): Refusal | null {
  const envelope = envelopeSchema.safeParse(json)
  if (!envelope.success) return null
  const { code } = envelope.data
  const words = wordsOf(envelope.data)
  const row = findRefusal(status, code, words)
  return row === null ? null : { kind: row.kind, reason: row.reason, message: `HTTP ${status}, code ${code}: ${words}` }
}

export function classifyQuery(result: GetResult, askedTaskId: string, context: ReplyContext): QueryOutcome {
  if (result.kind === 'failed') return noQueryReply(result, context)
  const { reply } = result
  const envelope = envelopeSchema.safeParse(readJson(reply.body))
  if (!envelope.success || !isApplicationStatus(reply.status)) return unreadableReply(readReason(null, reply), reply, context)
  const { code, data } = envelope.data
  // defapi: also for the first seconds of a task that exists - test/fixtures/defapi/README.md#not-found
  if (reply.status === 404 && code === 1) return { kind: 'not_found', message: context.clean(wordsOf(envelope.data)) }
  if (reply.status >= 300 || code !== 0) return unreadableReply(readReason(envelope.data, reply), reply, context)
  return recordOutcome(readRecord(askedTaskId, data), reply, context)
}

function wordsOf(envelope: Envelope): string {
  return [envelope.message, envelope.detail].filter((part) => typeof part === 'string' && part !== '').join(' - ')
}

/** test/fixtures/defapi/README.md#errors */
function readReason(envelope: Envelope | null, reply: HttpReply): ProviderReason {
  if (reply.status === 401 || reply.status === 403 || envelope?.code === 1007) return 'auth'
  if (reply.status === 402) return 'no_credits'
  if (reply.status === 429) return 'rate_limited'
  if (originWasNeverReached(reply.status, reply.elapsedMs)) return 'unreachable'
  return reply.status >= 500 || envelope?.code === 500 ? 'provider_fault' : 'no_answer'
}
