// Schedules and the first sweep, on a real server: made once, brought up to date, and never a reason not to start.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { Connection } from '@temporalio/client'
import { mainTaskQueue, reconcileWorkflowName } from '../../../src/contract/index.ts'
import { startSweeping } from '../../../src/dev/start-sweeping.ts'
import { Teardown } from '../../../src/dev/teardown.ts'
import { createLogger } from '../../../src/observability/logger.ts'
import { ensureSchedules, reconcileIds, reconcileInput, scheduleIds, startFirstSweep } from '../../../src/temporal/schedules.ts'
import { atEnd } from '../../helpers/at-end.ts'
import { eventually } from '../../helpers/eventually.ts'
import { testTemporal } from '../../helpers/temporal.ts'

const { client, connection: there, namespace } = await testTemporal({ after })
const timings = { reconcileEveryMs: 3_600_000, balanceCheckEveryMs: 300_000 }
const everyMs = async (id: string): Promise<number[] | undefined> =>
  (await client.schedule.getHandle(id).describe()).spec.intervals?.map(({ every }) => every)

describe('schedules', { timeout: 240_000 }, () => {
  test('are made once; again changes nothing; another interval changes that one only, and a pause stays', async () => {
    assert.deepEqual(await ensureSchedules(client, timings), { reconcile: 'created', balances: 'created' })
    assert.deepEqual(await ensureSchedules(client, timings), { reconcile: 'unchanged', balances: 'unchanged' })
    const balances = client.schedule.getHandle(scheduleIds.balances)
    await balances.pause('by hand')
    assert.deepEqual(await ensureSchedules(client, { ...timings, balanceCheckEveryMs: 60_000 }), {
      reconcile: 'unchanged',
      balances: 'updated',
    })
    assert.deepEqual(await everyMs(scheduleIds.balances), [60_000])
    assert.deepEqual(await everyMs(scheduleIds.reconcile), [3_600_000])
    const { state, policies } = await balances.describe()
    assert.equal(state.paused, true)
    assert.equal(policies.overlap, 'SKIP')
  })

  test('start Reconcile with repairs; the one for balances only reads them', async () => {
    await ensureSchedules(client, timings)
    for (const [id, scope] of [
      [scheduleIds.reconcile, 'everything'],
      [scheduleIds.balances, 'balances'],
    ] as const) {
      const { action, policies } = await client.schedule.getHandle(id).describe()
      assert.deepEqual(
        [action.workflowType, action.taskQueue, action.args],
        [reconcileWorkflowName, mainTaskQueue, [reconcileInput(scope, true)]],
      )
      assert.ok(policies.catchupWindow <= 60_000)
    }
    const schedule = client.schedule.getHandle(scheduleIds.reconcile)
    await schedule.trigger()
    await eventually(async () => {
      const [run] = (await schedule.describe()).info.recentActions
      assert.match(run?.action.workflow.workflowId ?? '', /^reconcile\/scheduled-/)
    })
  })

  test('the first sweep of two workers that start together is one run', async () => {
    const runId = async (): Promise<string> => (await client.workflow.getHandle(reconcileIds.atStart).describe()).runId
    await startFirstSweep(client)
    const first = await runId()
    await startFirstSweep(client)
    assert.equal(await runId(), first)
  })

  test('a starting worker starts both; a server that does not answer costs one line in the log', async (t) => {
    const lines: string[] = []
    const logger = createLogger({ level: 'warn', name: 'test', destination: { write: (line) => lines.push(line) } })
    const start = async (connection: Connection): Promise<void> => {
      const teardown = new Teardown(logger, 20_000)
      await startSweeping({ connection, namespace, timings, logger, teardown })
      await teardown.run()
    }
    await client.schedule.getHandle(scheduleIds.reconcile).delete()
    await client.workflow.getHandle(reconcileIds.atStart).terminate()
    await start(there)
    assert.deepEqual(await everyMs(scheduleIds.reconcile), [3_600_000])
    assert.equal((await client.workflow.getHandle(reconcileIds.atStart).describe()).status.name, 'RUNNING')
    assert.deepEqual(lines, [])

    const nowhere = Connection.lazy({ address: '127.0.0.1:1' })
    atEnd(t, () => nowhere.close())
    await start(nowhere)
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /the sweeper could not be started/)
  })
})
