// The wake/poll race on a real server: whatever comes first, the picture is stored exactly once.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { notYet } from '../../src/activities/to-application-failure.ts'
import type { AttemptStanding } from '../../src/activities/types.ts'
import { countEvents } from '../chaos/histories.ts'
import { eventually } from '../helpers/eventually.ts'
import { eventNames, keepHistory } from '../helpers/histories.ts'
import { generation, pendingForAMinute, standing, workflowRig } from '../helpers/workflow-rig.ts'
import type { Running } from '../helpers/workflow-rig.ts'

/** A promise that the test resolves. */
function gate<T>(): { wait: Promise<T>; open: (value: T) => void } {
  let open: (value: T) => void = () => undefined
  const wait = new Promise<T>((resolve) => {
    open = resolve
  })
  return { wait, open }
}

const times = (calls: string[], name: string): number => calls.filter((call) => call === name).length

// One server for the whole file: each test has task queues of its own.
const rig = await workflowRig({ after })

async function assertStoredOnce({ handle, calls }: Running): Promise<string[]> {
  const result = await handle.result()
  assert.equal(result.status, 'completed')
  assert.equal(times(calls, 'storeImages'), 1)
  assert.equal(times(calls, 'submitTask'), 1)
  return eventNames(handle)
}

describe('wake or poll', { concurrency: 1, timeout: 240_000 }, () => {
  test('a wake before the submit result needs no timer', async () => {
    const submitted = gate<AttemptStanding>()
    const run = await rig.start({ submitTask: () => submitted.wait, awaitTask: async () => standing('succeeded') })
    await eventually(() => assert.equal(times(run.calls, 'submitTask'), 1))
    await run.wake()
    submitted.open(standing('accepted'))
    const events = await assertStoredOnce(run)
    assert.ok(!events.includes('TimerStarted'), events.join())
    await keepHistory(run.handle, 'wake-before-submit-result')
  })

  test('a wake in the grace time ends the grace timer', async () => {
    const run = await rig.start({ submitTask: async () => standing('accepted'), awaitTask: async () => standing('succeeded') })
    await eventually(async () => assert.equal(times(await eventNames(run.handle), 'TimerStarted'), 1))
    await run.wake()
    const events = await assertStoredOnce(run)
    assert.ok(events.includes('TimerCanceled'), events.join())
    const { events: count } = await keepHistory(run.handle, 'wake-in-grace')
    assert.ok(count <= 32, `${count} events on the callback path (I9)`)
  })

  test('a wake that carries nothing, from whoever may signal, does no harm', async () => {
    const run = await rig.start({ submitTask: async () => standing('accepted'), awaitTask: async () => standing('succeeded') })
    await eventually(async () => assert.equal(times(await eventNames(run.handle), 'TimerStarted'), 1))
    await run.handle.signal('wake')
    await run.handle.signal('wake', null)
    await run.wake()
    const events = await assertStoredOnce(run)
    assert.ok(!events.includes('WorkflowTaskFailed'), events.join())
  })

  test('a wake while the poll backs off asks again at once', async () => {
    let asked = 0
    const awaitTask = async (): Promise<AttemptStanding> => {
      asked += 1
      return asked === 1 ? pendingForAMinute() : standing('succeeded')
    }
    const run = await rig.start({ submitTask: async () => standing('accepted'), awaitTask }, { limits: { firstPollAfterMs: 1 } })
    await eventually(() => assert.equal(asked, 1))
    await run.wake()
    const events = await assertStoredOnce(run)
    assert.ok(events.includes('ActivityTaskCancelRequested'), events.join())
    await keepHistory(run.handle, 'wake-during-poll')
  })

  test('without any wake the poll finds the end, in any number of polls and no more events', async () => {
    let asked = 0
    const awaitTask = async (): Promise<AttemptStanding> => {
      asked += 1
      if (asked < 4) throw notYet('StillPending', 'still generating', 10)
      return standing('succeeded')
    }
    const run = await rig.start({ submitTask: async () => standing('accepted'), awaitTask }, { limits: { firstPollAfterMs: 1 } })
    const events = await assertStoredOnce(run)
    assert.equal(asked, 4)
    assert.ok(events.length <= 32, `${events.length} events`)
    await keepHistory(run.handle, 'poll-wins')
  })

  test('a wake that comes when the poll has found the end changes nothing, and is not the callback path (I9)', async () => {
    const stored = gate<ReturnType<typeof generation>>()
    const run = await rig.start(
      {
        submitTask: async () => standing('accepted'),
        awaitTask: async () => standing('succeeded'),
        storeImages: () => stored.wait,
      },
      { limits: { firstPollAfterMs: 1 } },
    )
    await eventually(() => assert.equal(times(run.calls, 'storeImages'), 1))
    await run.wake()
    await eventually(async () => assert.equal(times(await eventNames(run.handle), 'WorkflowTaskCompleted'), 5))
    stored.open(generation(run.handle.workflowId, 'completed'))
    const events = await assertStoredOnce(run)
    // Four more than either path alone: the signal, and a workflow task that finds nothing to do.
    assert.ok(events.length > 32, `${events.length} events`)
    assert.ok(events.includes('TimerFired'), events.join())
    const { events: counted, firedTimers } = countEvents((await run.handle.fetchHistory()).events ?? [])
    assert.deepEqual({ counted, firedTimers }, { counted: events.length, firedTimers: 1 })
  })

  test('a wake and the submit result in one activation', async () => {
    const submitted = gate<AttemptStanding>()
    const run = await rig.start({ submitTask: () => submitted.wait, awaitTask: async () => standing('succeeded') })
    await eventually(() => assert.equal(times(run.calls, 'submitTask'), 1))
    await run.pauseWorkflow()
    await run.wake()
    submitted.open(standing('accepted'))
    await eventually(async () => assert.equal(times(await eventNames(run.handle), 'ActivityTaskCompleted'), 1))
    await run.resumeWorkflow()
    await assertStoredOnce(run)
    await keepHistory(run.handle, 'wake-with-submit-result')
  })

  test('a wake and the poll result in one activation', async () => {
    const polled = gate<AttemptStanding>()
    const run = await rig.start(
      { submitTask: async () => standing('accepted'), awaitTask: () => polled.wait },
      { limits: { firstPollAfterMs: 1 } },
    )
    await eventually(() => assert.equal(times(run.calls, 'awaitTask'), 1))
    await run.pauseWorkflow()
    await run.wake()
    polled.open(standing('succeeded'))
    await eventually(async () => {
      const events = await eventNames(run.handle)
      assert.equal(times(events, 'ActivityTaskCompleted'), 2)
    })
    await run.resumeWorkflow()
    await assertStoredOnce(run)
    await keepHistory(run.handle, 'wake-with-poll-result')
  })

  test('a superseded poll that fails afterwards does not disturb the workflow', async () => {
    const first = gate<AttemptStanding>()
    const second = gate<AttemptStanding>()
    let asked = 0
    const awaitTask = async (): Promise<AttemptStanding> => {
      asked += 1
      return asked === 1 ? first.wait : second.wait
    }
    const run = await rig.start({ submitTask: async () => standing('accepted'), awaitTask }, { limits: { firstPollAfterMs: 1 } })
    await eventually(() => assert.equal(asked, 1))
    await run.wake()
    await eventually(() => assert.equal(asked, 2))
    first.open(supersededAnswer())
    second.open(standing('succeeded'))
    const events = await assertStoredOnce(run)
    assert.ok(!events.includes('WorkflowTaskFailed'), events.join())
    await keepHistory(run.handle, 'superseded-poll-fails')
  })

  test('a superseded poll that times out afterwards does not disturb the workflow', async () => {
    const never = gate<AttemptStanding>()
    const second = gate<AttemptStanding>()
    let asked = 0
    const awaitTask = async (): Promise<AttemptStanding> => {
      asked += 1
      return asked === 1 ? never.wait : second.wait
    }
    const limits = { firstPollAfterMs: 1, queryStartToCloseMs: 1_500 }
    const run = await rig.start({ submitTask: async () => standing('accepted'), awaitTask }, { limits })
    await eventually(() => assert.equal(asked, 1))
    await run.wake()
    await eventually(() => assert.equal(asked, 2))
    // The first run's start-to-close passes while the workflow lives on; the second one is run again after its own.
    await eventually(() => assert.ok(asked >= 3, 'not asked again yet'))
    second.open(standing('succeeded'))
    const events = await assertStoredOnce(run)
    assert.ok(!events.includes('WorkflowTaskFailed'), events.join())
    never.open(standing('accepted'))
    await keepHistory(run.handle, 'superseded-poll-times-out')
  })

  test('a flood of wakes costs at most ten queries', async () => {
    let asked = 0
    const awaitTask = async (): Promise<AttemptStanding> => {
      asked += 1
      return asked < 40 ? pendingForAMinute() : standing('succeeded')
    }
    const limits = { firstPollAfterMs: 1, wakeSpacingMs: 1 }
    const run = await rig.start({ submitTask: async () => standing('accepted'), awaitTask }, { limits })
    await eventually(() => assert.equal(asked, 1))
    for (let count = 1; count <= 30; count += 1) {
      await run.wake()
      if (count < 10) await eventually(() => assert.ok(asked > count, 'not asked again yet'))
    }
    await run.handle.cancel()
    await assert.rejects(run.handle.result())
    assert.equal(asked, 11, 'one poll and ten wakes')
  })

  test('a poller that ends before the deadline is not taken for a missed deadline: nothing more is paid', async () => {
    let asked = 0
    const awaitTask = async (): Promise<AttemptStanding> => {
      asked += 1
      return asked === 1 ? pendingForAMinute() : standing('succeeded')
    }
    // The pause of a minute would pass the attempt's deadline, so Temporal ends the activity at once.
    const plan = { limits: { firstPollAfterMs: 1 }, attemptDeadlineMs: 30_000 }
    const run = await rig.start({ submitTask: async () => standing('accepted'), awaitTask }, plan)
    await assertStoredOnce(run)
    assert.equal(asked, 2)
    await keepHistory(run.handle, 'poller-ends-early')
  })
})

/** The answer of a superseded run, which nobody may use: the workflow must take the second one's. */
function supersededAnswer(): AttemptStanding {
  return standing('failed', { reason: 'provider_fault' })
}
