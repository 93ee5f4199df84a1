// Faults of submits and queries do what their words say, and the ledger keeps the truth about the task.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { eventually } from '../helpers/eventually.ts'
import { startTestSimulator } from '../helpers/simulator.ts'
import {
  at,
  createDefapiTask,
  createdKieId,
  createKieTask,
  endedKieRecord,
  failureCode,
  linksOf,
  parseOrUndefined,
  queryDefapiTask,
  queryKieTask,
  textAt,
} from './client.ts'
import { assertCovered, onlyTask, type Row, runRows } from './fault-rows.ts'

/** The submit fails with this code on the client's side and leaves so many tasks, answered so. */
const lostSubmit = (code: RegExp, tasks: number, reply?: string) => async (simulator: Simulator) => {
  assert.match(await failureCode(createKieTask(simulator, {}, { timeoutMs: code.test('TimeoutError') ? 300 : 5_000 })), code)
  assert.equal(simulator.ledger().length, tasks)
  if (reply !== undefined) await eventually(() => assert.equal(onlyTask(simulator).reply, reply))
}

/** The submit is answered like this and leaves so many tasks. */
const answeredSubmit =
  (expected: { status?: number; code?: number; text?: RegExp; type?: string }, tasks: number) => async (simulator: Simulator) => {
    const { status, json, text, headers } = await createKieTask(simulator)
    assert.equal(status, expected.status ?? 200)
    if (expected.code !== undefined) assert.equal(at(json, 'code'), expected.code)
    if (expected.text !== undefined) assert.match(text, expected.text)
    if (expected.type !== undefined) assert.match(headers.get('content-type') ?? '', new RegExp(expected.type))
    assert.equal(simulator.ledger().length, tasks)
  }

