// What a generation leaves open when it ends is looked after: by its settlement, until the provider says what became of it (I4).
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { AttemptReport, Generation, RouteRequest } from '../../src/contract/index.ts'
import { settlementId } from '../../src/contract/index.ts'
import { mockKeyOf } from '../../src/dev/mock-providers.ts'
import type { LedgerEntry } from '../../src/simulator/ledger.ts'
import { eventually } from '../helpers/eventually.ts'
import { eventNames, keepHistory } from '../helpers/histories.ts'
import { startService, unhurried } from '../helpers/service.ts'
import { at, linksOf, queryKieTask } from '../simulator/client.ts'

/** Two seconds before it, the last poll is over (decide.ts): the shortest that leaves time for one. */
const attemptDeadlineMs = 3_000

// Asks once, and then only when it is woken: whatever is settled here was settled through a late callback.
const service = await startService(
  { after },
  { timings: { ...unhurried, attemptDeadlineMs, settleForMs: 3_600_000, settlePollMinMs: 600_000, settlePollMaxMs: 600_000 } },
)

const settlementOf = (id: string) => service.handle(settlementId({ generationId: id, item: 0, attempt: 1 }))

/** A generation whose first task is at work long after its deadline, so that the fallback serves. */
async function servedByFallback(prompt: string, route: RouteRequest = {}): Promise<Generation> {
  service.fault({ provider: 'kie', on: 'task', fault: 'stuck', match: { promptIncludes: prompt } })
  const generation = await service.generate({ model: 'nano-banana', prompt, route })
  assert.equal(generation.servedBy?.provider, 'defapi')
  assert.deepEqual(
    generation.attempts.map(({ state, outcome, possibleExtraCharge }) => ({ state, outcome, possibleExtraCharge })),
    [
      { state: 'abandoned', outcome: 'overdue', possibleExtraCharge: true },
      { state: 'succeeded', outcome: 'succeeded', possibleExtraCharge: false },
    ],
    'left open and marked before the next one was paid (I3)',
  )
  return generation
}

function kieTask(id: string): LedgerEntry {
  const [task, ...more] = service.tasksOf(id).filter(({ provider }) => provider === 'kie')
  assert.ok(task !== undefined)
  assert.deepEqual(more, [])
  return task
}

async function firstSettled(id: string): Promise<AttemptReport> {
  const { attempts } = await service.until(id, ({ attempts: [first] }) => first?.state === 'settled')
  const [first] = attempts
  assert.ok(first !== undefined)
  return first
}

/** Its first question is over, and the next one is ten minutes away. */
async function untilItWaits(id: string): Promise<void> {
  await eventually(
    async () => {
      const [asking] = (await settlementOf(id).describe()).raw.pendingActivities ?? []
      assert.equal(asking?.attempt, 2)
    },
    { timeoutMs: 60_000 },
  )
}

