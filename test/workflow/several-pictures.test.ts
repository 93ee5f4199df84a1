// Several pictures of one generation, on a real server with activities of the test's own: who is asked for what, what is kept, and what
// is paid at most.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { WorkflowFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import type { Closing } from '../../src/activities/index.ts'
import { submitRefused } from '../../src/activities/to-application-failure.ts'
import type { AttemptInput, AttemptStanding, AwaitInput, StoreInput, SubmitInput } from '../../src/activities/types.ts'
import { eventually } from '../helpers/eventually.ts'
import { keepHistory } from '../helpers/histories.ts'
import { generation, pendingForAMinute, standing, workflowRig } from '../helpers/workflow-rig.ts'

const rig = await workflowRig({ after })

interface Provider {
  submitted: SubmitInput[]
  /** what the provider says, by `item/attempt`; else it is still at work */
  says: Map<string, AttemptStanding>
  storedItems: string[]
  stored: StoreInput[]
  closed: Closing[]
  fakes: Parameters<typeof rig.start>[0]
}

const nameOf = ({ ref: { item, attempt } }: AttemptInput): string => `${item}/${attempt}`

function provider(): Provider {
  const seen: Omit<Provider, 'fakes'> = { submitted: [], says: new Map(), storedItems: [], stored: [], closed: [] }
  return {
    ...seen,
    fakes: {
      submitTask: async (input: SubmitInput) => {
        seen.submitted.push(input)
        return standing('accepted', { providerTaskId: `task-${nameOf(input)}` })
      },
      awaitTask: async (input: AwaitInput) => seen.says.get(nameOf(input)) ?? pendingForAMinute(),
      storeItem: async (input: AttemptInput) => {
        seen.storedItems.push(nameOf(input))
      },
      storeImages: async (input: StoreInput) => {
        seen.stored.push(input)
        return generation(input.ref.generationId, 'completed')
      },
      closeGeneration: async ({ generationId, closing }) => {
        seen.closed.push(closing)
        return { ...generation(generationId, closing.status), failure: closing.failure }
      },
    },
  }
}

const attemptDeadlineMs = 2_500
const succeeded = standing('succeeded')
const asked = (inputs: SubmitInput[]): string[] => inputs.map((input) => `${nameOf(input)} at ${input.entry}`).toSorted()

