// The simulator's own books, limits and clock, and its control endpoints.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { documentedRateLimit } from '../../src/simulator/options.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import { startCallbackSink, startTestSimulator } from '../helpers/simulator.ts'
import { eventually } from '../helpers/eventually.ts'
import {
  at,
  call,
  createDefapiTask,
  createdKieId,
  createKieTask,
  endedKieRecord,
  failureCode,
  finishedLink,
  linksOf,
  queryKieTask,
  textAt,
} from './client.ts'

test('an entry says what was made, charged, asked and fetched', async (t) => {
  const simulator = await startTestSimulator(t)
  const sink = await startCallbackSink(t)
  const taskId = await createdKieId(simulator, {
    prompt: 'a red fox',
    model: 'nano-banana-2',
    input: { resolution: '4K' },
    callBackUrl: sink.url,
  })
  const link = linksOf(await endedKieRecord(simulator, taskId))[0] ?? ''
  await call(link)
  await call(link)
  await eventually(() => assert.equal(simulator.ledger()[0]?.callbacks[0]?.status, 200))
  const queries = simulator.requests().filter(({ point }) => point === 'query').length
  const { createdAtMs, finishedAtMs, callbacks, keyFingerprint, ...entry } = simulator.ledger()[0] ?? assert.fail()
  assert.deepEqual(entry, {
    provider: 'kie',
    taskId,
    model: 'nano-banana-2',
    api: 'market',
    prompt: 'a red fox',
    state: 'succeeded',
    credits: 18,
    usd: 0.09,
    refunded: false,
    references: [],
    hasCallbackUrl: true,
    reply: 'answered',
    queries,
    downloads: 2,
  })
  assert.ok((finishedAtMs ?? 0) >= createdAtMs)
  assert.deepEqual(
    callbacks.map(({ kind, status }) => [kind, status]),
    [['genuine', 200]],
  )
  assert.match(keyFingerprint, /^[0-9a-f]{12}$/)
})

test('every submit makes and charges a task of its own: nothing is idempotent', async (t) => {
  const simulator = await startTestSimulator(t, { startingCredits: { kieCredits: 100 } })
  const ids = await Promise.all([1, 2, 3].map(() => createdKieId(simulator)))
  assert.equal(new Set(ids).size, 3)
  assert.equal(at((await call(`${simulator.kieUrl}/api/v1/chat/credit`)).json, 'data'), 88)
})

test('who cannot pay gets no task; what fails is paid back', async (t) => {
  const simulator = await startTestSimulator(t, { pictureMs: 60_000, startingCredits: { kieCredits: 5, defapiUsd: 0.01 } })
  const failing = await createdKieId(simulator, { prompt: '[[fault:task_failed]]' })
  assert.equal(at((await createKieTask(simulator)).json, 'code'), 402)
  simulator.finish(failing)
  assert.equal(at((await createKieTask(simulator)).json, 'code'), 200)
  assert.equal((await createDefapiTask(simulator)).status, 402)
  assert.deepEqual(
    simulator.ledger().map(({ refunded }) => refunded),
    [true, false],
  )
})

test('the documented limits refuse the 21st create and the 11th query, per key', async (t) => {
  const simulator = await startTestSimulator(t, { rateLimit: documentedRateLimit })
  const creates = await Promise.all(Array.from({ length: 22 }, () => createKieTask(simulator)))
  const codes = creates.map(({ json }) => at(json, 'code'))
  assert.deepEqual([codes.filter((code) => code === 200).length, codes.filter((code) => code === 429).length], [20, 2])
  assert.equal(simulator.ledger().length, 20)
  const taskId = simulator.ledger()[0]?.taskId ?? ''
  const queries = await Promise.all(Array.from({ length: 40 }, () => queryKieTask(simulator, taskId)))
  assert.ok(queries.filter(({ json }) => at(json, 'code') === 429).length >= 1)
  assert.equal(at((await createKieTask(simulator, {}, { key: 'another' })).json, 'code'), 200)
})

test('limits are off unless asked for', async (t) => {
  const simulator = await startTestSimulator(t)
  const creates = await Promise.all(Array.from({ length: 30 }, () => createKieTask(simulator)))
  assert.ok(creates.every(({ json }) => at(json, 'code') === 200))
})

test('one seed gives the same ids, durations and bytes; another gives others', async (t) => {
  const run = async (seed: number): Promise<unknown[]> => {
    const simulator = await startTestSimulator(t, { seed, pictureMs: { minMs: 1, maxMs: 40 } })
    const link = await finishedLink(simulator)
    const { text } = await call(link)
    return [new URL(link).pathname, text]
  }
  const [first, second, third] = [await run(5), await run(5), await run(6)]
  assert.deepEqual(first, second)
  assert.notDeepEqual(first, third)
})

