// The property behind both submit tables: nothing is accepted without a well-formed id, and nothing is refused that is not listed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { classifyQuery as classifyDefapiQuery, classifySubmit as classifyDefapi } from '../../../src/providers/defapi/classify.ts'
import { refusalRows as defapiRows } from '../../../src/providers/defapi/refusals.ts'
import { classifyQuery as classifyKieQuery, classifySubmit as classifyKie } from '../../../src/providers/kie/classify.ts'
import { refusalRows as kieRows } from '../../../src/providers/kie/refusals.ts'
import type { KieApi } from '../../../src/providers/kie/wire.ts'
import type { QueryOutcome, SubmitOutcome } from '../../../src/providers/provider.ts'
import type { HttpReply } from '../../../src/providers/shared/http.ts'
import { bodyText, readReplies } from './reply-fixtures.ts'

const taskId = '330a9433fd309e9e18df1c567ae38471'
const clean = (text: string): string => text.slice(0, 300)
const path = '/api/v1/jobs/createTask'
const reply = (status: number, body: string | Uint8Array): HttpReply => ({
  status,
  body: Buffer.from(body),
  retryAfter: null,
  elapsedMs: 10,
})
const submitToKie = (status: number, body: string | Uint8Array, api: KieApi = 'market'): SubmitOutcome =>
  classifyKie({ kind: 'reply', reply: reply(status, body) }, { api, path, nowMs: 0, clean })
const submitToDefapi = (status: number, body: string | Uint8Array): SubmitOutcome =>
  classifyDefapi({ kind: 'reply', reply: reply(status, body) }, { nowMs: 0, clean })

const status = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(200, 429) },
  { weight: 1, arbitrary: fc.constantFrom(201, 301, 400, 401, 402, 404, 422, 500, 502, 503, 504, 520, 521, 522, 524) },
  { weight: 1, arbitrary: fc.integer({ min: 200, max: 599 }) },
)
const code = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(401, 402, 422, 429, 500, 1007) },
  fc.constantFrom(0, 1, 200, 400, 401, 402, 404, 408, 422, 429, 433, 451, 455, 500, 501, 505, 550, 1007),
  fc.integer(),
  fc.constantFrom<unknown>('401', null, 4.5),
)
const words = fc.oneof(
  fc.constantFrom(
    'Credits insufficient',
    'aspect_ratio is required',
    'Internal Error, Please try again later.',
    'Insufficient credit',
    'ok',
    'success',
  ),
  fc.string(),
  fc.string().map((text) => `${text} is required`),
  fc.constant(null),
)
const noData: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(null, undefined, {}, '', [])
const data: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: noData },
  fc.constantFrom<unknown>(0, false, 'x'),
  fc.jsonValue(),
  fc.record({ taskId: fc.oneof(fc.constant(taskId), fc.string(), fc.integer()) }),
  fc.record({ task_id: fc.oneof(fc.constant(taskId), fc.string(), fc.integer()) }),
)
const envelopeLike = fc.record(
  { code, msg: words, message: words, data, taskId: fc.constantFrom(undefined, undefined, undefined, taskId) },
  { requiredKeys: ['code', 'msg', 'message'] },
)
const body = fc.oneof(
  { weight: 8, arbitrary: envelopeLike.map((value) => JSON.stringify(value)) },
  fc.json(),
  fc.string(),
  fc.uint8Array(),
)

/** Any member anywhere whose name could hold an id. */
function namesAnyTask(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, item]) => /^(?:task|record)_?id$/i.test(name) || namesAnyTask(item))
}

function parse(body: string | Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8')) as unknown
  } catch {
    return undefined
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined
}