const rows: Row[] = [
  // transport
  {
    rule: { fault: 'latency', on: 'submit', delayMs: 150 },
    check: async (simulator) => {
      const before = performance.now()
      await createKieTask(simulator)
      assert.ok(performance.now() - before >= 145)
      assert.equal(onlyTask(simulator).reply, 'answered')
    },
  },
  {
    rule: { fault: 'latency', on: 'submit', delayMs: 60_000 },
    note: 'longer than the client waits',
    check: lostSubmit(/Timeout/, 1, 'client_left'),
  },
  { rule: { fault: 'reset_peer', on: 'submit' }, check: lostSubmit(/^ECONNRESET$/, 0) },
  { rule: { fault: 'reset_peer', on: 'submit', when: 'connect' }, check: lostSubmit(/^ECONNRESET$/, 0) },
  { rule: { fault: 'reset_peer', on: 'submit', taskMade: true }, check: lostSubmit(/^ECONNRESET$/, 1, 'reset') },
  { rule: { fault: 'reset_peer', on: 'submit', when: 'reply' }, check: lostSubmit(/ECONNRESET|UND_ERR_SOCKET/, 1, 'reset') },
  { rule: { fault: 'timeout', on: 'submit' }, check: lostSubmit(/Timeout/, 0) },
  { rule: { fault: 'timeout', on: 'submit', delayMs: 20 }, note: 'then FIN', check: lostSubmit(/UND_ERR_SOCKET|ECONNRESET/, 0) },
  { rule: { fault: 'lost_task_reply' }, check: lostSubmit(/Timeout/, 1, 'dropped') },
  {
    rule: { fault: 'limit_data', on: 'submit', bytes: 10 },
    check: lostSubmit(/UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH/, 1, 'limit_data'),
  },
  {
    rule: { fault: 'bandwidth', on: 'query', bytesPerSecond: 2_000 },
    check: async (simulator) => {
      const taskId = await createdKieId(simulator)
      const before = performance.now()
      const { text } = await queryKieTask(simulator, taskId)
      assert.ok(performance.now() - before >= (text.length / 2_000) * 500)
      assert.equal(at(parseOrUndefined(text), 'code'), 200)
    },
  },
  // HTTP
  ...[500, 502, 503, 504, 520, 524].flatMap((status): Row[] => [
    { rule: { fault: `http_${status}`, on: 'submit' }, check: answeredSubmit({ status }, 0) },
    { rule: { fault: `http_${status}`, on: 'submit', taskMade: true }, check: answeredSubmit({ status }, 1) },
  ]),
  {
    rule: { fault: 'http_429', on: 'submit', retryAfterSeconds: 7 },
    check: async (simulator) => {
      const { status, headers } = await createKieTask(simulator)
      assert.equal(status, 429)
      assert.equal(headers.get('retry-after'), '7')
    },
  },
  { rule: { fault: 'redirect', on: 'submit' }, check: answeredSubmit({ status: 302 }, 0) },
  { rule: { fault: 'html_page', on: 'submit' }, check: answeredSubmit({ text: /^<!DOCTYPE html>/, type: 'text/html' }, 0) },
  { rule: { fault: 'empty_body', on: 'submit' }, check: answeredSubmit({ text: /^$/ }, 1) },
  { rule: { fault: 'endless_body', on: 'submit', bytes: 1_000_000 }, check: answeredSubmit({ text: /^ {1000000}/ }, 1) },
  ...['malformed_json', 'truncated_json'].map((fault): Row => ({
    rule: { fault: fault === 'malformed_json' ? 'malformed_json' : 'truncated_json', on: 'submit' },
    check: async (simulator) => {
      const { status, json, text } = await createKieTask(simulator)
      assert.equal(status, 200)
      assert.equal(json, undefined)
      assert.ok(text.length > 10)
      assert.equal(onlyTask(simulator).reply, fault)
    },
  })),
  {
    rule: { fault: 'wrong_types', on: 'submit' },
    check: async (simulator) => {
      const { json } = await createKieTask(simulator)
      assert.equal(at(json, 'code'), '200')
      assert.equal(at(json, 'data.taskId'), 32)
    },
  },
  {
    rule: { fault: 'null_data', on: 'query' },
    check: async (simulator) => {
      assert.deepEqual((await queryKieTask(simulator, await createdKieId(simulator))).json, {
        code: 200,
        msg: 'success',
        data: null,
      })
    },
  },
  // body codes
  ...[401, 402, 422, 429, 433, 455, 500, 501, 505, 550].map((code): Row => ({
    rule: { fault: `code_${code}`, on: 'submit' },
    check: answeredSubmit({ status: 200, code }, 0),
  })),
  { rule: { fault: 'code_500_credits', on: 'submit' }, check: answeredSubmit({ code: 500, text: /Credits insufficient/ }, 0) },
  {
    rule: { fault: 'code_500_server_exception', on: 'submit', taskMade: true },
    check: answeredSubmit({ code: 500, text: /Server exception/ }, 1),
  },
  { rule: { fault: 'code_500', on: 'submit', message: 'own words' }, check: answeredSubmit({ code: 500, text: /own words/ }, 0) },
  { rule: { fault: 'code_429', on: 'submit', status: 429 }, check: answeredSubmit({ status: 429, code: 429 }, 0) },
  {
    rule: { fault: 'code_402_in_body', provider: 'defapi', on: 'submit' },
    check: async (simulator) => {
      const { status, json } = await createDefapiTask(simulator)
      assert.equal(status, 200)
      assert.deepEqual(json, { code: 1001, message: 'Insufficient credit' })
    },
  },
  ...(
    [
      [1007, 401],
      [402, 402],
      [429, 429],
      [400, 400],
      [500, 500],
    ] as const
  ).map(([code, status]): Row => ({
    rule: { fault: `code_${code}`, provider: 'defapi', on: 'submit' },
    check: async (simulator) => {
      assert.equal((await createDefapiTask(simulator)).status, status)
      assert.equal(simulator.ledger().length, 0)
    },
  })),
  // submit
  {
    rule: { fault: 'missing_task_id' },
    check: async (simulator) => {
      assert.deepEqual((await createKieTask(simulator)).json, { code: 200, msg: 'success', data: {} })
      assert.equal(onlyTask(simulator).reply, 'missing_task_id')
    },
  },
  {
    rule: { fault: 'wrong_task_id' },
    check: async (simulator) => {
      const named = await createdKieId(simulator)
      assert.notEqual(named, onlyTask(simulator).taskId)
      assert.equal(onlyTask(simulator).reply, 'wrong_task_id')
      assert.equal(at((await queryKieTask(simulator, named)).json, 'code'), 422)
    },
  },
  {
    rule: { fault: 'same_task_id', after: 1 },
    check: async (simulator) => {
      const first = await createdKieId(simulator)
      assert.equal(await createdKieId(simulator), first)
      assert.equal(new Set(simulator.ledger().map(({ taskId }) => taskId)).size, 2)
    },
  },
  {
    rule: { fault: 'two_task_ids' },
    check: async (simulator) => {
      const named = await createdKieId(simulator)
      const tasks = simulator.ledger()
      assert.equal(tasks.length, 2)
      assert.equal(tasks[1]?.taskId, named)
      assert.equal(tasks[0]?.reply, 'two_task_ids')
    },
  },
  // query
  {
    rule: { fault: 'not_found', durationMs: 600 },
    check: async (simulator) => {
      const taskId = await createdKieId(simulator)
      assert.equal(at((await queryKieTask(simulator, taskId)).json, 'msg'), 'recordInfo is null')
      assert.equal(at(await endedKieRecord(simulator, taskId), 'state'), 'success')
    },
  },
  {
    rule: { fault: 'unknown_state', provider: 'defapi', state: 'submitted' },
    check: async (simulator) => {
      const taskId = textAt((await createDefapiTask(simulator)).json, 'data.task_id')
      assert.equal(at((await queryDefapiTask(simulator, taskId)).json, 'data.status'), 'submitted')
    },
  },
  {
    rule: { fault: 'still_pending' },
    check: async (simulator) => {
      const taskId = await createdKieId(simulator)
      simulator.finish(taskId)
      assert.equal(at((await queryKieTask(simulator, taskId)).json, 'data.state'), 'waiting')
    },
  },
  {
    rule: { fault: 'other_task' },
    check: async (simulator) => {
      const taskId = await createdKieId(simulator)
      assert.notEqual(textAt((await queryKieTask(simulator, taskId)).json, 'data.taskId'), taskId)
    },
  },
  {
    rule: { fault: 'success_without_image', on: 'query', times: 1 },
    check: async (simulator) => {
      const taskId = await createdKieId(simulator)
      simulator.finish(taskId)
      assert.deepEqual(linksOf(at((await queryKieTask(simulator, taskId)).json, 'data')), [])
      assert.equal(linksOf(at((await queryKieTask(simulator, taskId)).json, 'data')).length, 1)
    },
  },
]

