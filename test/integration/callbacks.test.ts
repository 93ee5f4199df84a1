// Callbacks wake, they never decide (I12): whatever comes to the door, the provider's own answer to a query is what counts.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { WorkflowFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import type { GenerationRequest } from '../../src/contract/index.ts'
import { generateImageWorkflowName, mainTaskQueue } from '../../src/contract/index.ts'
import type { GenerateImage } from '../../src/workflows/generate-image.ts'
import { eventNames, keepHistory } from '../helpers/histories.ts'
import { startService, unhurried } from '../helpers/service.ts'

// The path by callback is measured here: a busy machine must not make it one by poll.
const timings = { ...unhurried, attemptDeadlineMs: 30_000, callbackGraceMs: 5_000 }
const service = await startService({ after }, { timings })

describe('callbacks', { concurrency: 4, timeout: 240_000 }, () => {
  test('the callback brings the picture: one task, stored bytes are the bytes of this generation', async () => {
    const generation = await service.generate({ model: 'nano-banana', prompt: 'callback path: a red fox in the snow' })
    assert.equal(generation.status, 'completed')
    assert.equal(generation.servedBy?.provider, 'kie')
    const [task] = service.tasksOf(generation.id)
    assert.equal(service.tasksOf(generation.id).length, 1)
    assert.equal(generation.servedBy?.providerTaskId, task?.taskId)
    assert.deepEqual(generation.cost, { usd: 0.02, source: 'measured' })
    assert.equal(generation.fidelity?.level, 'exact')
    // I5: the simulator writes the task id into each picture.
    const bytes = await service.imageBytes(generation.id, 0)
    assert.ok(bytes.includes(Buffer.from(task?.taskId ?? 'no task')), 'the picture carries the task id of this generation')
    const { events, sizeBytes } = await keepHistory(service.handle(generation.id), 'callback-path')
    assert.ok(events <= 32, `${events} events (I9)`)
    assert.ok(sizeBytes <= 64 * 1024, `${sizeBytes} bytes of history (I9)`)
  })

  test('a lost callback costs time, not the picture: the poll serves', async () => {
    service.fault({ fault: 'drop_callback', match: { promptIncludes: 'lost callback' } })
    const generation = await service.generate({ model: 'nano-banana', prompt: 'lost callback' })
    assert.equal(generation.status, 'completed')
    assert.equal(service.tasksOf(generation.id).length, 1)
    const events = await eventNames(service.handle(generation.id))
    assert.ok(!events.includes('WorkflowExecutionSignaled'), 'no callback came')
    await keepHistory(service.handle(generation.id), 'lost-callback')
  })

  test('a callback before the submit reply is not lost', async () => {
    service.fault({ fault: 'early_callback', delayMs: 300, match: { promptIncludes: 'early callback' } })
    const generation = await service.generate({ model: 'nano-banana', prompt: 'early callback' })
    assert.equal(generation.status, 'completed')
    assert.equal(generation.attempts[0]?.adopted, false)
    assert.equal(service.tasksOf(generation.id).length, 1)
    await keepHistory(service.handle(generation.id), 'callback-before-reply')
  })

  test('duplicate callbacks change nothing', async () => {
    service.fault({ fault: 'duplicate_callback', count: 20, delayMs: 0, match: { promptIncludes: 'duplicate callback' } })
    const generation = await service.generate({ model: 'nano-banana', prompt: 'duplicate callback' })
    assert.equal(generation.status, 'completed')
    assert.equal(service.tasksOf(generation.id).length, 1)
    assert.equal(generation.images.length, 1)
    await keepHistory(service.handle(generation.id), 'duplicate-callback')
  })

  test('a forged failure and a forged task id change nothing', async () => {
    service.fault({ fault: 'slow_task', delayMs: 1_200, match: { promptIncludes: 'forged callback' } })
    service.fault({
      fault: 'forge_callback',
      state: 'fail',
      taskId: 'same',
      delayMs: 0,
      match: { promptIncludes: 'forged callback: failure' },
    })
    service.fault({
      fault: 'forge_callback',
      taskId: '0'.repeat(32),
      delayMs: 0,
      match: { promptIncludes: 'forged callback: other task' },
    })
    const [failed, other] = await Promise.all([
      service.generate({ model: 'nano-banana', prompt: 'forged callback: failure' }),
      service.generate({ model: 'nano-banana', prompt: 'forged callback: other task' }),
    ])
    for (const generation of [failed, other]) {
      assert.equal(generation.status, 'completed')
      assert.equal(generation.attempts.length, 1)
      assert.equal(service.tasksOf(generation.id).length, 1)
      assert.equal(generation.servedBy?.providerTaskId, service.tasksOf(generation.id)[0]?.taskId)
    }
    await keepHistory(service.handle(failed.id), 'forged-callback')
  })

  test('another Temporal service starts the workflow itself, with an id of its own, and gets the generation as its result', async () => {
    const options = {
      workflowId: 'order-4711:picture.1',
      taskQueue: mainTaskQueue,
      args: [{ model: 'nano-banana', prompt: 'started without the gateway' }] as [GenerationRequest],
    }
    const generation = await service.client.workflow.execute<typeof GenerateImage>(generateImageWorkflowName, options)
    assert.equal(generation.status, 'completed')
    assert.deepEqual(await service.read(generation.id), generation, 'the same over HTTP as from the workflow')
  })

  test('a request that is not acceptable fails with its type, and nothing is sent', async () => {
    const options = {
      workflowId: 'bad-request-1',
      taskQueue: mainTaskQueue,
      args: [{ model: 'nano-banane', prompt: 'x' }] as [GenerationRequest],
    }
    await assert.rejects(
      service.client.workflow.execute<typeof GenerateImage>(generateImageWorkflowName, options),
      (error) =>
        error instanceof WorkflowFailedError &&
        error.cause instanceof ApplicationFailure &&
        error.cause.type === 'InvalidRequest',
    )
  })

  test('a token of our own making opens nothing, and a callback to it reaches neither ledger nor workflow', async () => {
    const response = await service.post('/v1/callbacks/kie/not-a-token', { code: 200, data: { taskId: 'x', state: 'success' } })
    assert.equal(response.status, 404)
  })
})
