// `temporal workflow reset` to before the submit: the workflow runs anew, the ledger row knows what was paid, and nothing is posted again (I3).
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, describe, test } from 'node:test'
import type { Generation } from '../../src/contract/index.ts'
import { settlementId } from '../../src/contract/index.ts'
import type { GenerateImage } from '../../src/workflows/generate-image.ts'
import { eventually } from '../helpers/eventually.ts'
import { keepHistory } from '../helpers/histories.ts'
import { startService, unhurried } from '../helpers/service.ts'

const service = await startService({ after }, { timings: { ...unhurried, attemptDeadlineMs: 3_000, settlePollMaxMs: 1_000 } })
const { workflowService, options } = service.client

/** To the first workflow task: planning and everything after it is done again. Answers the run that begins. */
async function resetToStart(id: string): Promise<string> {
  const { events } = await service.handle(id).fetchHistory()
  const first = events?.find(
    ({ workflowTaskCompletedEventAttributes: completed }) => completed !== null && completed !== undefined,
  )
  const { runId } = await service.handle(id).describe()
  const answer = await workflowService.resetWorkflowExecution({
    namespace: options.namespace,
    workflowExecution: { workflowId: id, runId },
    reason: 'a test of what a reset pays',
    requestId: randomUUID(),
    workflowTaskFinishEventId: first?.eventId ?? null,
  })
  assert.notEqual(answer.runId, runId)
  return answer.runId
}

/** The attempts that the run has come to, from its own story and not from the ledger. */
async function storyOf(id: string): Promise<string> {
  return JSON.stringify(await service.handle(id).query('status'))
}

const resultOf = async (id: string, runId: string): Promise<Generation> =>
  service.client.workflow.getHandle<typeof GenerateImage>(id, runId).result()

/** What a POST to a provider would add to. */
const submits = (prompt: string): number => service.simulator.ledger().filter((task) => task.prompt === prompt).length

function finish(id: string, provider: 'kie' | 'defapi'): void {
  const task = service.tasksOf(id).find((one) => one.provider === provider)
  assert.equal(service.simulator.finish(task?.taskId ?? ''), true)
}

async function stuckAt(prompt: string, providers: readonly ('kie' | 'defapi')[]): Promise<string> {
  for (const provider of providers) {
    service.fault({ provider, on: 'task', fault: 'stuck', match: { promptIncludes: prompt } })
  }
  const id = await service.create({
    model: 'nano-banana',
    prompt,
    route: { fallback: providers.length > 1 },
  })
  await service.until(id, ({ attempts }) => attempts[providers.length - 1]?.state === 'accepted')
  return id
}

describe('reset to before the submit', { concurrency: 4, timeout: 240_000 }, () => {
  test('of a finished generation: the first end is the result again, and nothing is posted', async () => {
    const first = await service.generate({ model: 'nano-banana', prompt: 'reset when finished', route: { fallback: false } })
    assert.equal(first.status, 'completed')
    const runId = await resetToStart(first.id)
    assert.deepEqual(await resultOf(first.id, runId), first)
    assert.deepEqual(await service.read(first.id), first, 'the end stays (I2)')
    assert.equal(submits('reset when finished'), 1)
    await keepHistory(service.client.workflow.getHandle(first.id, runId), 'reset-when-finished')
  })

  test('of a running generation: it finds its attempt and ends normally, with the task it had', async () => {
    const id = await stuckAt('reset while waiting', ['kie'])
    const runId = await resetToStart(id)
    await eventually(async () => assert.match(await storyOf(id), /wait for kie/u))
    finish(id, 'kie')
    const result = await resultOf(id, runId)
    const generation = await service.read(id)
    assert.deepEqual(result, generation)
    assert.equal(generation.status, 'completed')
    assert.equal(generation.attempts.length, 1)
    assert.equal(generation.attempts[0]?.activityTries, 1)
    assert.equal(generation.attempts[0]?.possibleExtraCharge, false)
    assert.equal(submits('reset while waiting'), 1)
    await keepHistory(service.client.workflow.getHandle(id, runId), 'reset-while-waiting')
  })

  test('while the fallback is at work: it finds both attempts, buys neither again, and the one that was left is settled', async () => {
    const id = await stuckAt('reset during fallback', ['kie', 'defapi'])
    const runId = await resetToStart(id)
    await eventually(async () => assert.match(await storyOf(id), /wait for defapi/u))
    finish(id, 'defapi')
    assert.equal((await resultOf(id, runId)).servedBy?.provider, 'defapi')
    finish(id, 'kie')
    const generation = await service.until(id, ({ attempts }) => attempts[0]?.state === 'settled')
    assert.deepEqual(
      generation.attempts.map(({ state, verdict, activityTries }) => ({ state, verdict, activityTries })),
      [
        { state: 'settled', verdict: 'confirmed_extra', activityTries: 1 },
        { state: 'succeeded', verdict: null, activityTries: 1 },
      ],
    )
    assert.equal(submits('reset during fallback'), 2)
    await keepHistory(service.client.workflow.getHandle(id, runId), 'reset-during-fallback')
  })

  test('of a cancelled generation whose task was settled: it stays cancelled, and no other provider is paid', async () => {
    const id = await stuckAt('reset when cancelled', ['kie'])
    await service.cancel(id)
    await service.closed(id)
    finish(id, 'kie')
    await service.handle(settlementId({ generationId: id, item: 0, attempt: 1 })).result()
    const cancelled = await service.read(id)
    assert.equal(cancelled.attempts[0]?.verdict, 'paid')
    const runId = await resetToStart(id)
    await assert.rejects(resultOf(id, runId))
    const { status, cost, images, attempts } = await service.read(id)
    assert.deepEqual({ status, cost, images }, { status: 'cancelled', cost: cancelled.cost, images: [] })
    assert.deepEqual(attempts[0], cancelled.attempts[0])
    assert.equal(submits('reset when cancelled'), 1)
  })
})