runRows(rows)

test('a reset in the middle of a reply is a RST after some bytes, not an orderly end', async (t) => {
  const simulator = await startTestSimulator(t, { faults: [{ fault: 'reset_peer', on: 'submit', when: 'reply', bytes: 30 }] })
  const { port, hostname } = new URL(simulator.kieUrl)
  const body = JSON.stringify({ model: 'google/nano-banana', input: { prompt: 'a red fox' } })
  const head = 'POST /api/v1/jobs/createTask HTTP/1.1\r\nhost: kie\r\nauthorization: Bearer k'
  // By hand, because fetch takes a reset after the headers for an end.
  const socket = connect(Number(port), hostname)
  t.after(() => socket.destroy())
  let seen = ''
  socket.on('data', (part: Buffer) => (seen += part.toString('latin1')))
  socket.write(`${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  const ending = await new Promise<string>((resolve) => {
    socket.once('end', () => resolve('FIN'))
    socket.once('error', (error) => resolve(error.message))
  })
  assert.equal(ending, 'read ECONNRESET')
  assert.ok(seen.endsWith(`\r\n\r\n${'{"code":200,"msg":"success","data":'.slice(0, 30)}`), seen)
})

test('every word for submits and queries has a row', () => assertCovered(rows, ['submit', 'query'], ['down']))
