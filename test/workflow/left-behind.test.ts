// An attempt that is left behind is paid for: it stays watched while its successor runs, on a real server with activities of the test's own.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { ApplicationFailure } from '@temporalio/common'
import { WorkflowFailedError } from '@temporalio/client'
import type { AttemptStanding, AwaitInput, SubmitInput } from '../../src/activities/types.ts'
import type { Generation } from '../../src/contract/index.ts'
import { settlementId } from '../../src/contract/index.ts'
import { eventually } from '../helpers/eventually.ts'
import { keepHistory } from '../helpers/histories.ts'
import { generation, pendingForAMinute, standing, workflowRig } from '../helpers/workflow-rig.ts'

const rig = await workflowRig({ after })

/** The first attempt is overdue after this, and its poller ends two seconds earlier at most. */
const attemptDeadlineMs = 2_500

/** What the fakes saw, and what the provider says of each attempt. */
function provider(): {
  submitted: SubmitInput[]
  says: Map<number, AttemptStanding>
  fakes: Parameters<typeof rig.start>[0]
  stored: number[]
} {
  const submitted: SubmitInput[] = []
  const says = new Map<number, AttemptStanding>()
  const stored: number[] = []
  return {
    submitted,
    says,
    stored,
    fakes: {
      submitTask: async (input: SubmitInput) => {
        submitted.push(input)
        return standing('accepted', { providerTaskId: `task-${input.ref.attempt}` })
      },
      awaitTask: async ({ ref }: AwaitInput) => says.get(ref.attempt) ?? pendingForAMinute(),
      storeImages: async ({ ref }) => {
        stored.push(ref.attempt)
        return generation(ref.generationId, 'completed')
      },
    },
  }
}