test('kie: an arbitrary reply is accepted only for a well-formed id, and refused only by a listed code without any id', (t) => {
  const kinds: Record<string, number> = {}
  fc.assert(
    fc.property(status, body, fc.constantFrom<KieApi>('market', 'gpt4o', 'kontext'), (status, body, api) => {
      const outcome = submitToKie(status, body, api)
      kinds[outcome.kind] = (kinds[outcome.kind] ?? 0) + 1
      const json = parse(body)
      if (outcome.kind === 'accepted') {
        assert.equal(member(member(json, 'data'), 'taskId'), outcome.providerTaskId)
        assert.match(outcome.providerTaskId, /^[A-Za-z0-9_.:-]{1,128}$/)
      }
      if (outcome.kind === 'refused_final' || outcome.kind === 'refused_retryable') {
        assert.ok(
          kieRows.some((row) => row.code === member(json, 'code') && row.kind === outcome.kind && row.reason === outcome.reason),
          'no row of the table says so',
        )
        assert.equal(namesAnyTask(json), false)
        assert.ok((status >= 200 && status < 300) || (status >= 400 && status < 500), `refused at HTTP ${status}`)
      }
      if (outcome.kind === 'not_sent') assert.ok([521, 522, 523, 525, 526].includes(status), `not sent at HTTP ${status}`)
    }),
    { numRuns: 6_000 },
  )
  t.diagnostic(JSON.stringify(kinds))
  // The property is worth nothing if the generator never reaches a kind.
  for (const kind of ['accepted', 'refused_final', 'refused_retryable', 'not_sent', 'unknown'])
    assert.ok((kinds[kind] ?? 0) > 5, kind)
})

test('defapi: an arbitrary reply is accepted only for a well-formed id, and refused only by a listed row without any id', (t) => {
  const kinds: Record<string, number> = {}
  fc.assert(
    fc.property(status, body, (status, body) => {
      const outcome = submitToDefapi(status, body)
      kinds[outcome.kind] = (kinds[outcome.kind] ?? 0) + 1
      const json = parse(body)
      if (outcome.kind === 'accepted') {
        assert.equal(member(member(json, 'data'), 'task_id'), outcome.providerTaskId)
        assert.match(outcome.providerTaskId, /^[A-Za-z0-9_.:-]{1,128}$/)
      }
      if (outcome.kind === 'refused_final' || outcome.kind === 'refused_retryable') {
        assert.ok(Number.isInteger(member(json, 'code')) && member(json, 'code') !== 0, 'refused without an error code')
        assert.equal(namesAnyTask(json), false)
        assert.ok((status >= 200 && status < 300) || (status >= 400 && status < 500), `refused at HTTP ${status}`)
        assert.ok(
          defapiRows.some((row) => row.kind === outcome.kind && row.reason === outcome.reason),
          'no row of the table says so',
        )
      }
      if (outcome.kind === 'not_sent') assert.ok([521, 522, 523, 525, 526].includes(status), `not sent at HTTP ${status}`)
    }),
    { numRuns: 6_000 },
  )
  t.diagnostic(JSON.stringify(kinds))
  for (const kind of ['accepted', 'refused_final', 'refused_retryable', 'not_sent', 'unknown'])
    assert.ok((kinds[kind] ?? 0) > 5, kind)
})

test('a listed refusal that also names a task, in any way, is not a refusal any more', () => {
  const traces = [
    { data: { taskId } },
    { data: { task_id: taskId } },
    { data: { recordId: taskId } },
    { data: taskId },
    { data: [taskId] },
    { taskId },
    { task_id: taskId },
    { recordId: taskId },
    { taskId: null },
  ]
  let refusals = 0
  for (const [file, submit] of [
    ['kie/submit-replies.json', submitToKie],
    ['defapi/submit-replies.json', submitToDefapi],
  ] as const) {
    for (const fixture of readReplies(file)) {
      const { kind } = submit(fixture.httpStatus, bodyText(fixture))
      if (kind !== 'refused_final' && kind !== 'refused_retryable') continue
      refusals += 1
      for (const trace of traces) {
        const outcome = submit(fixture.httpStatus, JSON.stringify(Object.assign({}, fixture.body, trace)))
        assert.ok(outcome.kind === 'unknown' || outcome.kind === 'accepted', `${fixture.id} ${JSON.stringify(trace)}`)
      }
    }
  }
  assert.ok(refusals > 20, `${refusals} refusals`)
})

test('every proper beginning of a reply is an unknown outcome, never a refusal and never an acceptance', () => {
  let beginnings = 0
  for (const [file, submit] of [
    ['kie/submit-replies.json', submitToKie],
    ['defapi/submit-replies.json', submitToDefapi],
  ] as const) {
    for (const fixture of readReplies(file)) {
      const whole = bodyText(fixture)
      if (fixture.text !== undefined || [521, 522, 523, 525, 526].includes(fixture.httpStatus) || whole.length > 1_000) continue
      for (let length = 0; length < whole.length; length += 1) {
        beginnings += 1
        assert.equal(submit(fixture.httpStatus, whole.slice(0, length)).kind, 'unknown', `${fixture.id} ${length}`)
      }
    }
  }
  assert.ok(beginnings > 1_000, `${beginnings} beginnings`)
})

