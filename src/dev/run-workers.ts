// Workers as every service runs them: connected, started, and registered with the step that drains them.
import type { WorkflowBundle } from '@temporalio/worker'
import type { WorkflowDoor } from '../activities/deps.ts'
import type { Activities } from '../activities/index.ts'
import type { Logger } from '../observability/logger.ts'
import type { TemporalTarget } from '../temporal/connect.ts'
import { connectWorker, orUnreachable } from '../temporal/connect.ts'
import { createWorkflowDoor } from '../temporal/workflow-door.ts'
import { installTemporalRuntime } from '../temporal/runtime.ts'
import type { ScheduleTimings } from '../temporal/schedules.ts'
import type { ProviderRate } from '../worker/workers.ts'
import { createWorkers } from '../worker/workers.ts'
import { startSweeping } from './start-sweeping.ts'
import type { Teardown } from './teardown.ts'

export interface RunWorkersOptions {
  target: TemporalTarget
  allowPlaintext: boolean
  workflowBundle: WorkflowBundle
  createActivities: (workflows: WorkflowDoor) => Activities
  rates: ReadonlyMap<string, ProviderRate>
  /** of the schedules that every worker sees to */
  timings: ScheduleTimings
  /** default: what the workers themselves take */
  shutdownGraceMs?: number
  logger: Logger
  teardown: Teardown
}

/** Resolves when they poll, with a promise of how they ended. */
export async function runWorkers(options: RunWorkersOptions): Promise<{ done: Promise<string> }> {
  const { target, allowPlaintext, teardown, shutdownGraceMs } = options
  // Not before: a runtime that nothing was made with keeps a process from ending.
  installTemporalRuntime(options.logger)
  const connection = await connectWorker(target, { allowPlaintext })
  await teardown.add('links', 'Temporal worker connection', () => connection.close())
  const creating = createWorkers({
    connection,
    namespace: target.namespace,
    workflowBundle: options.workflowBundle,
    activities: options.createActivities(createWorkflowDoor(connection, target.namespace)),
    rates: options.rates,
    ...(shutdownGraceMs === undefined ? {} : { shutdownGraceMs }),
  })
  const workers = await orUnreachable(target, creating)
  const done = workers.run().then(
    () => 'they stopped',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
  await teardown.add('workers', 'workers', async () => {
    workers.shutdown()
    await done
  })
  await startSweeping({ connection, namespace: target.namespace, timings: options.timings, logger: options.logger, teardown })
  return { done }
}