describe('several pictures', { concurrency: 4, timeout: 240_000 }, () => {
  test('one task for all of them, where the provider has one', async () => {
    const { submitted, says, stored, fakes } = provider()
    says.set('0/1', succeeded)
    const run = await rig.start(fakes, { count: 4, whole: ['kie'] })
    await run.wake()
    assert.equal((await run.handle.result()).status, 'completed')
    assert.deepEqual([asked(submitted), submitted[0]?.pictures], [['0/1 at 0'], 4])
    assert.equal(stored[0]?.pictures, 4)
    await keepHistory(run.handle, 'several-in-one-task')
  })

  test('else one task for each, all at once; each is stored as it comes, by the wake of its own', async () => {
    const { submitted, says, storedItems, closed, fakes } = provider()
    const run = await rig.start(fakes, { count: 3 })
    await eventually(() => assert.deepEqual(asked(submitted), ['0/1 at 0', '1/1 at 0', '2/1 at 0']))
    for (const item of [2, 0]) {
      says.set(`${item}/1`, succeeded)
      await run.wake(1, item)
      await eventually(() => assert.equal(storedItems.at(-1), `${item}/1`))
    }
    says.set('1/1', succeeded)
    await run.wake(1, 1)
    await run.handle.result()
    assert.deepEqual(storedItems, ['2/1', '0/1', '1/1'])
    const [closing] = closed
    assert.deepEqual(
      [closing?.status, closing?.servedByItem ?? 0, closing?.servedByAttempt, closing?.itemFailures, closing?.left],
      ['completed', 0, 1, undefined, []],
    )
    await keepHistory(run.handle, 'several-by-items')
  })

  test('what failed is named, what came is kept', async () => {
    const { submitted, says, storedItems, closed, fakes } = provider()
    says.set('0/1', standing('failed', { reason: 'content_policy', message: 'not this one', provenFree: true }))
    says.set('1/1', standing('failed', { reason: 'provider_fault', message: 'broken', provenFree: true }))
    says.set('1/2', succeeded)
    const run = await rig.start(fakes, { count: 2, limits: { firstPollAfterMs: 50 } })
    assert.equal((await run.handle.result()).status, 'completed')
    assert.deepEqual(asked(submitted), ['0/1 at 0', '1/1 at 0', '1/2 at 1'], 'a refused content is not asked for elsewhere')
    assert.deepEqual(storedItems, ['1/2'])
    const [closing] = closed
    assert.deepEqual([closing?.servedByItem, closing?.servedByAttempt], [1, 2])
    assert.deepEqual(closing?.itemFailures, [{ item: 0, type: 'ContentRefused', message: 'kie: not this one', provider: 'kie' }])
    const decisions = closing?.decisions.map(({ decision }) => decision) ?? []
    for (const told of [
      'ask item by item: kie',
      'item 0: give up: ContentRefused',
      'item 1: ask defapi',
      'end with what is stored',
    ])
      assert.ok(decisions.includes(told), `${told} is missing in ${decisions.join(', ')}`)
    await keepHistory(run.handle, 'several-in-part')
  })

  test('none came: the generation fails with the reason of the first, and names them all', async () => {
    const { closed, fakes } = provider()
    const run = await rig.start(
      {
        ...fakes,
        submitTask: async ({ ref }) => {
          throw submitRefused('invalid_input', `item ${ref.item} is refused`)
        },
      },
      { count: 2 },
    )
    await assert.rejects(run.handle.result(), (error) => {
      assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure)
      assert.deepEqual(
        [error.cause.type, error.cause.message],
        ['InputRefused', 'none of 2 items got a picture: kie: item 0 is refused'],
      )
      return true
    })
    assert.deepEqual(
      closed[0]?.itemFailures?.map(({ item, type }) => [item, type]),
      [
        [0, 'InputRefused'],
        [1, 'InputRefused'],
      ],
    )
    await keepHistory(run.handle, 'several-and-none')
  })

  test('a task for all of them that fails is followed by one for each where the next provider has no such task', async () => {
    const { submitted, says, closed, fakes } = provider()
    says.set('0/1', standing('failed', { reason: 'provider_fault', provenFree: true }))
    for (const name of ['0/2', '1/2', '2/2']) says.set(name, succeeded)
    const run = await rig.start(fakes, { count: 3, whole: ['kie'], limits: { firstPollAfterMs: 50 } })
    await run.handle.result()
    assert.deepEqual(asked(submitted), ['0/1 at 0', '0/2 at 1', '1/2 at 1', '2/2 at 1'])
    assert.deepEqual(
      submitted.map(({ pictures }) => pictures),
      [3, undefined, undefined, undefined],
    )
    assert.deepEqual([closed[0]?.servedByAttempt, closed[0]?.itemFailures], [2, undefined])
    await keepHistory(run.handle, 'several-split-by-fallback')
  })

  test('a task for all of them that was left behind delivers after all: its pictures are used, and what the items have open is left', async () => {
    const { submitted, says, stored, fakes } = provider()
    const run = await rig.start(fakes, { count: 3, whole: ['kie'], attemptDeadlineMs })
    await eventually(() => assert.equal(submitted.length, 4))
    for (const { left, ref } of submitted.slice(1)) {
      assert.deepEqual(
        left.map(({ item, attempt, outcome }) => [item, attempt, outcome]),
        [[0, 1, 'overdue']],
        `marked before item ${ref.item} was paid (I3)`,
      )
    }
    says.set('0/1', succeeded)
    await run.wake(1, 0)
    assert.equal((await run.handle.result()).status, 'completed')
    const [input] = stored
    assert.deepEqual([input?.ref.item, input?.ref.attempt, input?.pictures], [0, 1, 3])
    assert.deepEqual(input?.closing.left.map(({ item, attempt }) => `${item}/${attempt}`).toSorted(), ['0/2', '1/2', '2/2'])
    await keepHistory(run.handle, 'several-late-success-of-all')
  })

  test('a cost limit holds for all of them together', async () => {
    const { submitted, says, closed, fakes } = provider()
    // Three at 0.02; one more fits, and a second fallback would not.
    for (const item of [0, 1, 2]) says.set(`${item}/1`, standing('failed', { reason: 'provider_fault' }))
    for (const item of [0, 1, 2]) says.set(`${item}/2`, succeeded)
    const run = await rig.start(fakes, { count: 3, limits: { firstPollAfterMs: 50 }, policy: { maxCostUsd: 0.081 } })
    await run.handle.result()
    assert.equal(submitted.length, 4)
    assert.deepEqual(
      closed[0]?.itemFailures?.map(({ type }) => type),
      ['CostLimitReached', 'CostLimitReached'],
    )
    await keepHistory(run.handle, 'several-within-a-limit')
  })

  test('who takes more for all of them than the limit is passed over, and the next one is asked', async () => {
    const { submitted, says, closed, fakes } = provider()
    for (const item of [0, 1]) says.set(`${item}/1`, succeeded)
    // 0.05 for both in one task, 0.02 for each by itself.
    const planned = { count: 2, whole: ['kie' as const], limits: { firstPollAfterMs: 50 }, policy: { maxCostUsd: 0.045 } }
    const run = await rig.start(fakes, planned)
    assert.equal((await run.handle.result()).status, 'completed')
    assert.deepEqual(asked(submitted), ['0/1 at 1', '1/1 at 1'])
    const why = closed[0]?.decisions.map(({ because }) => because).join()
    assert.match(why ?? '', /google\/nano-banana at kie would cost more than maxCostUsd allows/)
    await keepHistory(run.handle, 'several-passed-over')
  })

  test('a cost limit below all of them together asks for none', async () => {
    const { submitted, fakes } = provider()
    const run = await rig.start(fakes, { count: 3, policy: { maxCostUsd: 0.05 } })
    await assert.rejects(run.handle.result(), (error) => {
      assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure)
      return error.cause.type === 'CostLimitReached'
    })
    assert.deepEqual(submitted, [])
  })

  test('a cancel leaves what is open and keeps what is stored', async () => {
    const { submitted, says, storedItems, closed, fakes } = provider()
    says.set('1/1', succeeded)
    const run = await rig.start(fakes, { count: 3 })
    await eventually(() => assert.equal(submitted.length, 3))
    await run.wake(1, 1)
    await eventually(() => assert.deepEqual(storedItems, ['1/1']))
    await run.handle.cancel()
    await assert.rejects(run.handle.result())
    assert.deepEqual(
      [closed[0]?.status, closed[0]?.left.map(({ item, outcome }) => [item, outcome])],
      [
        'cancelled',
        [
          [0, 'cancelled'],
          [2, 'cancelled'],
        ],
      ],
    )
    await keepHistory(run.handle, 'several-cancelled')
  })

  test('a task for all that cannot be fetched does not take along what items have stored', async () => {
    const { submitted, says, storedItems, closed, fakes } = provider()
    const run = await rig.start(
      {
        ...fakes,
        storeImages: async () => {
          throw ApplicationFailure.create({ type: 'ResultUnavailable', message: 'every link is dead', nonRetryable: true })
        },
      },
      { count: 3, whole: ['kie'], attemptDeadlineMs },
    )
    await eventually(() => assert.equal(submitted.length, 4))
    says.set('1/2', succeeded)
    await run.wake(2, 1)
    await eventually(() => assert.deepEqual(storedItems, ['1/2']))
    says.set('0/1', succeeded)
    await run.wake(1, 0)
    assert.equal((await run.handle.result()).status, 'completed')
    const [closing] = closed
    assert.deepEqual([closing?.servedByItem, closing?.servedByAttempt], [1, 2])
    assert.deepEqual(
      closing?.itemFailures?.map(({ item, type }) => [item, type]),
      [
        [0, 'ResultUnavailable'],
        [2, 'ResultUnavailable'],
      ],
    )
    await keepHistory(run.handle, 'several-unfetched')
  })

  test('the fidelity is that of the picture that differs most', async () => {
    const { says, closed, fakes } = provider()
    says.set('0/1', succeeded)
    says.set('1/1', standing('failed', { reason: 'provider_fault', provenFree: true }))
    says.set('1/2', succeeded)
    const run = await rig.start(fakes, { count: 2, degraded: ['defapi'], limits: { firstPollAfterMs: 50 } })
    await run.handle.result()
    assert.deepEqual([closed[0]?.fidelity?.level, closed[0]?.fidelity?.changes.length], ['degraded', 1])
  })

  test('of a task for several, pictures that can be had are kept when one cannot', async () => {
    const { says, fakes } = provider()
    says.set('0/1', succeeded)
    const partial: (boolean | undefined)[] = []
    const run = await rig.start(
      {
        ...fakes,
        storeImages: async (input: StoreInput) => {
          partial.push(input.partial)
          if (input.partial === true) return generation(input.ref.generationId, 'completed')
          throw ApplicationFailure.create({ type: 'ResultUnavailable', message: 'one link is dead', nonRetryable: true })
        },
      },
      { count: 4, whole: ['kie'] },
    )
    await run.wake()
    assert.equal((await run.handle.result()).status, 'completed')
    assert.deepEqual(partial, [undefined, true])
  })
})
