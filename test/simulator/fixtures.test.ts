// The simulator's replies have the shape of the replies on record: the same members of the same types, also inside the JSON
// inside the JSON. The clients are tested on the same files, so both are held against the evidence and not against each other.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { FaultRule } from '../../src/simulator/faults/rule.ts'
import type { SimulatorOptions } from '../../src/simulator/options.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { eventually } from '../helpers/eventually.ts'
import { startCallbackSink, startTestSimulator } from '../helpers/simulator.ts'
import { at, call, createDefapiTask, createKieTask, parseOrUndefined, queryDefapiTask, queryKieTask, textAt } from './client.ts'

interface Fixture {
  id: string
  httpStatus?: number
  body: unknown
}

function fixture(file: string, id: string): Fixture {
  const rows: Fixture[] = JSON.parse(readFileSync(new URL(`../fixtures/${file}.json`, import.meta.url), 'utf8'))
  return rows.find((row) => row.id === id) ?? assert.fail(`no ${id} in ${file}`)
}

/** Types instead of values; JSON in a string is looked into; members that depend on the request are left out. */
function shapeOf(value: unknown, key = ''): unknown {
  if (['input', 'paramJson'].includes(key)) return 'json'
  if (typeof value === 'string') {
    const inner = /^[{[]/.test(value) ? parseOrUndefined(value) : undefined
    return inner === undefined ? 'string' : { json: shapeOf(inner) }
  }
  if (Array.isArray(value)) return value.slice(0, 1).map((item) => shapeOf(item))
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, inner]) => [name, shapeOf(inner, name)] as const)
      .sort(([a], [b]) => a.localeCompare(b)),
  )
}

const market = { model: 'gpt-image-2-text-to-image', input: { aspect_ratio: '16:9' } }
const april: SimulatorOptions = { recordDialect: 'april' }

const kieRecord = (end: boolean) => async (simulator: Simulator) => {
  const taskId = textAt((await createKieTask(simulator, market)).json, 'data.taskId')
  if (end) simulator.finish(taskId)
  return queryKieTask(simulator, taskId)
}

const legacy = (family: string, body: object, end: boolean) => async (simulator: Simulator) => {
  const taskId = textAt((await call(`${simulator.kieUrl}/api/v1/${family}/generate`, { body })).json, 'data.taskId')
  if (end) simulator.finish(taskId)
  return call(`${simulator.kieUrl}/api/v1/${family}/record-info?taskId=${taskId}`)
}

const defapiRecord = (end: boolean) => async (simulator: Simulator) => {
  const taskId = textAt((await createDefapiTask(simulator)).json, 'data.task_id')
  if (end) simulator.finish(taskId)
  return queryDefapiTask(simulator, taskId)
}

interface Row {
  file: string
  id: string
  reply: (simulator: Simulator) => Promise<{ status: number; json: unknown }>
  options?: SimulatorOptions
  fault?: FaultRule
}

const rows: Row[] = [
  { file: 'kie/submit-replies', id: 'market-created', reply: (simulator) => createKieTask(simulator, market) },
  {
    file: 'kie/submit-replies',
    id: 'gpt4o-created',
    reply: (simulator) => call(`${simulator.kieUrl}/api/v1/gpt4o-image/generate`, { body: { size: '1:1', prompt: 'x' } }),
  },
  {
    file: 'kie/submit-replies',
    id: 'kontext-created',
    reply: (simulator) => call(`${simulator.kieUrl}/api/v1/flux/kontext/generate`, { body: { prompt: 'x' } }),
  },
  { file: 'kie/query-replies', id: 'market-generating', reply: kieRecord(false), options: april },
  { file: 'kie/query-replies', id: 'market-generating-with-credits', reply: kieRecord(false) },
  { file: 'kie/query-replies', id: 'market-success', reply: kieRecord(true), options: april },
  { file: 'kie/query-replies', id: 'market-success-september', reply: kieRecord(true) },
  // No failed market record: none was ever recorded, and the docs leave open whether resultJson is null or empty then.
  { file: 'kie/query-replies', id: 'market-not-found', reply: (simulator) => queryKieTask(simulator, 'nobody') },
  { file: 'kie/query-replies', id: 'market-null-record', reply: kieRecord(false), fault: { fault: 'null_data', on: 'query' } },
  { file: 'kie/query-replies', id: 'gpt4o-generating', reply: legacy('gpt4o-image', { size: '1:1', prompt: 'x' }, false) },
  { file: 'kie/query-replies', id: 'gpt4o-success', reply: legacy('gpt4o-image', { size: '1:1', prompt: 'x' }, true) },
  {
    file: 'kie/query-replies',
    id: 'gpt4o-policy',
    reply: legacy('gpt4o-image', { size: '1:1', prompt: 'x' }, true),
    fault: { fault: 'content_refusal' },
  },
  { file: 'kie/query-replies', id: 'kontext-generating', reply: legacy('flux/kontext', { prompt: 'x' }, false) },
  { file: 'kie/query-replies', id: 'kontext-success', reply: legacy('flux/kontext', { prompt: 'x' }, true), options: april },
  { file: 'kie/balance-replies', id: 'balance', reply: (simulator) => call(`${simulator.kieUrl}/api/v1/chat/credit`) },
  { file: 'defapi/submit-replies', id: 'created', reply: (simulator) => createDefapiTask(simulator) },
  {
    file: 'defapi/submit-replies',
    id: 'bad-key',
    reply: (simulator) => createDefapiTask(simulator),
    options: { defapiKeys: [] },
  },
  { file: 'defapi/query-replies', id: 'pending', reply: defapiRecord(false) },
  { file: 'defapi/query-replies', id: 'success', reply: defapiRecord(true) },
  { file: 'defapi/query-replies', id: 'success-empty-by-policy', reply: defapiRecord(true), fault: { fault: 'content_refusal' } },
  { file: 'defapi/query-replies', id: 'not-found', reply: (simulator) => queryDefapiTask(simulator, 'nobody') },
]

