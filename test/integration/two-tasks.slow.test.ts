// One submit, two tasks: the reply and a callback name different ones. Both may cost money, so both are in the ledger and somebody is told;
// a task that is not ours is neither (I4, I12).
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, describe, test } from 'node:test'
import type { ReconcileResult } from '../../src/activities/reconcile-types.ts'
import type { Cost, Generation } from '../../src/contract/index.ts'
import { mainTaskQueue, reconcileWorkflowName, settlementId } from '../../src/contract/index.ts'
import { mockKeyOf } from '../../src/dev/mock-providers.ts'
import { reconcileIds, reconcileLimits } from '../../src/temporal/schedules.ts'
import { keepHistory } from '../helpers/histories.ts'
import { startService, unhurried } from '../helpers/service.ts'
import { at, call, createKieTask, textAt } from '../simulator/client.ts'

// Eight seconds: some tasks here never end, and the others must not seem to on a busy machine.
const service = await startService({ after }, { timings: { ...unhurried, attemptDeadlineMs: 8_000, settleForMs: 10_000 } })

const sumOf = (costs: Cost[]): number =>
  Math.round(costs.reduce((sum, { usd, credits }) => sum + (usd ?? (credits ?? 0) * 0.005), 0) * 1e6) / 1e6

/** What the ledger says that a generation cost by the providers' own word, tasks that nobody ordered included. */
function measuredUsd({ attempts }: Generation): number {
  const costs = attempts.flatMap(({ cost, extraTasks }) => [cost, ...extraTasks.map((extra) => extra.cost)])
  return sumOf(costs.filter(({ source }) => source === 'measured'))
}

/** What the providers took for it. */
function takenUsd(id: string): number {
  const taken = service.tasksOf(id).filter(({ refunded }) => !refunded)
  return Math.round(taken.reduce((sum, { usd }) => sum + usd, 0) * 1e6) / 1e6
}

const isLookedUp = ({ attempts: [first] }: Generation): boolean =>
  first !== undefined && first.openClaims === 0 && first.extraTasks.every(({ verdict }) => verdict !== null)

const untilLookedUp = (id: string): Promise<Generation> =>
  service.until(id, (generation) => isLookedUp(generation) && (generation.attempts[0]?.extraTasks.length ?? 0) > 0)

/** Started with an id of its own: the one of the schedule is for the schedule. */
const sweep = (): Promise<ReconcileResult> =>
  service.client.workflow.execute(reconcileWorkflowName, {
    workflowId: reconcileIds.byHand(randomUUID()),
    taskQueue: mainTaskQueue,
    args: [{ repair: true, scope: 'everything', limits: { ...reconcileLimits, minAgeMs: 1, lookAgainAfterMs: 50 } }],
  })

const conflicting: string[] = []
const unresolved: string[] = []

