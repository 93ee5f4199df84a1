// A cancel that comes before there is a plan: the row is closed where there is one, and nothing is waited for where there is none.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { Context } from '@temporalio/activity'
import { WorkflowFailedError } from '@temporalio/client'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { activityFailure } from '../../src/contract/index.ts'
import { eventually } from '../helpers/eventually.ts'
import { eventNames, keepHistory } from '../helpers/histories.ts'
import { standing, workflowRig } from '../helpers/workflow-rig.ts'
import type { Running } from '../helpers/workflow-rig.ts'

const rig = await workflowRig({ after })

async function assertCancelled({ handle }: Running): Promise<void> {
  await assert.rejects(
    handle.result(),
    (error) => error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure,
  )
  assert.equal((await handle.describe()).status.name, 'CANCELLED')
}

const ledgerAway = async (): Promise<never> => {
  throw ApplicationFailure.create({ type: activityFailure.ledgerUnavailable, message: 'the ledger does not answer' })
}

describe('cancel while planning', { concurrency: 2, timeout: 240_000 }, () => {
  test('the row of the gateway is closed as cancelled', async () => {
    const run = await rig.start({ planGeneration: ledgerAway })
    await eventually(() => assert.ok(run.calls.length > 0, 'not planned yet'))
    await run.handle.cancel()
    await assertCancelled(run)
    assert.ok(run.calls.includes('closeGeneration'))
    assert.ok(!run.calls.includes('submitTask'))
    await keepHistory(run.handle, 'cancel-while-planning')
  })

  test('without a row the workflow ends all the same', async () => {
    const closeGeneration = async (): Promise<never> => {
      throw ApplicationFailure.create({ type: activityFailure.noSuchGeneration, message: 'no row', nonRetryable: true })
    }
    const run = await rig.start({ planGeneration: ledgerAway, closeGeneration })
    await eventually(() => assert.ok(run.calls.length > 0, 'not planned yet'))
    await run.handle.cancel()
    await assertCancelled(run)
  })

  test('a ledger that is away while planning is waited for, then the generation goes on', async () => {
    const run = await rig.start({
      submitTask: async () => {
        throw ApplicationFailure.create({
          type: activityFailure.submitRefused,
          message: 'no',
          nonRetryable: true,
          details: [{ reason: 'invalid_input', message: 'no' }],
        })
      },
      planGeneration: async (input) => {
        if (run.calls.length < 4) return ledgerAway()
        return rig.planFor(input.generationId)
      },
    })
    await assert.rejects(
      run.handle.result(),
      (error) =>
        error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure && error.cause.type === 'InputRefused',
    )
    await keepHistory(run.handle, 'ledger-away-while-planning')
  })

  test('local tries are counted, so that no workflow task must be prolonged for them: a regular activity waits for the ledger', async () => {
    const run = await rig.start({
      planGeneration: async ({ generationId }) => (Context.current().info.isLocal ? ledgerAway() : rig.planFor(generationId)),
      submitTask: async () => standing('accepted'),
      awaitTask: async () => standing('succeeded'),
    })
    await eventually(async () => assert.ok((await eventNames(run.handle)).includes('TimerStarted')))
    await run.wake()
    await run.handle.result()
    const events = await eventNames(run.handle)
    assert.deepEqual(events.slice(0, 6), [
      'WorkflowExecutionStarted',
      'WorkflowTaskScheduled',
      'WorkflowTaskStarted',
      'WorkflowTaskCompleted',
      'MarkerRecorded',
      'ActivityTaskScheduled',
    ])
    assert.equal(run.calls.filter((name) => name === 'planGeneration').length, 3)
  })
})
