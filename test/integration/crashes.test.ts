// Workers that die or freeze around the paid POST (I3). The simulator's ledger says what was really made.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { eventually } from '../helpers/eventually.ts'
import { keepHistory } from '../helpers/histories.ts'
import { startService } from '../helpers/service.ts'
import type { Service } from '../helpers/service.ts'
import { startLedgerProxy, startWorkerProcess } from '../helpers/worker-process.ts'

const service = await startService({ after }, { workers: false })

/** POSTs that reached the provider's submit endpoint. */
const submitsAt = ({ simulator }: Service, provider: 'kie' | 'defapi'): number =>
  simulator.requests().filter((request) => request.provider === provider && request.point === 'submit').length

describe('crashes around the paid POST', { concurrency: 1, timeout: 120_000 }, () => {
  test('SIGKILL right after the POST: one provider task, adopted through its callback', async (t) => {
    const dying = await startWorkerProcess(t, service.workerInput, [{ point: 'submit.posted', action: 'kill' }])
    const id = await service.create({ model: 'nano-banana', prompt: 'killed after the POST' })
    await dying.exited
    await startWorkerProcess(t, service.workerInput)
    const generation = await service.ended(id)
    assert.equal(generation.status, 'completed')
    assert.equal(generation.servedBy?.provider, 'kie')
    assert.equal(generation.attempts[0]?.adopted, true)
    assert.equal(service.tasksOf(id).length, 1)
    await keepHistory(service.handle(id), 'killed-after-post')
  })

  test('SIGKILL after the POST of the last activity try: one provider task all the same', async (t) => {
    const lastTry = service.timings.submitMaxTries
    service.fault({ provider: 'kie', on: 'submit', fault: 'code_429', times: lastTry - 1, match: { promptIncludes: 'last try' } })
    const dying = await startWorkerProcess(t, service.workerInput, [
      { point: 'submit.posted', activityTry: lastTry, action: 'kill' },
    ])
    const id = await service.create({ model: 'nano-banana', prompt: 'killed on the last try' })
    await dying.exited
    await startWorkerProcess(t, service.workerInput)
    const generation = await service.ended(id)
    assert.equal(generation.servedBy?.provider, 'kie')
    assert.equal(generation.attempts[0]?.adopted, true)
    assert.equal(service.tasksOf(id).length, 1)
    await keepHistory(service.handle(id), 'killed-on-last-try')
  })

  test('SIGKILL after the task id was written: the next try finds it and posts nothing', async (t) => {
    const dying = await startWorkerProcess(t, service.workerInput, [{ point: 'submit.recorded', action: 'kill' }])
    const id = await service.create({ model: 'nano-banana', prompt: 'killed after recording' })
    await dying.exited
    await startWorkerProcess(t, service.workerInput)
    const generation = await service.ended(id)
    assert.equal(generation.status, 'completed')
    assert.equal(generation.attempts[0]?.adopted, false)
    assert.equal(service.tasksOf(id).length, 1)
  })

  test('SIGKILL after the download: the picture is stored once, nothing is paid again', async (t) => {
    const dying = await startWorkerProcess(t, service.workerInput, [{ point: 'store.downloaded', action: 'kill' }])
    const id = await service.create({ model: 'nano-banana', prompt: 'killed after the download' })
    await dying.exited
    await startWorkerProcess(t, service.workerInput)
    const generation = await service.ended(id)
    assert.equal(generation.status, 'completed')
    assert.equal(generation.images.length, 1)
    assert.equal(service.tasksOf(id).length, 1)
  })

  test('SIGSTOP before the POST, woken after the fallback was paid: it does not pay', async (t) => {
    const submitsBefore = submitsAt(service, 'kie')
    const frozen = await startWorkerProcess(t, service.workerInput, [{ point: 'submit.sending', activityTry: 1, action: 'stop' }])
    const id = await service.create({ model: 'nano-banana', prompt: 'frozen before the POST' })
    await frozen.reached('submit.sending')
    await startWorkerProcess(t, service.workerInput)
    const generation = await service.ended(id)
    assert.equal(generation.servedBy?.provider, 'defapi')
    assert.equal(generation.attempts[0]?.possibleExtraCharge, true, 'a POST may have been on the wire: nobody could know')
    frozen.wake()
    // Past `provider.submit`, in the frozen process: it had its chance to pay.
    await frozen.reached('submit.posted')
    assert.equal(submitsAt(service, 'kie'), submitsBefore, 'no POST reached Kie')
    assert.equal(service.tasksOf(id).length, 1)
    assert.deepEqual(await service.read(id), generation, 'the end stays (I2)')
    await keepHistory(service.handle(id), 'frozen-before-post')
  })

  test('SIGSTOP before the claim, woken after another run has paid: it posts nothing', async (t) => {
    const frozen = await startWorkerProcess(t, service.workerInput, [{ point: 'submit.claimed', activityTry: 1, action: 'stop' }])
    const id = await service.create({ model: 'nano-banana', prompt: 'frozen before the send' })
    await frozen.reached('submit.claimed')
    await startWorkerProcess(t, service.workerInput)
    const generation = await service.ended(id)
    assert.equal(generation.servedBy?.provider, 'kie')
    frozen.wake()
    await eventually(() => assert.equal(frozen.child.connected, true))
    assert.ok(!frozen.points.includes('submit.sending'))
    assert.equal(service.tasksOf(id).length, 1)
  })

  test('the ledger is lost just after the answer: the task id is kept and written later', async (t) => {
    const proxy = await startLedgerProxy(t, service.workerInput.ledger)
    const worker = await startWorkerProcess(t, { ...service.workerInput, ledger: proxy.connection }, [
      { point: 'submit.posted', action: 'ask' },
    ])
    const id = await service.create({ model: 'nano-banana', prompt: 'ledger lost after the answer' })
    await worker.reached('submit.posted')
    proxy.cut()
    worker.go()
    // The workflow goes on although nothing could be written.
    await eventually(async () => {
      const { historyLength } = await service.handle(id).describe()
      assert.ok(historyLength > 8, `history has ${historyLength} events`)
    })
    assert.equal((await service.read(id)).attempts[0]?.providerTaskId, null)
    proxy.restore()
    const generation = await service.ended(id)
    assert.equal(generation.status, 'completed')
    assert.equal(generation.servedBy?.provider, 'kie')
    assert.equal(service.tasksOf(id).length, 1)
    await keepHistory(service.handle(id), 'ledger-lost-after-answer')
  })

  test('the ledger is away before anything was sent: nothing is paid until it is back, and then the first provider serves', async (t) => {
    const proxy = await startLedgerProxy(t, service.workerInput.ledger)
    const worker = await startWorkerProcess(t, { ...service.workerInput, ledger: proxy.connection }, [
      { point: 'submit.claimed', activityTry: 1, action: 'ask' },
    ])
    const id = await service.create({ model: 'nano-banana', prompt: 'ledger away before the send' })
    await worker.reached('submit.claimed')
    proxy.cut()
    worker.go()
    await eventually(async () => {
      const { pendingActivities } = (await service.handle(id).describe()).raw
      assert.equal(pendingActivities?.[0]?.activityType?.name, 'resolveAttempt')
    })
    assert.equal(service.tasksOf(id).length, 0)
    proxy.restore()
    const generation = await service.ended(id)
    assert.equal(generation.servedBy?.provider, 'kie')
    assert.equal(service.tasksOf(id).length, 1)
    await keepHistory(service.handle(id), 'ledger-away-before-send')
  })
})