describe('reply and callback name different tasks', { concurrency: 4, timeout: 240_000 }, () => {
  test('one submit makes two tasks: the one of the reply serves, the other is booked beside it', async () => {
    service.fault({ provider: 'kie', on: 'submit', fault: 'two_task_ids', match: { promptIncludes: 'twins' } })
    const { id, status } = await service.generate({ model: 'nano-banana', prompt: 'twins' })
    conflicting.push(id)
    assert.equal(status, 'completed')
    const generation = await untilLookedUp(id)
    const [unasked, named] = service.tasksOf(id)
    assert.equal(service.tasksOf(id).length, 2)
    assert.equal(generation.servedBy?.providerTaskId, named?.taskId)
    assert.deepEqual(generation.attempts[0]?.extraTasks, [
      {
        providerTaskId: unasked?.taskId,
        verdict: 'confirmed_extra',
        cost: { usd: unasked?.usd, credits: unasked?.credits, source: 'measured' },
      },
    ])
    assert.equal(measuredUsd(generation), takenUsd(id))
    assert.equal(generation.cost.usd, takenUsd(id), 'what the caller is told that it cost')
  })

  test('the other task speaks up after the end: the next sweep books it', async () => {
    service.fault({ provider: 'kie', on: 'submit', fault: 'two_task_ids', match: { promptIncludes: 'late twin' } })
    service.fault({ provider: 'kie', on: 'task', fault: 'stuck', times: 1, match: { promptIncludes: 'late twin' } })
    const { id, status } = await service.generate({ model: 'nano-banana', prompt: 'late twin' })
    conflicting.push(id)
    assert.equal(status, 'completed')
    const late = service.tasksOf(id).find(({ state }) => state === 'running')
    assert.equal(service.simulator.finish(late?.taskId ?? ''), true)
    await service.until(id, ({ attempts }) => attempts[0]?.openClaims === 1)
    // Until then it is looked after, so that the sweep would pass it by.
    await service.closed(id)
    await sweep()
    const generation = await untilLookedUp(id)
    assert.equal(generation.attempts[0]?.extraTasks[0]?.providerTaskId, late?.taskId)
    assert.equal(measuredUsd(generation), takenUsd(id))
  })

  test('the reply names a task that does not exist: the real one is booked, the ghost stays unresolved', async () => {
    service.fault({ provider: 'kie', on: 'submit', fault: 'wrong_task_id', match: { promptIncludes: 'ghost' } })
    const ended = await service.generate({ model: 'nano-banana', prompt: 'ghost' })
    const { id } = ended
    conflicting.push(id)
    assert.equal(ended.servedBy?.provider, 'defapi')
    const real = service.tasksOf(id).find(({ provider }) => provider === 'kie')
    const generation = await service.until(
      id,
      (read) => read.attempts[0]?.state === 'settled' && isLookedUp(read) && read.attempts[0].extraTasks.length === 1,
    )
    const [first] = generation.attempts
    assert.notEqual(first?.providerTaskId, real?.taskId)
    assert.equal(first?.verdict, 'unresolved')
    unresolved.push(id)
    assert.equal(first?.possibleExtraCharge, true)
    assert.deepEqual(
      first?.extraTasks.map(({ providerTaskId, verdict }) => ({ providerTaskId, verdict })),
      [{ providerTaskId: real?.taskId, verdict: 'confirmed_extra' }],
    )
    assert.equal(measuredUsd(generation), takenUsd(id), 'only the ghost, which is flagged, is not the word of a provider')
  })

  test('nobody can say what became of a task within the time: unresolved, with its list price, and it can be listed', async () => {
    service.fault({ provider: 'kie', on: 'task', fault: 'stuck', match: { promptIncludes: 'never heard of again' } })
    const { id, servedBy } = await service.generate({ model: 'nano-banana', prompt: 'never heard of again' })
    assert.equal(servedBy?.provider, 'defapi')
    const [first] = (await service.until(id, ({ attempts }) => attempts[0]?.state === 'settled')).attempts
    assert.equal(first?.verdict, 'unresolved')
    assert.equal(first?.cost.source, 'estimated', 'it may have cost money, so it is not free')
    unresolved.push(id)
    const settlement = service.handle(settlementId({ generationId: id, item: 0, attempt: 1 }))
    await settlement.result()
    await keepHistory(settlement, 'settled-as-unresolved')
  })

  test('forged claims are looked up and dismissed: a task of another generation, a task of somebody else, a made-up one', async () => {
    const prompt = 'coveted'
    const owner = await service.generate({ model: 'nano-banana', prompt: `${prompt}, the original` })
    const ownTaskId = owner.servedBy?.providerTaskId ?? ''
    // The same account, model and prompt, ordered by another program.
    const stranger = await createKieTask(
      service.simulator,
      { prompt: `${prompt}: by a stranger`, callBackUrl: 'http://127.0.0.1:9/elsewhere' },
      { key: mockKeyOf('default') },
    )
    const claims = [
      { name: 'by an owner', taskId: ownTaskId },
      { name: 'by a stranger', taskId: textAt(stranger.json, 'data.taskId') },
      { name: 'by nobody', taskId: 'f'.repeat(32) },
    ]
    for (const { name, taskId } of claims) {
      const match = { promptIncludes: `${prompt}: ${name}` }
      service.fault({ provider: 'kie', on: 'callback', fault: 'forge_callback', taskId, delayMs: 0, match })
    }
    const ids = await Promise.all(
      claims.map(async ({ name }) => {
        const { id, status } = await service.generate({ model: 'nano-banana', prompt: `${prompt}: ${name}` })
        assert.equal(status, 'completed')
        return id
      }),
    )
    for (const id of ids) {
      const [first] = (await service.until(id, isLookedUp)).attempts
      assert.deepEqual(first?.extraTasks, [])
      assert.equal(first?.possibleExtraCharge, false)
      assert.equal(measuredUsd(await service.read(id)), 0.02)
    }
  })
})

// After the others: it counts what they made.
test(
  'the conflicts and what stays unresolved are counted and can be listed; what was dismissed is not among them',
  { timeout: 240_000 },
  async () => {
    const stats = (await call(`${service.url}/v1/stats`)).json
    assert.equal(at(stats, 'taskConflicts'), conflicting.length)
    const listed = await service.ledger.listAttempts({ mode: 'mock', concern: 'task_conflict', limit: 100 })
    assert.deepEqual(listed.attempts.map(({ generationId }) => generationId).toSorted(), conflicting.toSorted())
    const rows = at(stats, 'providers')
    assert.ok(Array.isArray(rows))
    assert.equal(
      rows.reduce((sum: number, row: unknown) => sum + Number(at(row, 'unresolved')), 0),
      unresolved.length,
    )
    const nobodyKnows = await service.ledger.listAttempts({ mode: 'mock', concern: 'unresolved', limit: 100 })
    assert.deepEqual(nobodyKnows.attempts.map(({ generationId }) => generationId).toSorted(), unresolved.toSorted())
    const owing = await service.ledger.listAttempts({ mode: 'mock', concern: 'owing', limit: 100 })
    assert.deepEqual(owing.attempts, [], 'nothing is left to look after')
  },
)