describe('left behind', { concurrency: 4, timeout: 240_000 }, () => {
  test('the first finishes while the second works: its picture is used, and the second is left, open', async () => {
    const { submitted, says, stored, fakes } = provider()
    const run = await rig.start(fakes, { attemptDeadlineMs })
    await eventually(() => assert.equal(submitted.length, 2))
    assert.deepEqual(
      submitted[1]?.left.map(({ attempt, outcome }) => ({ attempt, outcome })),
      [{ attempt: 1, outcome: 'overdue' }],
      'marked before the second was paid (I3)',
    )
    says.set(1, standing('succeeded', { providerTaskId: 'task-1' }))
    await run.wake(1)
    assert.equal((await run.handle.result()).status, 'completed')
    assert.deepEqual(stored, [1])
    await keepHistory(run.handle, 'late-success-wins')
  })

  test('a failure of the first while the second works pays nothing and changes nothing', async () => {
    const { submitted, says, stored, fakes } = provider()
    const run = await rig.start(fakes, { attemptDeadlineMs })
    await eventually(() => assert.equal(submitted.length, 2))
    says.set(1, standing('failed', { providerTaskId: 'task-1', reason: 'provider_fault' }))
    await run.wake(1)
    await eventually(async () => {
      const view = await run.handle.query('status')
      assert.ok(JSON.stringify(view).includes('"outcome":"failed"'), JSON.stringify(view))
    })
    says.set(2, standing('succeeded', { providerTaskId: 'task-2' }))
    await run.wake(2)
    await run.handle.result()
    assert.equal(submitted.length, 2)
    assert.deepEqual(stored, [2])
    await keepHistory(run.handle, 'late-failure-is-booked')
  })

  test('the second is refused: the first is waited for until the deadline', async () => {
    const { submitted, says, stored, fakes } = provider()
    const run = await rig.start(
      {
        ...fakes,
        submitTask: async (input: SubmitInput) => {
          submitted.push(input)
          return input.ref.attempt === 1
            ? standing('accepted')
            : standing('rejected', { reason: 'content_policy', provenFree: true })
        },
      },
      { attemptDeadlineMs },
    )
    await eventually(() => assert.equal(submitted.length, 2))
    await eventually(async () => {
      const view = await run.handle.query('status')
      assert.ok(JSON.stringify(view).includes('wait on for kie'), JSON.stringify(view))
    })
    says.set(1, standing('succeeded'))
    await run.wake(1)
    await run.handle.result()
    assert.deepEqual(stored, [1])
    await keepHistory(run.handle, 'waits-on-for-the-first')
  })

  test('both stay open until the deadline: the generation fails, and each gets a settlement', async () => {
    const { fakes } = provider()
    const settled: number[] = []
    const abandoned = (id: string): Generation => ({
      ...generation(id, 'failed'),
      attempts: [1, 2].map((number) => ({
        item: 0,
        number,
        provider: 'kie',
        account: 'default',
        state: 'abandoned',
        model: 'google/nano-banana',
        pictures: 1,
        outcome: 'overdue',
        reason: 'deadline',
        message: null,
        providerTaskId: `task-${number}`,
        adopted: false,
        activityTries: 1,
        submittedAt: null,
        acceptedAt: null,
        finishedAt: null,
        calledBackAt: null,
        cost: { usd: null, credits: null, source: 'none' },
        possibleExtraCharge: true,
        verdict: null,
        settledAt: null,
        extraTasks: [],
        openClaims: 0,
      })),
    })
    const run = await rig.start(
      {
        ...fakes,
        closeGeneration: async ({ generationId }) => abandoned(generationId),
        settleAttempt: async ({ ref }) => {
          settled.push(ref.attempt)
          return { verdict: 'paid', hasSpares: false }
        },
      },
      { attemptDeadlineMs, deadlineMs: 10_000 },
    )
    await assert.rejects(run.handle.result(), (error: unknown) => {
      assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure)
      assert.equal(error.cause.type, 'DeadlineExceeded')
      return true
    })
    for (const attempt of [1, 2]) {
      const child = rig.temporal.client.workflow.getHandle(
        settlementId({ generationId: run.handle.workflowId, item: 0, attempt }),
      )
      assert.deepEqual(await child.result(), { verdict: 'paid', hasSpares: false })
      if (attempt === 1) await keepHistory(child, 'settled')
    }
    assert.deepEqual(new Set(settled), new Set([1, 2]))
    await keepHistory(run.handle, 'both-overdue')
    await keepHistory(run.handle, 'both-overdue-recorded-start')
  })

  test('in line until the turn comes, then the same attempt is sent', async () => {
    const { submitted, says, stored, fakes } = provider()
    says.set(1, standing('succeeded'))
    const busy = { because: 'window' as const, pausedBy: null, reason: null, message: 'full', pauseEndsInMs: null }
    const run = await rig.start({
      ...fakes,
      submitTask: async (input: SubmitInput) => {
        submitted.push(input)
        return submitted.length === 1 ? standing('claimed', { busy }) : standing('accepted')
      },
      waitForTurn: async () => standing('claimed'),
    })
    await eventually(() => assert.equal(submitted.length, 2))
    await run.wake(1)
    await run.handle.result()
    assert.deepEqual(
      submitted.map(({ ref }) => ref.attempt),
      [1, 1],
    )
    assert.deepEqual(stored, [1])
    await keepHistory(run.handle, 'queued-then-sent')
  })

  test('paused for maintenance: the line is left at once and the next provider is asked', async () => {
    const { submitted, says, stored, fakes } = provider()
    says.set(2, standing('succeeded'))
    const busy = {
      because: 'paused' as const,
      pausedBy: 'provider' as const,
      reason: 'maintenance' as const,
      message: 'paused: maintenance',
      pauseEndsInMs: 60_000,
    }
    const run = await rig.start({
      ...fakes,
      submitTask: async (input: SubmitInput) => {
        submitted.push(input)
        return input.ref.attempt === 1 ? standing('claimed', { busy }) : standing('accepted')
      },
    })
    await eventually(() => assert.equal(submitted.length, 2))
    await run.wake(2)
    await run.handle.result()
    assert.deepEqual(submitted[1]?.left, [], 'nothing was sent, so nothing is left behind')
    assert.deepEqual(stored, [2])
    assert.ok(run.calls.includes('withdrawAttempt'))
    await keepHistory(run.handle, 'paused-then-rerouted')
  })
})