describe('settlement', { concurrency: 4, timeout: 240_000 }, () => {
  test('a task that finishes after the fallback has served is booked through its late callback; its picture is kept as a spare', async () => {
    const { id } = await servedByFallback('late success', { keepSpares: true })
    await untilItWaits(id)
    assert.equal(service.simulator.finish(kieTask(id).taskId), true)
    const first = await firstSettled(id)
    const { credits, usd } = kieTask(id)
    assert.equal(first.verdict, 'confirmed_extra')
    assert.equal(first.providerTaskId, kieTask(id).taskId)
    assert.deepEqual(first.cost, { usd, credits, source: 'measured' })
    assert.ok((await eventNames(settlementOf(id))).includes('WorkflowExecutionSignaled'), 'woken by the callback')

    const generation = await service.until(id, ({ images }) => images.length === 2)
    assert.deepEqual(
      generation.images.map(({ index, attempt, spare }) => ({ index, attempt, spare })),
      [
        { index: 0, attempt: 2, spare: false },
        { index: 1, attempt: 1, spare: true },
      ],
    )
    assert.equal(generation.servedBy?.provider, 'defapi', 'who served stays (I2)')
    const key = mockKeyOf('default')
    const record = at((await queryKieTask(service.simulator, first.providerTaskId ?? '', { key })).json, 'data')
    const picture = await fetch(linksOf(record)[0] ?? '')
    assert.deepEqual(await service.imageBytes(id, 1), Buffer.from(await picture.arrayBuffer()), 'byte for byte (I5)')
    await settlementOf(id).result()
    await keepHistory(settlementOf(id), 'settled-by-late-callback')
  })

  test('a task that fails after the fallback has served costs nothing, and no picture is kept', async () => {
    service.fault({
      provider: 'kie',
      on: 'task',
      fault: 'slow_task',
      delayMs: 600_000,
      match: { promptIncludes: 'late failure' },
    })
    service.fault({ provider: 'kie', on: 'task', fault: 'task_failed', match: { promptIncludes: 'late failure' } })
    const generation = await service.generate({ model: 'nano-banana', prompt: 'late failure', route: { keepSpares: true } })
    const { id } = generation
    assert.equal(generation.servedBy?.provider, 'defapi')
    await untilItWaits(id)
    assert.equal(service.simulator.finish(kieTask(id).taskId), true)
    const first = await firstSettled(id)
    assert.equal(kieTask(id).refunded, true)
    assert.equal(first.verdict, 'failed_free')
    assert.deepEqual([first.cost.usd, first.cost.credits], [0, 0])
    await settlementOf(id).result()
    const after = await service.read(id)
    assert.equal(after.images.length, 1)
    assert.equal(after.attempts.length, 2, 'nothing more was bought')
    assert.equal(service.tasksOf(id).length, 2)
  })

  test('cancelled while the provider is at work: what it makes all the same is booked as paid', async () => {
    service.fault({ provider: 'kie', on: 'task', fault: 'stuck', match: { promptIncludes: 'cancelled, then made' } })
    const id = await service.create({ model: 'nano-banana', prompt: 'cancelled, then made', route: { fallback: false } })
    await service.until(id, ({ attempts }) => attempts[0]?.state === 'accepted')
    await service.cancel(id)
    assert.equal((await service.ended(id)).status, 'cancelled')
    await untilItWaits(id)
    service.simulator.finish(kieTask(id).taskId)
    const first = await firstSettled(id)
    assert.equal(first.verdict, 'paid')
    assert.equal(first.cost.source, 'measured')
    const { status, cost } = await service.read(id)
    assert.equal(status, 'cancelled')
    assert.deepEqual(cost, { usd: kieTask(id).usd, source: 'measured' })
  })

  test('while the fallback is at work the first one finishes: its picture serves, and the other is looked after', async () => {
    const prompt = 'overtaken by the first'
    for (const provider of ['kie', 'defapi'] as const) {
      service.fault({ provider, on: 'task', fault: 'stuck', match: { promptIncludes: prompt } })
    }
    const id = await service.create({ model: 'nano-banana', prompt })
    await service.until(id, ({ attempts }) => attempts[1]?.state === 'accepted')
    service.simulator.finish(kieTask(id).taskId)
    const generation = await service.ended(id)
    assert.equal(generation.servedBy?.provider, 'kie')
    assert.equal(generation.servedBy?.attempt, 1)
    assert.equal(generation.servedBy?.providerTaskId, kieTask(id).taskId)
    assert.equal(generation.attempts[1]?.state, 'abandoned')
    const other = service.tasksOf(id).find(({ provider }) => provider === 'defapi')
    assert.equal(service.simulator.finish(other?.taskId ?? ''), true)
    const settled = await service.until(id, ({ attempts }) => attempts[1]?.state === 'settled')
    assert.equal(settled.attempts[1]?.verdict, 'confirmed_extra')
    assert.equal(service.tasksOf(id).length, 2)
  })
})
