// Kie's callback door. The signature covers `taskId.timestamp` and not the body, so even a verified callback is only a hint: it says
// "look at this task", and the query that follows says the rest. // I12   test/fixtures/kie/README.md#signature
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { CallbackVerdict } from '../provider.ts'
import { maxReplyBytes } from '../shared/http.ts'
import { field, isJsonObject, readJson, textField } from '../shared/json-text.ts'

/** Narrower than an id in a reply: with a dot in it, `a.1` + `2` and `a` + `1.2` would sign the same text. */
const claimedTaskIdPattern = /^[A-Za-z0-9_-]{1,128}$/

/** Unix seconds from 2001 to 2286. Not parseInt, which takes digits followed by anything. */
const timestampPattern = /^\d{10}$/

/** 32 bytes in canonical base64. */
const signaturePattern = /^[A-Za-z0-9+/]{43}=$/

/** Kie documents no tolerance; 5 minutes, both ways, is what other senders of webhooks agree on. */
const toleranceMs = 300_000

/** Longer than any state word. */
const maxStateLength = 64

export interface CallbackInput {
  rawBody: Uint8Array
  headers: Record<string, string | string[] | undefined>
  nowMs: number
}

const unauthorized: CallbackVerdict = { ok: false, status: 401, message: 'the callback is not signed by a known key' }

export function readCallback(input: CallbackInput, webhookHmacKeys: readonly string[]): CallbackVerdict {
  if (input.rawBody.length > maxReplyBytes) return malformed('the body is too large')
  const body = readJson(input.rawBody)
  if (!isJsonObject(body)) return malformed('the body is not a JSON object')
  const data = field(body, 'data')
  // kie: `data.taskId` in image callbacks, `data.task_id` in the sample code, flat on a sibling - test/fixtures/kie/README.md#callbacks
  const named = [field(data, 'taskId'), field(data, 'task_id'), field(body, 'taskId'), field(body, 'task_id')]
  const ids = new Set(named.filter((id) => id !== undefined && id !== null))
  if (ids.size > 1) return malformed('the body names different tasks')
  const [id] = ids
  const claimedTaskId = typeof id === 'string' && claimedTaskIdPattern.test(id) ? id : null
  if (webhookHmacKeys.length > 0 && !isSigned(claimedTaskId, input, webhookHmacKeys)) return unauthorized
  return { ok: true, claim: { claimedTaskId, claimedState: readClaimedState(body, data) } }
}

/** Every way to fail looks the same from outside. */
function isSigned(taskId: string | null, input: CallbackInput, keys: readonly string[]): boolean {
  const timestamp = singleHeader(input.headers, 'x-webhook-timestamp')
  const signature = singleHeader(input.headers, 'x-webhook-signature')
  if (taskId === null || timestamp === null || signature === null) return false
  if (!timestampPattern.test(timestamp) || !signaturePattern.test(signature)) return false
  if (!(Math.abs(input.nowMs - Number(timestamp) * 1000) <= toleranceMs)) return false
  const given = Buffer.from(signature, 'base64')
  // The last character has two unused bits: without this, four spellings of one signature would pass.
  if (given.length !== 32 || given.toString('base64') !== signature) return false
  let isValid = false
  for (const key of keys) {
    const expected = createHmac('sha256', key).update(`${taskId}.${timestamp}`).digest()
    // Every key is tried, so that time does not tell which one is in use.
    if (timingSafeEqual(expected, given)) isValid = true
  }
  return isValid
}

/** Null when missing, repeated, or given under two spellings: there is no right one to choose. */
function singleHeader(headers: CallbackInput['headers'], name: string): string | null {
  const values = Object.entries(headers)
    .filter(([key, value]) => key.toLowerCase() === name && value !== undefined)
    .map(([, value]) => value)
  const [value] = values
  return values.length === 1 && typeof value === 'string' ? value : null
}

/** Market callbacks carry the record's state; the 4o and Kontext ones only a code. */
function readClaimedState(body: unknown, data: unknown): string | null {
  const state = textField(data, 'state')
  if (state !== null) return state.length <= maxStateLength ? state : null
  const code = field(body, 'code')
  return typeof code === 'number' ? `code ${code}` : null
}

function malformed(message: string): CallbackVerdict {
  return { ok: false, status: 400, message }
}