test('an arbitrary reply to a query is an end only when it is a record of the very task that says so itself', () => {
  fc.assert(
    fc.property(status, body, (status, body) => {
      const json = parse(body)
      const kie = classifyKieQuery({ kind: 'reply', reply: reply(status, body) }, taskId, {
        api: 'market',
        path,
        nowMs: 0,
        clean,
      })
      if (kie.kind === 'snapshot') {
        const isEndWithoutRecord =
          [408, 501].includes(Number(member(json, 'code'))) && kie.snapshot.state === 'failed' && !kie.snapshot.provenFree
        assert.ok(
          member(member(json, 'data'), 'taskId') === taskId || isEndWithoutRecord,
          'an end that is not in a record of the task',
        )
        assert.ok(status >= 200 && status < 300, `a snapshot at HTTP ${status}`)
      }
      const defapi = classifyDefapiQuery({ kind: 'reply', reply: reply(status, body) }, taskId, { nowMs: 0, clean })
      if (defapi.kind === 'snapshot') assert.equal(member(member(json, 'data'), 'task_id'), taskId)
    }),
    { numRuns: 4_000 },
  )
})

test('an arbitrary record is an end only in the documented words, and a success always has a link', (t) => {
  const kinds: Record<string, number> = {}
  const mixed = (...values: unknown[]) =>
    fc.oneof({ weight: 4, arbitrary: fc.constantFrom<unknown>(...values) }, fc.jsonValue({ maxDepth: 2 }))
  const record = fc.record(
    {
      taskId: fc.constant(taskId),
      task_id: fc.constant(taskId),
      state: mixed('success', 'fail', 'waiting', 'SUCCESS'),
      status: mixed('success', 'failed', 'SUCCESS', 'GENERATE_FAILED', 'pending'),
      successFlag: mixed(0, 1, 2, 3, '1'),
      resultJson: mixed('', '{"resultUrls":["https://a.example/1.png"]}', '{"resultUrls":[]}', '{'),
      response: mixed(null, { resultUrls: ['https://a.example/1.png'], resultImageUrl: 'https://a.example/1.png' }),
      result: mixed(null, [{ image: 'https://a.example/1.png' }], [{ text: 'no' }]),
      failCode: mixed('500', 422, null),
      failMsg: mixed('flagged', null),
      creditsConsumed: mixed(0, 6, '6.0', null),
      consumed: mixed('0', '0.02', null),
      status_reason: mixed({ message: 'x' }, null),
    },
    { requiredKeys: ['taskId', 'task_id'] },
  )
  fc.assert(
    fc.property(record, fc.constantFrom<KieApi>('market', 'gpt4o', 'kontext'), (record, api) => {
      const body = (code: number) => JSON.stringify({ code, data: record })
      const outcomes: [string, QueryOutcome][] = [
        [api, classifyKieQuery({ kind: 'reply', reply: reply(200, body(200)) }, taskId, { api, path, nowMs: 0, clean })],
        ['defapi', classifyDefapiQuery({ kind: 'reply', reply: reply(200, body(0)) }, taskId, { nowMs: 0, clean })],
      ]
      for (const [name, outcome] of outcomes) {
        if (outcome.kind !== 'snapshot') continue
        const { state, sourceUrls, failureReason, provenFree } = outcome.snapshot
        kinds[`${name} ${state}`] = (kinds[`${name} ${state}`] ?? 0) + 1
        assert.equal(state === 'succeeded', sourceUrls.length > 0)
        assert.equal(state === 'failed', failureReason !== null)
        if (provenFree) assert.equal(state, 'failed')
        if (name === 'market' && state === 'failed')
          assert.ok(record.state === 'fail' || record.state === 'success', `failed in state ${String(record.state)}`)
        if (name === 'defapi' && state !== 'pending')
          assert.ok(record.status === 'success' || record.status === 'failed', `ended in status ${String(record.status)}`)
        if (name === 'kontext' && state !== 'pending')
          assert.ok(['1', '2', '3'].includes(String(record.successFlag)), `ended with flag ${String(record.successFlag)}`)
      }
    }),
    { numRuns: 3_000 },
  )
  t.diagnostic(JSON.stringify(kinds))
  for (const name of ['market', 'gpt4o', 'kontext', 'defapi']) {
    for (const state of ['pending', 'succeeded', 'failed']) assert.ok((kinds[`${name} ${state}`] ?? 0) > 5, `${name} ${state}`)
  }
})
