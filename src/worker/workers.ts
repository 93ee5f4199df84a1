// One worker per task queue: workflows and bookkeeping on one, and for each provider one queue for paid submits and one for queries.
import { Worker } from '@temporalio/worker'
import type { NativeConnection, WorkerOptions, WorkflowBundle } from '@temporalio/worker'
import type { Activities } from '../activities/index.ts'
import { mainTaskQueue, queryTaskQueue, submitTaskQueue } from '../contract/index.ts'

/** Requests per second that one provider account takes, kept by Temporal's task queue as a smoother. Null: not limited. */
export interface ProviderRate {
  submitsPerSecond: number | null
  queriesPerSecond: number | null
}

export interface WorkersOptions {
  connection: NativeConnection
  namespace: string
  workflowBundle: WorkflowBundle
  activities: Activities
  rates: ReadonlyMap<string, ProviderRate>
  /** drain time on shutdown; a paid POST may take 60 s, but its outcome survives a kill, so waiting that long is not needed */
  shutdownGraceMs?: number
  identity?: string
  /** how long a workflow task may wait for the worker that has it cached; short in fault runs */
  stickyScheduleToStartTimeoutMs?: number
}

export interface Workers {
  /** Resolves when all have drained, rejects when one fails. */
  run(): Promise<void>
  shutdown(): void
}

export async function createWorkers(options: WorkersOptions): Promise<Workers> {
  const { activities, rates } = options
  const { submitTask, awaitTask, listenForLostReply, waitForTurn, settleAttempt, ...bookkeeping } = activities
  const main = Worker.create({
    ...shared(options),
    taskQueue: mainTaskQueue,
    workflowBundle: options.workflowBundle,
    activities: bookkeeping,
    // Minutes-long waits push workflows out of any cache; a replay costs 20 ms, a cached workflow 50 KB.
    maxCachedWorkflows: 300,
    maxConcurrentWorkflowTaskExecutions: 40,
    ...(options.stickyScheduleToStartTimeoutMs === undefined
      ? {}
      : { stickyQueueScheduleToStartTimeout: options.stickyScheduleToStartTimeoutMs }),
  })
  const perProvider = [...rates].flatMap(([provider, { submitsPerSecond, queriesPerSecond }]) => [
    Worker.create({
      ...shared(options),
      taskQueue: submitTaskQueue(provider),
      activities: { submitTask },
      ...rate(submitsPerSecond),
    }),
    Worker.create({
      ...shared(options),
      taskQueue: queryTaskQueue(provider),
      activities: { awaitTask, listenForLostReply, waitForTurn, settleAttempt },
      ...rate(queriesPerSecond),
    }),
  ])
  const workers = await Promise.all([main, ...perProvider])
  const shutdown = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
  }
  return {
    shutdown,
    async run() {
      // One that fails takes the others with it: half a service would look alive.
      await Promise.all(workers.map((worker) => worker.run().finally(shutdown)))
    },
  }
}

function shared(
  options: WorkersOptions,
): Pick<WorkerOptions, 'connection' | 'namespace' | 'shutdownGraceTime'> & { identity?: string } {
  return {
    connection: options.connection,
    namespace: options.namespace,
    shutdownGraceTime: options.shutdownGraceMs ?? 10_000,
    ...(options.identity === undefined ? {} : { identity: options.identity }),
  }
}

/** The server's limit is an average and spread over partitions: nine tenths of what the provider allows. */
function rate(perSecond: number | null): Pick<WorkerOptions, 'maxTaskQueueActivitiesPerSecond'> {
  return perSecond === null ? {} : { maxTaskQueueActivitiesPerSecond: perSecond * 0.9 }
}
