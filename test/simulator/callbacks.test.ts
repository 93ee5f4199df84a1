// Callbacks: their bodies, signature and retries, and every way in which they go wrong.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SimulatorOptions } from '../../src/simulator/options.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { eventually } from '../helpers/eventually.ts'
import { type ReceivedCallback, startCallbackSink, startTestSimulator } from '../helpers/simulator.ts'
import {
  at,
  call,
  createDefapiTask,
  createdKieId,
  createKieTask,
  endedKieRecord,
  parseOrUndefined,
  queryKieTask,
  textAt,
} from './client.ts'

type Sink = Awaited<ReturnType<typeof startCallbackSink>>

async function started(
  t: Parameters<typeof startTestSimulator>[0],
  options: SimulatorOptions = {},
): Promise<{ simulator: Simulator; sink: Sink }> {
  const sink = await startCallbackSink(t)
  return { simulator: await startTestSimulator(t, options), sink }
}

const signatureOf = (taskId: string, callback: ReceivedCallback | undefined, key: string): boolean => {
  const timestamp = String(callback?.headers['x-webhook-timestamp'])
  const expected = createHmac('sha256', key).update(`${taskId}.${timestamp}`).digest('base64')
  return callback?.headers['x-webhook-signature'] === expected
}

test('a finished market task is called back once, with the record and the times in whole seconds', async (t) => {
  const { simulator, sink } = await started(t)
  const taskId = await createdKieId(simulator, { callBackUrl: `${sink.url}/token` })
  await eventually(() => assert.equal(sink.received.length, 1))
  const [callback] = sink.received
  assert.equal(callback?.path, '/callback/token')
  assert.equal(callback?.headers['content-type'], 'application/json')
  assert.equal(callback?.headers['x-webhook-signature'], undefined)
  assert.deepEqual(
    [at(callback?.json, 'code'), at(callback?.json, 'data.taskId'), at(callback?.json, 'data.state')],
    [200, taskId, 'success'],
  )
  assert.equal(Number(at(callback?.json, 'data.completeTime')) % 1_000, 0)
  const record = await endedKieRecord(simulator, taskId)
  assert.equal(at(callback?.json, 'data.resultJson'), at(record, 'resultJson'))
  assert.equal(textAt(parseOrUndefined(textAt(callback?.json, 'data.param')), 'callBackUrl'), `${sink.url}/token`)
})

test('a failed market task is called back with code 501', async (t) => {
  const { simulator, sink } = await started(t, { faults: [{ fault: 'task_failed', code: 422, message: 'sensitive' }] })
  await createdKieId(simulator, { callBackUrl: sink.url })
  await eventually(() => assert.equal(sink.received.length, 1))
  const body = sink.received[0]?.json
  assert.deepEqual(
    ['code', 'msg', 'data.state', 'data.failCode', 'data.failMsg', 'data.resultJson', 'data.costTime'].map((path) =>
      at(body, path),
    ),
    [501, 'Playground task failed.', 'fail', '422', 'sensitive', null, 0],
  )
})

test('4o and Kontext say a refusal in their own words', async (t) => {
  const { simulator, sink } = await started(t, { faults: [{ fault: 'content_refusal' }] })
  await call(`${simulator.kieUrl}/api/v1/gpt4o-image/generate`, { body: { size: '1:1', prompt: 'x', callBackUrl: sink.url } })
  await eventually(() => assert.equal(sink.received.length, 1))
  await call(`${simulator.kieUrl}/api/v1/flux/kontext/generate`, { body: { prompt: 'x', callBackUrl: sink.url } })
  await eventually(() => assert.equal(sink.received.length, 2))
  const [first, second] = simulator.ledger()
  assert.deepEqual(sink.received[0]?.json, {
    code: 400,
    msg: 'Your content was flagged by OpenAI as violating content policies',
    data: { taskId: first?.taskId, info: null },
  })
  assert.deepEqual(sink.received[1]?.json, {
    code: 400,
    msg: 'Your prompt was flagged by Website as violating content policies.',
    data: { taskId: second?.taskId, info: { originImageUrl: '', resultImageUrl: '' } },
  })
})

