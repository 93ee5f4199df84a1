// Kie's records → our snapshot. Three layouts, one meaning. A record is believed only for the id that was asked, and only a word we
// know to be an end is an end: everything else is pending. Evidence: test/fixtures/kie/README.md
import type { z } from 'zod'
import { field, isJsonObject, textField, unwrapJson } from '../shared/json-text.ts'
import type { RecordReading } from '../shared/replies.ts'
import { keepWebUrls } from '../shared/source-urls.ts'
import { readTimeMs } from '../shared/times.ts'
import type { Snapshot } from '../provider.ts'
import { readFailureReason } from './failures.ts'
import { flagRecordSchema, marketRecordSchema } from './wire.ts'
import type { FlagRecord, KieApi, MarketRecord } from './wire.ts'

type State = Snapshot['state']

export function readRecord(api: KieApi, askedTaskId: string, data: unknown): RecordReading {
  switch (api) {
    case 'market':
      return readWith(marketRecordSchema, askedTaskId, data, fromMarketRecord)
    case 'gpt4o':
      return readWith(flagRecordSchema, askedTaskId, data, (record) => fromFlagRecord(record, gpt4oState(record), gpt4oUrls))
    case 'kontext':
      return readWith(flagRecordSchema, askedTaskId, data, (record) => fromFlagRecord(record, flagState(record), kontextUrls))
  }
}

function readWith<Schema extends z.ZodType<{ taskId: string }>>(
  schema: Schema,
  askedTaskId: string,
  data: unknown,
  toSnapshot: (record: z.infer<Schema>) => Snapshot | null,
): RecordReading {
  const parsed = schema.safeParse(data)
  if (!parsed.success) return { kind: 'unreadable', message: 'the record is not in a known form' }
  if (parsed.data.taskId !== askedTaskId) return { kind: 'unreadable', message: 'the record is that of another task' }
  const snapshot = toSnapshot(parsed.data)
  if (snapshot === null) return { kind: 'unreadable', message: 'the record says success, but its result is not readable' }
  return { kind: 'snapshot', snapshot }
}

/** The parts that the three layouts hold under different names. */
interface Parts {
  providerTaskId: string
  state: State
  rawState: string
  /** null: there is a result, but not one we can read */
  urls: string[] | null
  failCode: unknown
  failMessage: string | null
  createTime: unknown
  completeTime: unknown
  creditsConsumed: unknown
  echo: Snapshot['echo']
}

// test/fixtures/kie/README.md#market-record
function fromMarketRecord(record: MarketRecord): Snapshot | null {
  const state: State = record.state === 'success' ? 'succeeded' : record.state === 'fail' ? 'failed' : 'pending'
  return toSnapshot({
    providerTaskId: record.taskId,
    state,
    rawState: record.state,
    // The records of September carry the links twice; the older form has only resultJson.
    urls: isMissing(record.resultJson) ? resultUrls(record.response) : resultUrls(record.resultJson),
    failCode: record.failCode,
    failMessage: record.failMsg ?? null,
    createTime: record.createTime,
    completeTime: record.completeTime,
    creditsConsumed: record.creditsConsumed,
    echo: readMarketEcho(record),
  })
}

function fromFlagRecord(record: FlagRecord, state: State, readUrls: (response: unknown) => string[] | null): Snapshot | null {
  return toSnapshot({
    providerTaskId: record.taskId,
    state,
    rawState: [record.successFlag, record.status].filter((word) => !isMissing(word)).join(' '),
    urls: readUrls(record.response),
    failCode: record.errorCode,
    failMessage: record.errorMessage ?? null,
    createTime: record.createTime,
    completeTime: record.completeTime,
    creditsConsumed: record.creditsConsumed,
    echo: readFlagEcho(record.paramJson),
  })
}

function toSnapshot(parts: Parts): Snapshot | null {
  if (parts.state === 'succeeded' && parts.urls === null) return null
  const isEmptySuccess = parts.state === 'succeeded' && parts.urls?.length === 0
  const state = isEmptySuccess ? 'failed' : parts.state
  const credits = readCredits(parts.creditsConsumed)
  const failMessage = parts.failMessage === '' ? null : parts.failMessage
  return {
    providerTaskId: parts.providerTaskId,
    state,
    rawState: parts.rawState,
    failureReason: isEmptySuccess ? 'empty_result' : state === 'failed' ? readFailureReason(parts.failCode, failMessage) : null,
    failureMessage: isEmptySuccess
      ? (failMessage ?? 'success without a link to a picture')
      : state === 'failed'
        ? failMessage
        : null,
    sourceUrls: state === 'succeeded' ? (parts.urls ?? []) : [],
    cost: typeof credits === 'number' ? { usd: creditsToUsd(credits), credits } : null,
    // kie: failed tasks are not charged, as clients report; a figure above zero, or one we cannot read, says otherwise - #billing
    provenFree: parts.state === 'failed' && (credits === null || credits === 0),
    createdAtMs: readTimeMs(parts.createTime),
    finishedAtMs: readTimeMs(parts.completeTime),
    echo: parts.echo,
  }
}

