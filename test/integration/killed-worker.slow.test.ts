// Workers that are killed around the paid POST (I3). The simulator's ledger says what was really made.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { keepHistory } from '../helpers/histories.ts'
import { startService } from '../helpers/service.ts'
import { startWorkerProcess } from '../helpers/worker-process.ts'
import { newAttempt } from '../unit/ledger/fixtures.ts'
import { makePng } from '../unit/storage/samples.ts'

// A worker that takes its time to start must not make an attempt overdue: that would be another story, with another task.
const service = await startService({ after }, { workers: false, timings: { attemptDeadlineMs: 30_000 } })

describe('killed around the paid POST', { concurrency: 1, timeout: 240_000 }, () => {
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

  test('SIGKILL while a picture is being sent: it is sent once more, for one provider task', async (t) => {
    const bytes = makePng({ width: 61, height: 7 })
    const headers = { 'content-type': 'image/png' }
    const response = await fetch(`${service.url}/v1/uploads`, { method: 'POST', body: new Uint8Array(bytes), headers })
    assert.equal(response.status, 201)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const fault = service.fault({ provider: 'kie', on: 'upload', fault: 'timeout', times: 1 })
    const dying = await startWorkerProcess(t, service.workerInput)
    const prompt = 'killed while sending a picture'
    const id = await service.create({ model: 'nano-banana', prompt, referenceImages: [`upload:${sha256}`] })
    await service.until(id, () => service.simulator.faultCounts()[fault] === 1)
    dying.child.kill('SIGKILL')
    await dying.exited
    await startWorkerProcess(t, service.workerInput)
    const generation = await service.ended(id)
    assert.equal(generation.status, 'completed', JSON.stringify(generation.failure))
    assert.equal(generation.images.length, 1)
    assert.deepEqual(
      service.tasksOf(id).map(({ provider, references }) => [provider, references]),
      [['kie', [{ kind: 'copy', sha256 }]]],
    )
    assert.equal(generation.attempts.length, 1)
    assert.equal(generation.attempts[0]?.possibleExtraCharge, false)
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

  test('SIGKILL while one of three items is stored: three pictures, three tasks', async (t) => {
    const dying = await startWorkerProcess(t, service.workerInput, [{ point: 'store.downloaded', action: 'kill' }])
    const id = await service.create({ model: 'nano-banana', prompt: 'killed among three', count: 3 })
    await dying.exited
    await startWorkerProcess(t, service.workerInput)
    const generation = await service.ended(id)
    assert.deepEqual([generation.status, generation.images.length, generation.itemFailures], ['completed', 3, []])
    assert.equal(service.tasksOf(id).length, 3)
  })

  test('a number that an earlier run gave to another entry of the route is not taken for its own', async (t) => {
    const id = await service.create({ model: 'nano-banana', prompt: 'a number that is taken' })
    // As if the story had gone another way before a reset: attempt 1 was asked of the second provider.
    await service.ledger.claimAttempt(
      newAttempt({ generationId: id, item: 0, attempt: 1 }, { provider: 'defapi', api: 'image', entry: 1 }),
      [],
    )
    await startWorkerProcess(t, service.workerInput)
    const generation = await service.ended(id)
    assert.equal(generation.status, 'completed')
    assert.deepEqual(
      generation.attempts.map(({ number, provider, state }) => [number, provider, state]),
      [
        [1, 'defapi', 'withdrawn'],
        [2, 'defapi', 'succeeded'],
      ],
    )
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
})
