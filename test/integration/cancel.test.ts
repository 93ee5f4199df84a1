// Cancellation is honoured at every step, and a paid POST is never torn off by it.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { eventually } from '../helpers/eventually.ts'
import { keepHistory } from '../helpers/histories.ts'
import { startService, unhurried } from '../helpers/service.ts'

const service = await startService({ after }, { timings: { ...unhurried, attemptDeadlineMs: 30_000 } })

describe('cancel', { concurrency: 4, timeout: 240_000 }, () => {
  test('while waiting: the generation ends as cancelled, the open task is owing', async () => {
    service.fault({ fault: 'stuck', match: { promptIncludes: 'cancel while waiting' } })
    const id = await service.create({ model: 'nano-banana', prompt: 'cancel while waiting' })
    await service.until(id, ({ status }) => status === 'waiting')
    await service.cancel(id)
    const generation = await service.ended(id)
    assert.equal(generation.status, 'cancelled')
    assert.equal(generation.attempts[0]?.state, 'abandoned')
    assert.equal(generation.attempts[0]?.outcome, 'cancelled')
    await eventually(async () => assert.equal((await service.handle(id).describe()).status.name, 'CANCELLED'))
    await keepHistory(service.handle(id), 'cancel-while-waiting')
  })

  test('while the POST is on the wire: it finishes and its task id is booked', async () => {
    service.fault({
      provider: 'kie',
      on: 'submit',
      fault: 'latency',
      delayMs: 1_000,
      match: { promptIncludes: 'cancel while sending' },
    })
    const id = await service.create({ model: 'nano-banana', prompt: 'cancel while sending' })
    await eventually(() => assert.equal(service.tasksOf(id).length, 1))
    await service.cancel(id)
    const generation = await service.ended(id)
    assert.equal(generation.status, 'cancelled')
    assert.equal(generation.attempts.length, 1)
    assert.equal(generation.attempts[0]?.providerTaskId, service.tasksOf(id)[0]?.taskId)
    await keepHistory(service.handle(id), 'cancel-while-sending')
  })

  test('between two tries of a submit: the attempt is withdrawn, nothing is paid', async () => {
    service.fault({
      provider: 'kie',
      on: 'submit',
      fault: 'code_429',
      retryAfterSeconds: 20,
      match: { promptIncludes: 'cancel between tries' },
    })
    const id = await service.create({ model: 'nano-banana', prompt: 'cancel between tries' })
    await service.until(id, ({ attempts }) => attempts[0]?.activityTries === 1 && attempts[0].state === 'claimed')
    await service.cancel(id)
    const generation = await service.ended(id)
    assert.equal(generation.status, 'cancelled')
    assert.equal(generation.attempts[0]?.state, 'withdrawn')
    assert.equal(service.tasksOf(id).length, 0)
    await keepHistory(service.handle(id), 'cancel-between-tries')
  })

  test('after the end: the end stays (I2)', async () => {
    const generation = await service.generate({ model: 'nano-banana', prompt: 'cancel too late' })
    await service.cancel(generation.id, [409, 200, 202])
    assert.equal((await service.read(generation.id)).status, 'completed')
  })
})
