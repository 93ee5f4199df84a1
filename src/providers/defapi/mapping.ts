// DefAPI's task record → our snapshot. A record is believed only for the id that was asked, and only `success` and `failed` are ends.
// Evidence: test/fixtures/defapi/README.md
import type { ProviderReason, Snapshot } from '../provider.ts'
import { isJsonObject, unwrapJson } from '../shared/json-text.ts'
import type { RecordReading } from '../shared/replies.ts'
import { isWebUrl, keepWebUrls } from '../shared/source-urls.ts'
import { readTimeMs } from '../shared/times.ts'
import { recordSchema } from './wire.ts'
import type { TaskRecord } from './wire.ts'

export function readRecord(askedTaskId: string, data: unknown): RecordReading {
  const parsed = recordSchema.safeParse(data)
  if (!parsed.success) return { kind: 'unreadable', message: 'the record is not in a known form' }
  // defapi: one client got records of other tasks by a wrong parameter - test/fixtures/defapi/README.md#record
  if (parsed.data.task_id !== askedTaskId) return { kind: 'unreadable', message: 'the record is that of another task' }
  const end = readEnd(parsed.data)
  if (end === null) return { kind: 'unreadable', message: 'the record says success, but its result is not readable' }
  const consumedUsd = readAmount(parsed.data.consumed)
  return {
    kind: 'snapshot',
    snapshot: {
      providerTaskId: parsed.data.task_id,
      rawState: parsed.data.status,
      ...end,
      // defapi: `consumed` is in USD as far as one reply shows that has both - test/fixtures/defapi/README.md#prices
      cost: consumedUsd === null ? null : { usd: consumedUsd, credits: null },
      // Whether failed tasks are refunded is unknown: only the provider's own zero proves it. A success without a picture is charged.
      provenFree: parsed.data.status === 'failed' && consumedUsd === 0,
      createdAtMs: readTimeMs(parsed.data.created_at),
      finishedAtMs: null,
      echo: null,
    },
  }
}

type End = Pick<Snapshot, 'state' | 'failureReason' | 'failureMessage' | 'sourceUrls'>

function readEnd(record: TaskRecord): End | null {
  const message = record.status_reason?.message ?? null
  if (record.status === 'failed') return failed(readFailureReason(message), message)
  if (record.status !== 'success') return { state: 'pending', failureReason: null, failureMessage: null, sourceUrls: [] }
  const result = readResult(record.result)
  if (result.links.length > 0) return { state: 'succeeded', failureReason: null, failureMessage: null, sourceUrls: result.links }
  if (message !== null && emptyByPolicy.test(message)) return failed('content_policy', message)
  if (result.isUnreadable) return null
  if (result.text !== null) return failed('empty_result', `the model answered in words: ${result.text}`)
  return failed('empty_result', message ?? 'success without a link to a picture')
}

function failed(failureReason: ProviderReason, message: string | null): End {
  return { state: 'failed', failureReason, failureMessage: message === '' ? null : message, sourceUrls: [] }
}

/** In practice the refusal of the Google models, and charged - test/fixtures/defapi/README.md#empty-success */
const emptyByPolicy = /\bofficial returned empty content\b/i

/** No text of a failure is on record: few words, and only whole ones - test/fixtures/defapi/README.md#failures */
const contentPolicy = /\bcontent polic|\bviolat\w+\b.{0,60}\bpolic(?:y|ies)\b|\bflagged\b|\bnsfw\b|\bprohibited content\b/i

function readFailureReason(message: string | null): ProviderReason {
  const text = message ?? ''
  return emptyByPolicy.test(text) || contentPolicy.test(text) ? 'content_policy' : 'provider_fault'
}

// ---- the polymorphic result ----

/** An array of `{image}` or `{text}`, an object `{image}` or `{big_image_url}`, or plain links - #record */
const imageKeys = new Set(['image', 'big_image_url'])
const otherKeys = new Set(['text', 'video'])

/** The deepest form seen has two levels. */
const maxResultDepth = 5

interface Result {
  links: string[]
  text: string | null
  /** there is something where a link belongs, and it is not one */
  isUnreadable: boolean
}

function readResult(raw: unknown): Result {
  const leaves: { key: string; value: unknown }[] = []
  collectLeaves(unwrapJson(raw), '', 0, leaves)
  const named = leaves.filter(({ key }) => imageKeys.has(key))
  const unnamed = leaves.filter(({ key, value }) => !otherKeys.has(key) && isWebUrl(value))
  const namedLinks = keepWebUrls(named.map(({ value }) => value))
  const text = leaves.find(({ key, value }) => (key === 'text' || key === '') && typeof value === 'string' && !isWebUrl(value))
  return {
    links: namedLinks.length > 0 ? namedLinks : keepWebUrls(unnamed.map(({ value }) => value)),
    text: typeof text?.value === 'string' ? text.value : null,
    isUnreadable: named.length > 0 || leaves.some(({ key, value }) => !otherKeys.has(key) && isUri(value)),
  }
}

/** `data:`, `gs:` and the like: a picture perhaps, but none that we can fetch. */
function isUri(value: unknown): boolean {
  return typeof value === 'string' && /^[a-z][a-z0-9+.-]{1,20}:\S/i.test(value)
}

/** Members that hold something; null and '' mean "none". */
function collectLeaves(value: unknown, key: string, depth: number, leaves: { key: string; value: unknown }[]): void {
  if (value === undefined || value === null || value === '') return
  if (typeof value !== 'object') leaves.push({ key, value })
  else if (depth >= maxResultDepth) leaves.push({ key: 'image', value: 'nested too deep' })
  else if (Array.isArray(value)) for (const item of value) collectLeaves(item, key, depth + 1, leaves)
  else if (isJsonObject(value)) for (const [name, item] of Object.entries(value)) collectLeaves(item, name, depth + 1, leaves)
}

/** A decimal as text or number; null when missing or not an amount. */
export function readAmount(value: unknown): number | null {
  const isDecimal = typeof value === 'string' && /^\d{1,12}(?:\.\d{1,18})?(?:e-?\d{1,2})?$/i.test(value)
  const amount = isDecimal ? Number(value) : value
  return typeof amount === 'number' && Number.isFinite(amount) && amount >= 0 ? amount : null
}
