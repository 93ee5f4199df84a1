// Run by `startWorkerProcess`: one worker, with the fates of its points.
import { once } from 'node:events'
import type { PointReached } from '../../src/activities/deps.ts'
import { connectWorker, plainTarget } from '../../src/temporal/connect.ts'
import { createWorkers } from '../../src/worker/workers.ts'
import { loadWorkflowBundle } from '../../src/worker/workflow-bundle.ts'
import { composeTestService } from './service.ts'
import type { WorkerInput } from './service.ts'
import { testCacheFolder } from './temporal.ts'
import type { Fate } from './worker-process.ts'

interface Orders {
  input: WorkerInput
  fates: Fate[]
}

function isOrders(value: unknown): value is Orders {
  return typeof value === 'object' && value !== null && 'input' in value && 'fates' in value
}

const orders: unknown = JSON.parse(process.env['DARKROOM_TEST_WORKER'] ?? 'null')
if (!isOrders(orders)) throw new Error('DARKROOM_TEST_WORKER holds no orders')
const { input, fates } = orders

const pointReached: PointReached = async (point, activityTry) => {
  // Sent and out of the door before anything happens to this process.
  await new Promise<void>((resolve) => {
    process.send?.(point, () => resolve())
  })
  const fate = fates.find((one) => one.point === point && (one.activityTry ?? activityTry) === activityTry)
  if (fate?.action === 'kill') process.kill(process.pid, 'SIGKILL')
  if (fate?.action === 'stop') process.kill(process.pid, 'SIGSTOP')
  if (fate?.action === 'ask') await once(process, 'message')
}

const { composed } = composeTestService(input, pointReached)
const workers = await createWorkers({
  connection: await connectWorker(plainTarget(input.address, input.namespace)),
  namespace: input.namespace,
  workflowBundle: await loadWorkflowBundle(testCacheFolder),
  activities: composed.createActivities(input.callbackBaseUrl),
  rates: composed.rates,
  shutdownGraceMs: 100,
  stickyScheduleToStartTimeoutMs: 500,
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
await workers.run()