test('DefAPI sends its task flat and unsigned', async (t) => {
  const { simulator, sink } = await started(t, { webhookHmacKey: 'secret' })
  const taskId = textAt((await createDefapiTask(simulator, { callback_url: sink.url })).json, 'data.task_id')
  await eventually(() => assert.equal(sink.received.length, 1))
  const [callback] = sink.received
  assert.deepEqual([at(callback?.json, 'task_id'), at(callback?.json, 'status')], [taskId, 'success'])
  assert.match(textAt(callback?.json, 'result.0.image'), /^http/)
  assert.equal(callback?.headers['x-webhook-signature'], undefined)
})

test('with a key, Kie signs task id and time, and not the body', async (t) => {
  const { simulator, sink } = await started(t, { webhookHmacKey: 'secret' })
  const taskId = await createdKieId(simulator, { callBackUrl: sink.url })
  await eventually(() => assert.equal(sink.received.length, 1))
  assert.ok(signatureOf(taskId, sink.received[0], 'secret'))
  const ageSeconds = Date.now() / 1_000 - Number(sink.received[0]?.headers['x-webhook-timestamp'])
  assert.ok(ageSeconds >= 0 && ageSeconds < 10)
})

test('a callback that is not answered with 200 is sent again, three times at most', async (t) => {
  const sink = await startCallbackSink(t, (_callback, count) => (count === 2 ? 200 : 503))
  const stubborn = await startCallbackSink(t, () => 500)
  const simulator = await startTestSimulator(t)
  await createdKieId(simulator, { callBackUrl: sink.url })
  await createdKieId(simulator, { callBackUrl: stubborn.url })
  await eventually(() => assert.equal(stubborn.received.length, 4))
  assert.equal(sink.received.length, 2)
  const deliveries = simulator.ledger().map(({ callbacks }) => callbacks)
  assert.deepEqual(
    deliveries.map((list) => list.map(({ delivery }) => delivery)),
    [
      [1, 2],
      [1, 2, 3, 4],
    ],
  )
  // The last answer may still be on its way back.
  await eventually(() => {
    const statuses = simulator.ledger().map(({ callbacks }) => callbacks.map(({ status }) => status))
    assert.deepEqual(statuses, [
      [503, 200],
      [500, 500, 500, 500],
    ])
  })
})

test('a callback nobody takes is in the ledger with its error', async (t) => {
  const simulator = await startTestSimulator(t, { callbackRetryMs: [] })
  await createdKieId(simulator, { callBackUrl: 'http://127.0.0.1:1/nobody' })
  await eventually(() => assert.match(simulator.ledger()[0]?.callbacks[0]?.error ?? '', /ECONNREFUSED/))
})

test('drop_callback: never sent, though the task has ended', async (t) => {
  const { simulator, sink } = await started(t, { faults: [{ id: 'drop', fault: 'drop_callback', times: 1 }] })
  await endedKieRecord(simulator, await createdKieId(simulator, { callBackUrl: sink.url }))
  await createdKieId(simulator, { callBackUrl: `${sink.url}/second` })
  await eventually(() => assert.equal(sink.received.length, 1))
  assert.equal(sink.received[0]?.path, '/callback/second')
  assert.deepEqual(simulator.faultCounts(), { drop: 1 })
})

test('duplicate_callback: so many more of the same', async (t) => {
  const { simulator, sink } = await started(t, { faults: [{ fault: 'duplicate_callback', count: 9 }] })
  await createdKieId(simulator, { callBackUrl: sink.url })
  await eventually(() => assert.equal(sink.received.length, 10))
  assert.equal(new Set(sink.received.map(({ text }) => text)).size, 1)
  assert.equal(simulator.ledger()[0]?.callbacks.filter(({ kind }) => kind === 'duplicate').length, 9)
})

test('delay_callback: polling sees the end before the callback does', async (t) => {
  const { simulator, sink } = await started(t, { faults: [{ fault: 'delay_callback', delayMs: 700 }] })
  await endedKieRecord(simulator, await createdKieId(simulator, { callBackUrl: sink.url }))
  assert.equal(sink.received.length, 0)
  await eventually(() => assert.equal(sink.received.length, 1))
  assert.ok((sink.received[0]?.atMs ?? 0) - (simulator.ledger()[0]?.finishedAtMs ?? 0) >= 690)
})

