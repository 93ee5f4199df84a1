// The ledger goes away around the paid POST: nothing is paid without it, and nothing that was paid is forgotten.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { eventually } from '../helpers/eventually.ts'
import { keepHistory } from '../helpers/histories.ts'
import { startService } from '../helpers/service.ts'
import { startLedgerProxy, startWorkerProcess } from '../helpers/worker-process.ts'

const service = await startService({ after }, { workers: false, timings: { attemptDeadlineMs: 30_000 } })

describe('the ledger away', { concurrency: 1, timeout: 240_000 }, () => {
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
