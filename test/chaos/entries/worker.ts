// A worker in a process of its own, which may end at a named point (`CRASH_AT`).
import { Context } from '@temporalio/activity'
import { Client } from '@temporalio/client'
import type { PointReached } from '../../../src/activities/deps.ts'
import { connectWorker, orUnreachable, plainTarget } from '../../../src/temporal/connect.ts'
import { installTemporalRuntime } from '../../../src/temporal/runtime.ts'
import { startFirstSweep } from '../../../src/temporal/schedules.ts'
import { createWorkflowDoor } from '../../../src/temporal/workflow-door.ts'
import { createWorkers } from '../../../src/worker/workers.ts'
import { loadWorkflowBundle } from '../../../src/worker/workflow-bundle.ts'
import { createCrasher } from '../crash-points.ts'
import { composeChaosService, orEndWithoutTemporal, readOrders } from './compose.ts'

const input = readOrders()
const crashAt = createCrasher(process.env['CRASH_AT'])
const pointReached: PointReached = (point) => crashAt(point, Context.current().info.taskQueue)
const { composed, logger } = composeChaosService(input, 'worker', pointReached)
installTemporalRuntime(logger)
const target = plainTarget(input.temporalAddress, input.temporalNamespace)
const connection = await orEndWithoutTemporal(connectWorker(target))
const creating = createWorkers({
  connection,
  namespace: input.temporalNamespace,
  workflowBundle: await loadWorkflowBundle(input.cacheFolder),
  activities: composed.createActivities(input.callbackBaseUrl, createWorkflowDoor(connection, input.temporalNamespace)),
  rates: composed.rates,
  shutdownGraceMs: 500,
  // A killed worker's cached workflows go to the other one this soon.
  stickyScheduleToStartTimeoutMs: 500,
})
const workers = await orEndWithoutTemporal(orUnreachable(target, creating))
process.on('disconnect', () => process.exit(0))
process.on('message', (message) => {
  if (message === 'stop') workers.shutdown()
})
process.send?.('ready')
// As every worker that starts: what was left behind is looked for, and nobody waits for it.
const client = new Client({ connection, namespace: input.temporalNamespace })
void startFirstSweep(client).catch(() => undefined)
await workers.run()
process.exit(0)
