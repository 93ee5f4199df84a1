// What was left behind is found and repaired where that is provable: generations whose workflow has ended or is gone, and attempts that are
// owing and that nobody looks after. On a real Temporal server and a real ledger.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { MockActivityEnvironment } from '@temporalio/testing'
import { Client as DatabaseClient } from 'pg'
import type { WorkflowDoor } from '../../src/activities/deps.ts'
import type {
  OpenGenerationFinding,
  OwingFinding,
  ReconcileLimits,
  ReconcileReport,
} from '../../src/activities/reconcile-types.ts'
import { mainTaskQueue, reconcileWorkflowName, settlementId } from '../../src/contract/index.ts'
import { reconcileIds, reconcileLimits } from '../../src/temporal/schedules.ts'
import { atEnd } from '../helpers/at-end.ts'
import { eventually } from '../helpers/eventually.ts'
import { composeTestService, startService } from '../helpers/service.ts'

/** Nothing here is about a slow answer, and a busy machine is no reason to ask the next provider. */
const patient = {
  submitTimeoutMs: 10_000,
  submitFreshnessMs: 5_000,
  submitStartToCloseMs: 30_000,
  submitHeartbeatTimeoutMs: 10_000,
  queryTimeoutMs: 10_000,
  queryStartToCloseMs: 20_000,
  callbackGraceMs: 500,
  attemptDeadlineMs: 60_000,
  generationDeadlineMs: 120_000,
}

const service = await startService({ after }, { timings: patient })

/** Rows of a test are seconds old. */
const quick: ReconcileLimits = { ...reconcileLimits, minAgeMs: 1, lookAgainAfterMs: 100 }

async function reconcile(repair: boolean, limits: Partial<ReconcileLimits> = {}): Promise<ReconcileReport> {
  const result = await service.client.workflow.execute(reconcileWorkflowName, {
    workflowId: reconcileIds.byHand(randomUUID()),
    taskQueue: mainTaskQueue,
    args: [{ repair, scope: 'everything', limits: { ...quick, ...limits } }],
  })
  assert.ok(result.report !== null)
  return result.report
}

const ofGeneration = (report: ReconcileReport, id: string): OpenGenerationFinding | undefined =>
  report.openGenerations.listed.find(({ generationId }) => generationId === id)
const ofAttempt = (report: ReconcileReport, id: string): OwingFinding | undefined =>
  report.owing.listed.find(({ generationId }) => generationId === id)

/** A generation whose one task never ends by itself. */
async function createStuck(prompt: string, deadlineMs?: number): Promise<string> {
  service.fault({ provider: 'kie', on: 'task', fault: 'stuck', match: { promptIncludes: prompt } })
  const id = await service.create({
    model: 'nano-banana',
    prompt,
    ...(deadlineMs === undefined ? {} : { route: { deadlineMs } }),
  })
  await service.until(id, ({ status, attempts }) => status === 'waiting' && attempts[0]?.state === 'accepted')
  return id
}

const refOf = (generationId: string): { generationId: string; item: number; attempt: number } => ({
  generationId,
  item: 0,
  attempt: 1,
})

async function statusName(workflowId: string): Promise<string> {
  return (await service.handle(workflowId).describe()).status.name
}

function finishTask(id: string): void {
  const [task, ...more] = service.tasksOf(id)
  assert.ok(task !== undefined)
  assert.deepEqual(more, [])
  assert.ok(service.simulator.finish(task.taskId))
}

async function untilPaid(id: string): Promise<void> {
  const { attempts } = await service.until(id, ({ attempts: [first] }) => first?.state === 'settled')
  assert.equal(attempts[0]?.verdict, 'paid')
  assert.equal(attempts[0]?.cost.source, 'measured')
}