test('reorder_callback: the first to end is told second', async (t) => {
  const { simulator, sink } = await started(t, { pictureMs: 60_000, faults: [{ fault: 'reorder_callback', times: 1 }] })
  const first = await createdKieId(simulator, { callBackUrl: sink.url })
  const second = await createdKieId(simulator, { callBackUrl: sink.url })
  simulator.finish(first)
  simulator.finish(second)
  await eventually(() =>
    assert.deepEqual(
      sink.received.map(({ json }) => at(json, 'data.taskId')),
      [second, first],
    ),
  )
})

test('early_callback: it arrives before the reply to its submit', async (t) => {
  let takenAtMs = Number.POSITIVE_INFINITY
  const sink = await startCallbackSink(t, async () => {
    await sleep(100)
    takenAtMs = performance.now()
    return 200
  })
  const simulator = await startTestSimulator(t, { pictureMs: 60_000, faults: [{ fault: 'early_callback' }] })
  const { json } = await createKieTask(simulator, { callBackUrl: sink.url })
  assert.ok(performance.now() >= takenAtMs, 'the reply came before the callback was taken')
  assert.equal(at(sink.received[0]?.json, 'data.taskId'), at(json, 'data.taskId'))
  assert.equal(at((await queryKieTask(simulator, textAt(json, 'data.taskId'))).json, 'data.state'), 'success')
})

test('forge_callback: a made-up success of another task while the real one runs, without a signature', async (t) => {
  const { simulator, sink } = await started(t, {
    pictureMs: 60_000,
    webhookHmacKey: 'secret',
    faults: [{ fault: 'forge_callback' }],
  })
  const taskId = await createdKieId(simulator, { callBackUrl: sink.url })
  await eventually(() => assert.equal(sink.received.length, 1))
  const [forged] = sink.received
  assert.notEqual(at(forged?.json, 'data.taskId'), taskId)
  assert.equal(at(forged?.json, 'data.state'), 'success')
  assert.match(textAt(forged?.json, 'data.resultJson'), /not-your-picture/)
  assert.equal(forged?.headers['x-webhook-signature'], undefined)
  assert.equal(at((await queryKieTask(simulator, taskId)).json, 'data.state'), 'waiting')
})

test('forge_callback: a failure of the right task with a captured signature, then the true success', async (t) => {
  const { simulator, sink } = await started(t, {
    webhookHmacKey: 'secret',
    faults: [{ fault: 'forge_callback', taskId: 'same', state: 'fail', signature: 'genuine' }],
  })
  const taskId = await createdKieId(simulator, { callBackUrl: sink.url })
  await eventually(() => assert.equal(sink.received.length, 2))
  assert.deepEqual(
    sink.received.map(({ json }) => at(json, 'data.state')),
    ['fail', 'success'],
  )
  assert.ok(sink.received.every((callback) => signatureOf(taskId, callback, 'secret')))
  assert.equal(at(await endedKieRecord(simulator, taskId), 'state'), 'success')
})

test('forge_callback: any body, a wrong signature, and in place of the real one', async (t) => {
  const { simulator, sink } = await started(t, {
    webhookHmacKey: 'secret',
    faults: [{ fault: 'forge_callback', body: '{"taskId":', signature: 'wrong', replace: true }],
  })
  const taskId = await createdKieId(simulator, { callBackUrl: sink.url })
  await endedKieRecord(simulator, taskId)
  await eventually(() => assert.equal(sink.received.length, 1))
  assert.equal(sink.received[0]?.text, '{"taskId":')
  assert.equal(typeof sink.received[0]?.headers['x-webhook-signature'], 'string')
  assert.ok(!signatureOf(taskId, sink.received[0], 'secret'))
  assert.deepEqual(
    simulator.ledger()[0]?.callbacks.map(({ kind }) => kind),
    ['forged'],
  )
})

test('forge_callback at DefAPI claims in its flat form', async (t) => {
  const { simulator, sink } = await started(t, {
    pictureMs: 60_000,
    faults: [{ fault: 'forge_callback', taskId: 'ta-evil', state: 'failed' }],
  })
  await createDefapiTask(simulator, { callback_url: sink.url })
  await eventually(() => assert.equal(sink.received.length, 1))
  assert.deepEqual([at(sink.received[0]?.json, 'task_id'), at(sink.received[0]?.json, 'status')], ['ta-evil', 'failed'])
})
