// Run by `startWorkerProcess`: one worker, with the fates of its points.
import { once } from 'node:events'
import { Worker } from '@temporalio/worker'
import type { PointReached } from '../../src/activities/deps.ts'
import { queryTaskQueue, submitTaskQueue } from '../../src/contract/index.ts'
import { connectWorker, plainTarget } from '../../src/temporal/connect.ts'
import { createWorkflowDoor } from '../../src/temporal/workflow-door.ts'
import { createWorkers } from '../../src/worker/workers.ts'
import { loadWorkflowBundle } from '../../src/worker/workflow-bundle.ts'
import { composeTestService } from './service.ts'
import type { WorkerInput } from './service.ts'
import { testCacheFolder } from './temporal.ts'
import type { Fate, WorkerRole } from './worker-process.ts'

interface Orders {
  input: WorkerInput
  fates: Fate[]
  role: WorkerRole
}

function isOrders(value: unknown): value is Orders {
  return typeof value === 'object' && value !== null && 'input' in value && 'fates' in value
}

const orders: unknown = JSON.parse(process.env['DARKROOM_TEST_WORKER'] ?? 'null')
if (!isOrders(orders)) throw new Error('DARKROOM_TEST_WORKER holds no orders')
const { input, fates, role } = orders

const pointReached: PointReached = async (point, activityTry) => {
  // Sent and out of the door before anything happens to this process.
  await new Promise<void>((resolve) => {
    process.send?.(point, () => resolve())
  })
  const index = fates.findIndex((one) => one.point === point && (one.activityTry ?? activityTry) === activityTry)
  // Each fate strikes once.
  const [fate] = index === -1 ? [] : fates.splice(index, 1)
  if (fate?.action === 'kill') process.kill(process.pid, 'SIGKILL')
  if (fate?.action === 'stop') process.kill(process.pid, 'SIGSTOP')
  if (fate?.action === 'ask') await once(process, 'message')
}

const { composed } = composeTestService(input, pointReached)
const connection = await connectWorker(plainTarget(input.address, input.namespace))
const activities = composed.createActivities(input.callbackBaseUrl, createWorkflowDoor(connection, input.namespace))
const { namespace } = input

async function startWorkers(): Promise<{ run: () => Promise<unknown> }> {
  const { submitTask, awaitTask, listenForLostReply, waitForTurn, settleAttempt } = activities
  if (role === 'submit to kie') {
    // One slot: while it is frozen in its activity it does not ask for another task, so that none is lost to it.
    const slots = { maxConcurrentActivityTaskExecutions: 1, maxConcurrentActivityTaskPolls: 1 }
    return Worker.create({ connection, namespace, taskQueue: submitTaskQueue('kie'), activities: { submitTask }, ...slots })
  }
  const rates = role === 'all' ? composed.rates : new Map([...composed.rates].filter(([provider]) => provider !== 'kie'))
  const workers = await createWorkers({
    connection,
    namespace,
    workflowBundle: await loadWorkflowBundle(testCacheFolder),
    activities,
    rates,
    shutdownGraceMs: 100,
    stickyScheduleToStartTimeoutMs: 500,
  })
  if (role === 'all') return workers
  const queries = await Worker.create({
    connection,
    namespace,
    taskQueue: queryTaskQueue('kie'),
    activities: { awaitTask, listenForLostReply, waitForTurn, settleAttempt },
  })
  return { run: () => Promise.all([workers.run(), queries.run()]) }
}

const workers = await startWorkers()
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
await workers.run()
