// Workers that are frozen before the paid POST and woken when their time is over: they must not pay (I3).
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { keepHistory } from '../helpers/histories.ts'
import { startService } from '../helpers/service.ts'
import { startWorkerProcess } from '../helpers/worker-process.ts'

const service = await startService({ after }, { workers: false })
await startWorkerProcess({ after }, service.workerInput, [], 'all but submit to kie')

/** POSTs that reached Kie's submit endpoint. */
const submitsAtKie = (): number =>
  service.simulator.requests().filter(({ provider, point }) => provider === 'kie' && point === 'submit').length

describe('frozen before the paid POST', { concurrency: 1, timeout: 240_000 }, () => {
  test('SIGSTOP between claim and POST, woken after the fallback was paid: it does not pay', async (t) => {
    const before = submitsAtKie()
    const frozen = await startWorkerProcess(
      t,
      service.workerInput,
      [{ point: 'submit.sending', activityTry: 1, action: 'stop' }],
      'submit to kie',
    )
    const id = await service.create({ model: 'nano-banana', prompt: 'frozen before the POST' })
    await frozen.reached('submit.sending')
    await startWorkerProcess(t, service.workerInput, [], 'submit to kie')
    const generation = await service.ended(id)
    assert.equal(generation.servedBy?.provider, 'defapi')
    assert.equal(generation.attempts[0]?.possibleExtraCharge, true, 'a POST may have been on the wire: nobody could know')
    frozen.wake()
    // Past `provider.submit`, in the frozen process: it had its chance to pay.
    await frozen.reached('submit.posted')
    assert.equal(submitsAtKie(), before, 'no POST reached Kie')
    assert.equal(service.tasksOf(id).length, 1)
    assert.deepEqual(await service.read(id), generation, 'the end stays (I2)')
    await keepHistory(service.handle(id), 'frozen-before-post')
  })

  test('SIGSTOP before the send, woken after another run has paid: it posts nothing', async (t) => {
    const frozen = await startWorkerProcess(
      t,
      service.workerInput,
      [{ point: 'submit.claimed', activityTry: 1, action: 'stop' }],
      'submit to kie',
    )
    const id = await service.create({ model: 'nano-banana', prompt: 'frozen before the send' })
    await frozen.reached('submit.claimed')
    const other = await startWorkerProcess(t, service.workerInput, [], 'submit to kie')
    const generation = await service.ended(id)
    assert.equal(generation.servedBy?.provider, 'kie')
    other.child.kill('SIGKILL')
    await other.exited
    frozen.wake()
    // It has one slot: that it serves the next generation shows that the old run has ended.
    const next = await service.generate({ model: 'nano-banana', prompt: 'served by the one that was frozen' })
    assert.equal(next.servedBy?.provider, 'kie')
    assert.deepEqual(
      frozen.points.filter((point) => point === 'submit.sending'),
      ['submit.sending'],
      'it sent for the second generation only',
    )
    assert.equal(service.tasksOf(id).length, 1)
    await keepHistory(service.handle(id), 'frozen-before-send')
  })
})