describe('reconcile', { timeout: 240_000 }, () => {
  test('a generation whose workflow was terminated is closed as failed, and its task is looked after until it is settled', async () => {
    const id = await createStuck('workflow terminated')
    await service.handle(id).terminate('by hand')

    const seen = await reconcile(false)
    assert.deepEqual(ofGeneration(seen, id)?.finding, 'provable')
    assert.ok(seen.differences > 0)
    assert.equal((await service.read(id)).status, 'waiting', 'without repair nothing changes')
    await assert.rejects(service.handle(settlementId(refOf(id))).describe(), { name: 'WorkflowNotFoundError' })

    const repaired = ofGeneration(await reconcile(true), id)
    assert.deepEqual(
      { workflow: repaired?.workflow, finding: repaired?.finding, settlementsStarted: repaired?.settlementsStarted },
      { workflow: 'closed', finding: 'closed', settlementsStarted: 1 },
    )
    const { status, failure, attempts } = await service.read(id)
    assert.equal(status, 'failed')
    assert.equal(failure?.type, 'ServiceUnavailable')
    assert.match(failure?.message ?? '', /the workflow of this generation has ended/)
    assert.equal(attempts[0]?.state, 'abandoned')

    finishTask(id)
    await untilPaid(id)
    assert.equal(ofGeneration(await reconcile(false), id), undefined)
  })

  test('a generation whose workflow was deleted is closed once it is overdue, and not before: the server may be the wrong one', async () => {
    const id = await createStuck('workflow deleted', 10_000)
    const { client } = service
    await client.workflowService.deleteWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId: id },
    })
    await eventually(async () => assert.rejects(service.handle(id).describe(), { name: 'WorkflowNotFoundError' }))

    const early = ofGeneration(await reconcile(true), id)
    assert.deepEqual([early?.workflow, early?.finding], ['gone', 'not_yet'])
    assert.equal((await service.read(id)).status, 'waiting')

    // Two seconds after it was made, so as not to wait for its whole deadline.
    await eventually(
      async () => assert.equal(ofGeneration(await reconcile(true, { overdueAfterMs: -8_000 }), id)?.finding, 'closed'),
      { everyMs: 500 },
    )
    const { failure } = await service.read(id)
    assert.match(failure?.message ?? '', /the workflow of this generation is gone/)
    finishTask(id)
    await untilPaid(id)
  })

  test('a healthy open generation is left alone', async () => {
    const id = await createStuck('healthy')
    const report = await reconcile(true, { overdueAfterMs: -3_600_000 })
    assert.ok(report.openGenerations.looked >= 1)
    assert.equal(ofGeneration(report, id), undefined)
    assert.equal(ofAttempt(report, id), undefined)
    assert.equal((await service.read(id)).status, 'waiting')
    finishTask(id)
    assert.equal((await service.ended(id)).status, 'completed')
  })

  test('an attempt that is owing and whose settlement was terminated gets a new one', async () => {
    const id = await createStuck('settlement terminated')
    await service.cancel(id)
    await service.ended(id)
    const settlement = settlementId(refOf(id))
    await eventually(async () => assert.equal(await statusName(settlement), 'RUNNING'))
    assert.equal(ofAttempt(await reconcile(true), id), undefined, 'looked after')

    await service.handle(settlement).terminate('by hand')
    await eventually(async () => assert.equal(await statusName(id), 'CANCELLED'))
    assert.equal(ofAttempt(await reconcile(false), id)?.finding, 'provable')
    assert.equal(await statusName(settlement), 'TERMINATED', 'without repair nothing is started')

    assert.equal(ofAttempt(await reconcile(true), id)?.finding, 'settlement_started')
    assert.equal(await statusName(settlement), 'RUNNING')
    finishTask(id)
    await untilPaid(id)
  })

  test('an attempt that does not say how to ask for it is reported and stays a difference', async (t) => {
    const id = await createStuck('no entry')
    await service.cancel(id)
    await service.ended(id)
    await eventually(async () => assert.equal(await statusName(settlementId(refOf(id))), 'RUNNING'))
    await service.handle(settlementId(refOf(id))).terminate('by hand')
    await eventually(async () => assert.equal(await statusName(id), 'CANCELLED'))
    const database = new DatabaseClient(service.workerInput.ledger)
    await database.connect()
    atEnd(t, () => database.end())
    const { rowCount } = await database.query('update attempts set entry = null where generation_id = $1', [id])
    assert.equal(rowCount, 1)

    const report = await reconcile(true)
    assert.equal(ofAttempt(report, id)?.finding, 'no_entry')
    assert.ok(report.differences >= 1)
    assert.equal((await service.read(id)).attempts[0]?.state, 'abandoned')

    await database.query('update attempts set entry = 0 where generation_id = $1', [id])
    assert.equal(ofAttempt(await reconcile(true), id)?.finding, 'settlement_started')
  })

  test('a workflow that is missing once and there the second time is not missing, and one run looks at a bounded number of rows', async () => {
    const [first, second] = [await createStuck('missing once'), await createStuck('one too many')]
    const looks = new Map<string, number>()
    const door: WorkflowDoor = {
      startSettlement: async () => assert.fail('nothing is owing'),
      statusOf: async (id) => {
        // What earlier tests left owing is looked after.
        if (id.startsWith('settle/')) return 'running'
        const look = (looks.get(id) ?? 0) + 1
        looks.set(id, look)
        return look === 1 ? 'gone' : 'running'
      },
    }
    const { composed, ledger } = composeTestService(service.workerInput)
    const { reconcile: activity } = composed.createActivities(null, door)
    const run = (maxRows: number): Promise<ReconcileReport> =>
      new MockActivityEnvironment().run(activity, {
        repair: true,
        limits: { ...quick, overdueAfterMs: -3_600_000, maxRows },
      })
    try {
      const { openGenerations } = await run(1)
      assert.deepEqual(openGenerations, { looked: 1, hasMore: true, found: 0, repaired: 0, listed: [] })
      assert.equal(looks.get(first), 2)
      assert.equal(looks.get(second), undefined)
      assert.equal((await service.read(first)).status, 'waiting')
    } finally {
      await ledger.close()
    }
    for (const id of [first, second]) {
      finishTask(id)
      await service.ended(id)
    }
  })
})