test('without a seed, a restarted simulator does not hand out old ids', async (t) => {
  const ids = []
  for (let run = 0; run < 2; run += 1) {
    const simulator = await startSimulator({ pictureMs: 1 })
    t.after(() => simulator.close())
    ids.push(await createdKieId(simulator))
  }
  assert.notEqual(ids[0], ids[1])
})

test('result links are dead before the end and after their time', async (t) => {
  const simulator = await startTestSimulator(t, { pictureMs: 60_000, resultTtlMs: 500 })
  const taskId = await createdKieId(simulator)
  const link = `${simulator.filesUrl}/files/${taskId}_0.png`
  assert.equal((await call(link)).status, 404)
  simulator.finish(taskId)
  assert.equal((await call(link)).status, 200)
  await eventually(async () => assert.equal((await call(link)).status, 404))
})

test('a skewed clock shows in what the provider says, not in the ledger', async (t) => {
  const simulator = await startTestSimulator(t, { clockSkewMs: 200_000 })
  const taskId = await createdKieId(simulator)
  const createTime = Number(at((await queryKieTask(simulator, taskId)).json, 'data.createTime'))
  assert.equal(createTime - (simulator.ledger()[0]?.createdAtMs ?? 0), 200_000)
})

test('the request log has every request with what struck it', async (t) => {
  const simulator = await startTestSimulator(t, { faults: [{ id: 'gate', on: 'submit', fault: 'http_502', times: 1 }] })
  await createKieTask(simulator)
  const taskId = await createdKieId(simulator)
  await call(`${simulator.kieUrl}/nowhere`)
  assert.deepEqual(
    simulator.requests().map(({ point, status, taskId: id, faults }) => [point, status, id, faults]),
    [
      ['submit', 502, null, ['gate']],
      ['submit', 200, taskId, []],
      [null, 404, null, []],
    ],
  )
})

test('the control endpoints drive everything from another process', async (t) => {
  const simulator = await startTestSimulator(t, { pictureMs: 60_000 })
  const control = (path: string): string => `${simulator.url}/__simulator/${path}`
  const remove = (path: string): Promise<Response> => fetch(control(path), { method: 'DELETE' })
  const health = await call(control('health'))
  assert.equal(at(health.json, 'kieUrl'), simulator.kieUrl)
  const added = await call(control('faults'), {
    body: [
      { id: 'a', fault: 'stuck' },
      { id: 'b', provider: 'kie', fault: 'down' },
    ],
  })
  assert.equal(added.status, 201)
  assert.deepEqual(at(added.json, 'ids'), ['a', 'b'])
  assert.equal(await failureCode(createKieTask(simulator)), 'ECONNREFUSED')
  assert.equal((await remove('faults/b')).status, 200)
  assert.equal((await remove('faults/b')).status, 404)
  const taskId = await createdKieId(simulator)
  assert.equal(at((await call(control('faults'))).json, 'counts.a'), 1)
  assert.equal((await call(control(`finish/${taskId}`), { body: {} })).status, 200)
  assert.equal((await call(control(`finish/${taskId}`), { body: {} })).status, 404)
  assert.equal(at((await call(control('ledger'))).json, 'entries.0.state'), 'succeeded')
  assert.equal(at((await call(control('requests'))).json, 'requests.0.taskId'), taskId)
  const refused = await call(control('faults'), { body: { fault: 'nonsense' } })
  assert.equal(refused.status, 400)
  assert.match(textAt(refused.json, 'error'), /unknown fault "nonsense"/)
  assert.equal((await call(control('reset'), { body: {} })).status, 200)
  assert.deepEqual([simulator.ledger(), simulator.faults(), simulator.faultCounts(), simulator.requests()], [[], [], {}, []])
  assert.equal((await call(control('else'))).status, 404)
})

test('closing ends running tasks, held replies and listeners', async (t) => {
  const sink = await startCallbackSink(t)
  const simulator = await startSimulator({ pictureMs: 50, faults: [{ fault: 'timeout', on: 'query' }] })
  t.after(() => simulator.close())
  const taskId = await createdKieId(simulator, { callBackUrl: sink.url })
  const held = failureCode(queryKieTask(simulator, taskId))
  await eventually(() => assert.equal(simulator.ledger()[0]?.queries, 1))
  await simulator.close()
  assert.match(await held, /UND_ERR_SOCKET|ECONNRESET/)
  assert.equal(await failureCode(fetch(simulator.url)), 'ECONNREFUSED')
})

test('fixed ports are taken in a row, and a taken one is an error that leaves nothing open', async (t) => {
  const first = await startTestSimulator(t)
  const port = Number(new URL(first.kieUrl).port)
  await assert.rejects(startSimulator({ port: port - 2 }), /EADDRINUSE/)
})
