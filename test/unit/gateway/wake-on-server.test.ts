// The same on a real server: where a late callback goes.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { mainTaskQueue, settleAttemptWorkflowName, settlementId, type Wake } from '../../../src/contract/index.ts'
import { createGenerationStarter } from '../../../src/gateway/generation-starter.ts'
import { testTemporal } from '../../helpers/temporal.ts'
import { goodRequest } from './start-gateway.ts'

test('a late callback reaches the settlement of its attempt once the generation has ended, and nobody after that', async (t) => {
  const { client } = await testTemporal(t)
  const starter = createGenerationStarter({ client })
  const id = `gen_${randomUUID()}`
  const wake: Wake = {
    item: 0,
    attempt: 1,
    claimedTaskId: 'task-1',
    claimedState: 'success',
    receivedAt: '2026-11-22T12:00:00.000Z',
    bodySha256: 'ab',
  }
  // No worker is needed: a signal is kept by the server.
  await starter.start(id, goodRequest)
  assert.equal(await starter.signalWake(id, wake), 'signalled')
  const settlement = await client.workflow.start(settleAttemptWorkflowName, {
    workflowId: settlementId({ generationId: id, item: 0, attempt: 1 }),
    taskQueue: mainTaskQueue,
  })
  const signalsOf = async (): Promise<unknown[]> => {
    const { events } = await settlement.fetchHistory()
    return (events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? [])
  }
  assert.equal(await starter.signalWake(id, wake), 'signalled', 'as long as the generation runs, it decides')
  assert.deepEqual(await signalsOf(), [])
  await client.workflow.getHandle(id).terminate()
  assert.equal(await starter.signalWake(id, { ...wake, attempt: 2 }), 'closed', 'another attempt has no settlement')
  assert.equal(await starter.signalWake(id, wake), 'settling')
  assert.deepEqual(await signalsOf(), ['wake'])
  await settlement.terminate()
  assert.equal(await starter.signalWake(id, wake), 'closed')
})