for (const { file, id, reply, options, fault } of rows) {
  test(`${file}: ${id}`, async (t) => {
    const simulator = await startTestSimulator(t, {
      pictureMs: 60_000,
      ...options,
      ...(fault === undefined ? {} : { faults: [fault] }),
    })
    const known = fixture(file, id)
    const { status, json } = await reply(simulator)
    assert.equal(status, known.httpStatus)
    assert.deepEqual(shapeOf(json), shapeOf(known.body))
  })
}

const callbacks: { id: string; path: string; body: object; fault?: FaultRule; more?: string[] }[] = [
  // The newest docs call failCode and failMsg required; the older sample of a success lacks them.
  {
    id: 'market-success',
    path: '/api/v1/jobs/createTask',
    body: { model: 'google/nano-banana', input: { prompt: 'x' } },
    more: ['failCode', 'failMsg'],
  },
  {
    id: 'market-failure',
    path: '/api/v1/jobs/createTask',
    body: { model: 'google/nano-banana', input: { prompt: 'x' } },
    fault: { fault: 'task_failed' },
  },
  { id: 'gpt4o-success', path: '/api/v1/gpt4o-image/generate', body: { size: '1:1', prompt: 'x' } },
  {
    id: 'gpt4o-failure',
    path: '/api/v1/gpt4o-image/generate',
    body: { size: '1:1', prompt: 'x' },
    fault: { fault: 'content_refusal' },
  },
  { id: 'kontext-success', path: '/api/v1/flux/kontext/generate', body: { prompt: 'x' } },
  { id: 'kontext-failure', path: '/api/v1/flux/kontext/generate', body: { prompt: 'x' }, fault: { fault: 'content_refusal' } },
]

for (const { id, path, body, fault, more = [] } of callbacks) {
  test(`kie/callbacks: ${id}`, async (t) => {
    const sink = await startCallbackSink(t)
    const simulator = await startTestSimulator(t, fault === undefined ? {} : { faults: [fault] })
    await call(`${simulator.kieUrl}${path}`, { body: { ...body, callBackUrl: sink.url } })
    const sent = await eventually(() => sink.received[0]?.json ?? assert.fail('no callback'))
    const known = fixture('kie/callbacks', id).body
    const membersOf = (value: unknown): string[] =>
      Object.keys(at(value, 'data') ?? {})
        .filter((name) => !more.includes(name))
        .sort()
    assert.deepEqual(membersOf(sent), membersOf(known))
    assert.deepEqual(shapeOf(at(sent, 'data.info')), shapeOf(at(known, 'data.info')))
    for (const name of ['costTime', 'completeTime', 'resultJson', 'failCode', 'state']) {
      if (!more.includes(name)) assert.deepEqual(shapeOf(at(sent, `data.${name}`)), shapeOf(at(known, `data.${name}`)), name)
    }
    assert.equal(typeof at(sent, 'msg'), 'string')
    assert.equal(at(sent, 'code'), at(known, 'code'))
  })
}
