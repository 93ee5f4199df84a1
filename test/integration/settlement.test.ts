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
import type { Service } from '../helpers/service.ts'
import { at, call, linksOf, queryKieTask } from '../simulator/client.ts'

/** Two seconds before it, the last poll is over (decide.ts): the shortest that leaves time for one. */
const attemptDeadlineMs = 3_000

const [patient, brief] = await Promise.all([
  // Asks once, and then only when it is woken: whatever is settled here was settled through a late callback.
  startService(
    { after },
    { timings: { ...unhurried, attemptDeadlineMs, settleForMs: 3_600_000, settlePollMinMs: 600_000, settlePollMaxMs: 600_000 } },
  ),
  // Gives up after a moment.
  startService({ after }, { timings: { ...unhurried, attemptDeadlineMs, settleForMs: 4_000 } }),
])

const settlementOf = (service: Service, id: string, attempt = 1) =>
  service.handle(settlementId({ generationId: id, item: 0, attempt }))

/** A generation whose first task is at work long after its deadline, so that the fallback serves. */
async function servedByFallback(service: Service, prompt: string, route: RouteRequest = {}): Promise<Generation> {
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

function kieTask(service: Service, id: string): LedgerEntry {
  const [task, ...more] = service.tasksOf(id).filter(({ provider }) => provider === 'kie')
  assert.ok(task !== undefined)
  assert.deepEqual(more, [])
  return task
}

async function firstSettled(service: Service, id: string, timeoutMs = 60_000): Promise<AttemptReport> {
  const { attempts } = await service.until(id, ({ attempts: [first] }) => first?.state === 'settled', timeoutMs)
  const [first] = attempts
  assert.ok(first !== undefined)
  return first
}

/** Its first question is over, and the next one is ten minutes away. */
async function untilItWaits(id: string): Promise<void> {
  await eventually(
    async () => {
      const [asking] = (await settlementOf(patient, id).describe()).raw.pendingActivities ?? []
      assert.equal(asking?.attempt, 2)
    },
    { timeoutMs: 60_000 },
  )
}

describe('settlement', { concurrency: 4, timeout: 120_000 }, () => {
  test('a task that finishes after the fallback has served is booked through its late callback; its picture is kept as a spare', async () => {
    const { id } = await servedByFallback(patient, 'late success', { keepSpares: true })
    await untilItWaits(id)
    assert.equal(patient.simulator.finish(kieTask(patient, id).taskId), true)
    const first = await firstSettled(patient, id)
    const { credits, usd } = kieTask(patient, id)
    assert.equal(first.verdict, 'confirmed_extra')
    assert.equal(first.providerTaskId, kieTask(patient, id).taskId)
    assert.deepEqual(first.cost, { usd, credits, source: 'measured' })
    assert.ok((await eventNames(settlementOf(patient, id))).includes('WorkflowExecutionSignaled'), 'woken by the callback')

    const generation = await patient.until(id, ({ images }) => images.length === 2)
    assert.deepEqual(
      generation.images.map(({ index, attempt, spare }) => ({ index, attempt, spare })),
      [
        { index: 0, attempt: 2, spare: false },
        { index: 1, attempt: 1, spare: true },
      ],
    )
    assert.equal(generation.servedBy?.provider, 'defapi', 'who served stays (I2)')
    const key = mockKeyOf('default')
    const record = at((await queryKieTask(patient.simulator, first.providerTaskId ?? '', { key })).json, 'data')
    const picture = await fetch(linksOf(record)[0] ?? '')
    assert.deepEqual(await patient.imageBytes(id, 1), Buffer.from(await picture.arrayBuffer()), 'byte for byte (I5)')
    await settlementOf(patient, id).result()
    await keepHistory(settlementOf(patient, id), 'settled-by-late-callback')
  })

  test('a task that fails after the fallback has served costs nothing, and no picture is kept', async () => {
    patient.fault({
      provider: 'kie',
      on: 'task',
      fault: 'slow_task',
      delayMs: 600_000,
      match: { promptIncludes: 'late failure' },
    })
    patient.fault({ provider: 'kie', on: 'task', fault: 'task_failed', match: { promptIncludes: 'late failure' } })
    const generation = await patient.generate({ model: 'nano-banana', prompt: 'late failure', route: { keepSpares: true } })
    const { id } = generation
    assert.equal(generation.servedBy?.provider, 'defapi')
    await untilItWaits(id)
    assert.equal(patient.simulator.finish(kieTask(patient, id).taskId), true)
    const first = await firstSettled(patient, id)
    assert.equal(kieTask(patient, id).refunded, true)
    assert.equal(first.verdict, 'failed_free')
    assert.deepEqual([first.cost.usd, first.cost.credits], [0, 0])
    await settlementOf(patient, id).result()
    const after = await patient.read(id)
    assert.equal(after.images.length, 1)
    assert.equal(after.attempts.length, 2, 'nothing more was bought')
    assert.equal(patient.tasksOf(id).length, 2)
  })

  test('cancelled while the provider is at work: what it makes all the same is booked as paid', async () => {
    patient.fault({ provider: 'kie', on: 'task', fault: 'stuck', match: { promptIncludes: 'cancelled, then made' } })
    const id = await patient.create({ model: 'nano-banana', prompt: 'cancelled, then made', route: { fallback: false } })
    await patient.until(id, ({ attempts }) => attempts[0]?.state === 'accepted')
    await patient.cancel(id)
    assert.equal((await patient.ended(id)).status, 'cancelled')
    await untilItWaits(id)
    patient.simulator.finish(kieTask(patient, id).taskId)
    const first = await firstSettled(patient, id)
    assert.equal(first.verdict, 'paid')
    assert.equal(first.cost.source, 'measured')
    const { status, cost } = await patient.read(id)
    assert.equal(status, 'cancelled')
    assert.deepEqual(cost, { usd: kieTask(patient, id).usd, source: 'measured' })
  })

  test('nobody can say within the time: unresolved, with its list price, and counted', async () => {
    const { id } = await servedByFallback(brief, 'never heard of again')
    const first = await firstSettled(brief, id)
    assert.equal(first.verdict, 'unresolved')
    assert.equal(first.cost.source, 'estimated', 'it may have cost money, so it is not free')
    const listed = await call(`${brief.url}/v1/attempts?filter=unresolved`)
    assert.ok(JSON.stringify(listed.json).includes(id), 'a row that can be listed')
    const stats = at((await call(`${brief.url}/v1/stats`)).json, 'providers')
    assert.ok(Array.isArray(stats))
    assert.equal(
      stats.map((row: unknown) => Number(at(row, 'unresolved'))).reduce((sum, count) => sum + count, 0),
      1,
    )
    await settlementOf(brief, id).result()
    await keepHistory(settlementOf(brief, id), 'settled-as-unresolved')
  })

  test('while the fallback is at work the first one finishes: its picture serves, and the other is looked after', async () => {
    const prompt = 'overtaken by the first'
    for (const provider of ['kie', 'defapi'] as const) {
      patient.fault({ provider, on: 'task', fault: 'stuck', match: { promptIncludes: prompt } })
    }
    const id = await patient.create({ model: 'nano-banana', prompt })
    await patient.until(id, ({ attempts }) => attempts[1]?.state === 'accepted')
    patient.simulator.finish(kieTask(patient, id).taskId)
    const generation = await patient.ended(id)
    assert.equal(generation.servedBy?.provider, 'kie')
    assert.equal(generation.servedBy?.attempt, 1)
    assert.equal(generation.servedBy?.providerTaskId, kieTask(patient, id).taskId)
    assert.equal(generation.attempts[1]?.state, 'abandoned')
    const other = patient.tasksOf(id).find(({ provider }) => provider === 'defapi')
    assert.equal(patient.simulator.finish(other?.taskId ?? ''), true)
    const settled = await patient.until(id, ({ attempts }) => attempts[1]?.state === 'settled')
    assert.equal(settled.attempts[1]?.verdict, 'confirmed_extra')
    assert.equal(patient.tasksOf(id).length, 2)
  })
})