/** kie: 0 generating, 1 success, 2 creating the task failed, 3 generation failed - test/fixtures/kie/README.md#kontext-record */
function flagState(record: FlagRecord): State {
  const flag = isMissing(record.successFlag) ? '' : String(record.successFlag)
  if (flag === '1') return 'succeeded'
  return flag === '2' || flag === '3' ? 'failed' : 'pending'
}

const gpt4oStatuses: ReadonlyMap<string, State> = new Map([
  ['GENERATING', 'pending'],
  ['SUCCESS', 'succeeded'],
  ['CREATE_TASK_FAILED', 'failed'],
  ['GENERATE_FAILED', 'failed'],
])

/** 4o says it twice. While the two disagree the task is not at its end; a status word that we do not know has no vote. */
function gpt4oState(record: FlagRecord): State {
  const byStatus = gpt4oStatuses.get(record.status ?? '') ?? null
  if (isMissing(record.successFlag)) return byStatus ?? 'pending'
  const byFlag = flagState(record)
  return byStatus === null || byStatus === byFlag ? byFlag : 'pending'
}

/** No result yet is an empty list; one that is there and not readable is null. */
function resultUrls(result: unknown): string[] | null {
  if (isMissing(result)) return []
  const parsed = unwrapJson(result)
  if (!isJsonObject(parsed)) return null
  // kie: `resultUrls` in records, `result_urls` on one page of the documentation - test/fixtures/kie/README.md#gpt4o-record
  return readLinks([field(parsed, 'resultUrls'), field(parsed, 'result_urls')].flat())
}

const gpt4oUrls = resultUrls

/** Something that should be a link and is not one does not make a picture "missing": then the result is not readable. */
function readLinks(values: readonly unknown[]): string[] | null {
  const found = values.filter((value) => !isMissing(value))
  const links = keepWebUrls(found)
  return found.length > 0 && links.length === 0 ? null : links
}

function kontextUrls(response: unknown): string[] | null {
  if (isMissing(response)) return []
  const parsed = unwrapJson(response)
  // originImageUrl lives 10 minutes, resultImageUrl 14 days - test/fixtures/kie/README.md#retention
  return isJsonObject(parsed) ? readLinks([field(parsed, 'resultImageUrl')]) : null
}

// kie: `param` is JSON as text, and `input` in it is once more JSON as text - test/fixtures/kie/README.md#market-record
function readMarketEcho(record: MarketRecord): Snapshot['echo'] {
  const param = unwrapJson(isMissing(record.param) ? record.paramJson : record.param)
  const input = unwrapJson(field(param, 'input'))
  return toEcho(textField(param, 'model') ?? record.model ?? null, textField(input, 'prompt'), textField(param, 'callBackUrl'))
}

function readFlagEcho(paramJson: unknown): Snapshot['echo'] {
  const param = unwrapJson(paramJson)
  return toEcho(textField(param, 'model'), textField(param, 'prompt'), textField(param, 'callBackUrl'))
}

function toEcho(model: string | null, prompt: string | null, callbackUrl: string | null): Snapshot['echo'] {
  return model === null && prompt === null && callbackUrl === null ? null : { model, prompt, callbackUrl }
}

/** Null: not said. 'unreadable': something is there that is not an amount, so nothing may be concluded from it. */
function readCredits(value: unknown): number | null | 'unreadable' {
  if (value === undefined || value === null || value === '') return null
  const credits = typeof value === 'string' && /^\d{1,9}(?:\.\d{1,9})?$/.test(value) ? Number(value) : value
  return typeof credits === 'number' && Number.isFinite(credits) && credits >= 0 ? credits : 'unreadable'
}

/** One credit is 0.005 USD (test/fixtures/kie/README.md#prices). Rounded to 1e-9 USD, so that 3.24 credits are 0.0162 exactly. */
export function creditsToUsd(credits: number): number {
  return Math.round(credits * 5e6) / 1e9
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}
