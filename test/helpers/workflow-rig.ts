// The real workflow on a real server, with activities that the test holds in its hand.
import type { WorkflowHandleWithStartDetails } from '@temporalio/client'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import type { NativeConnection } from '@temporalio/worker'
import type { Activities } from '../../src/activities/index.ts'
import { notYet } from '../../src/activities/to-application-failure.ts'
import type { AttemptStanding, Plan, PlanLimits } from '../../src/activities/types.ts'
import type { Generation, GenerationRequest, Wake } from '../../src/contract/index.ts'
import { generateImageWorkflowName, queryTaskQueue, submitTaskQueue, wakeSignal } from '../../src/contract/index.ts'
import type { GenerateImage } from '../../src/workflows/generate-image.ts'
import { loadWorkflowBundle } from '../../src/worker/workflow-bundle.ts'
import { atEnd } from './at-end.ts'
import type { Ends } from './at-end.ts'
import { testCacheFolder, testTemporal } from './temporal.ts'
import type { TestTemporal } from './temporal.ts'
import { routePolicy } from './route-policy.ts'

// Only what is wrong: a worker's life is told in twenty lines otherwise.
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })

export type Fakes = Partial<Activities>

export const limits: PlanLimits = {
  submitMaxTries: 3,
  submitRetryInitialMs: 10,
  submitRetryMaxMs: 50,
  submitStartToCloseMs: 10_000,
  submitHeartbeatTimeoutMs: 5_000,
  queryStartToCloseMs: 5_000,
  firstPollAfterMs: 60_000,
  pollMinMs: 20,
  pollMaxMs: 60_000,
  unknownListenMs: 60_000,
  listenPollMs: 20,
  storeStartToCloseMs: 5_000,
  wakesPerAttempt: 10,
  wakeSpacingMs: 50,
  settleForMs: 60_000,
  settlePollMinMs: 20,
  settlePollMaxMs: 100,
}

export function standing(state: AttemptStanding['state'], more: Partial<AttemptStanding> = {}): AttemptStanding {
  const providerTaskId = ['accepted', 'succeeded', 'failed'].includes(state) ? 'task-1' : null
  return { state, providerTaskId, recorded: true, reason: null, message: null, provenFree: false, tries: 1, ...more }
}

export function generation(id: string, status: Generation['status']): Generation {
  const at = '2026-01-01T00:00:00.000Z'
  return {
    id,
    status,
    mode: 'mock',
    tenant: 'default',
    model: 'nano-banana',
    prompt: 'a fox',
    count: 1,
    createdAt: at,
    finishedAt: at,
    servedBy: null,
    attempts: [],
    images: [],
    cost: { usd: null, source: 'none' },
    fidelity: null,
    timings: { untilSubmitMs: null, submitMs: null, providerMs: null, storeMs: null, totalMs: null },
    decisions: [],
    failure: null,
    itemFailures: [],
    metadata: {},
    links: { self: `/v1/generations/${id}`, temporal: null },
  }
}

/** "Ask again in a minute": only a wake can end this wait within a test. */
export const pendingForAMinute = (): never => {
  throw notYet('StillPending', 'still generating', 60_000)
}

export interface Planned {
  limits?: Partial<PlanLimits>
  policy?: Partial<Plan['policy']>
  deadlineMs?: number
  attemptDeadlineMs?: number
  count?: number
  /** providers that have one task for all pictures */
  whole?: readonly string[]
  /** providers that cannot honour all of the request */
  degraded?: readonly string[]
}

export interface Rig {
  temporal: TestTemporal
  /** the plan that `start` would use for this id */
  planFor(id: string): Plan
  start(fakes: Fakes, plan?: Planned): Promise<Running>
}

export interface Running {
  handle: WorkflowHandleWithStartDetails<typeof GenerateImage>
  wake(attempt?: number, item?: number): Promise<void>
  /** stops the workflow's worker, so that events pile up and arrive in one activation */
  pauseWorkflow(): Promise<void>
  resumeWorkflow(): Promise<void>
  calls: string[]
}

const wakeOf = (attempt: number, item: number): Wake => ({
  item,
  attempt,
  claimedTaskId: 'task-1',
  claimedState: 'success',
  receivedAt: '2026-01-01T00:00:00.000Z',
  bodySha256: '0'.repeat(64),
})

export async function workflowRig(t: Ends): Promise<Rig> {
  const temporal = await testTemporal(t)
  const native = await temporal.connectWorker()
  let count = 0
  return {
    temporal,
    planFor: (id) => planFor(id, {}),
    async start(fakes, planned = {}) {
      count += 1
      const id = `rig-${process.pid}-${count}`
      return startOne(t, temporal, native, id, fakes, planned)
    },
  }
}

async function startOne(
  t: Ends,
  temporal: TestTemporal,
  native: NativeConnection,
  id: string,
  fakes: Fakes,
  planned: Planned,
): Promise<Running> {
  const calls: string[] = []
  const plan = planFor(id, planned)
  const all: Fakes = {
    planGeneration: async ({ startedAtMs = 0 }) => ({ ...plan, startedAtMs }),
    resolveAttempt: async () => standing('absent', { provenFree: true }),
    withdrawAttempt: async ({ reason, message }) => standing('withdrawn', { reason, message, provenFree: true }),
    closeGeneration: async ({ generationId, closing }) => generation(generationId, closing.status),
    storeImages: async ({ ref }) => generation(ref.generationId, 'completed'),
    storeItem: async () => undefined,
    ...fakes,
  }
  const recorded = Object.fromEntries(
    Object.entries(all).map(([name, run]) => [
      name,
      async (...args: unknown[]): Promise<unknown> => {
        calls.push(name)
        const answer: unknown = Reflect.apply(run, undefined, args)
        return answer
      },
    ]),
  )
  const workers = new Set<{ worker: Worker; done: Promise<void> }>()
  const run = (worker: Worker): { worker: Worker; done: Promise<void> } => {
    const running = { worker, done: worker.run() }
    workers.add(running)
    return running
  }
  const workflowWorker = async (): Promise<Worker> =>
    Worker.create({
      connection: native,
      taskQueue: id,
      workflowBundle: await loadWorkflowBundle(testCacheFolder),
      activities: recorded,
      stickyQueueScheduleToStartTimeout: 200,
    })
  const activityQueues = plan.route.flatMap(({ submitQueue, queryQueue }) => [submitQueue, queryQueue])
  let workflows = run(await workflowWorker())
  for (const taskQueue of activityQueues) {
    run(await Worker.create({ connection: native, taskQueue, activities: recorded, shutdownGraceTime: 100 }))
  }
  const stop = async (running: { worker: Worker; done: Promise<void> }): Promise<void> => {
    workers.delete(running)
    running.worker.shutdown()
    await running.done
  }
  atEnd(t, async () => {
    await Promise.all([...workers].map(stop))
  })
  const request: GenerationRequest = { model: 'nano-banana', prompt: 'a fox' }
  const handle = await temporal.client.workflow.start<typeof GenerateImage>(generateImageWorkflowName, {
    workflowId: id,
    taskQueue: id,
    args: [request],
  })
  return {
    handle,
    calls,
    wake: async (attempt = 1, item = 0) => handle.signal(wakeSignal, wakeOf(attempt, item)),
    pauseWorkflow: async () => stop(workflows),
    resumeWorkflow: async () => {
      workflows = run(await workflowWorker())
    },
  }
}

const degraded: Plan['route'][number]['fidelity'] = {
  level: 'degraded',
  changes: [{ field: 'seed', asked: '7', sent: null, why: 'takes no seed' }],
}

function planFor(id: string, planned: Planned): Plan {
  return {
    route: (['kie', 'defapi'] as const).map((provider) => ({
      provider,
      model: 'google/nano-banana',
      priceUsd: 0.02,
      ...(planned.whole?.includes(provider) === true ? { whole: { priceUsd: 0.05 } } : {}),
      submitQueue: `${id}-${submitTaskQueue(provider)}`,
      queryQueue: `${id}-${queryTaskQueue(provider)}`,
      hasCallback: true,
      attemptDeadlineMs: planned.attemptDeadlineMs ?? 300_000,
      fidelity: planned.degraded?.includes(provider) === true ? degraded : { level: 'exact', changes: [] },
    })),
    policy: {
      ...routePolicy,
      maxQueueMs: 60_000,
      ...planned.policy,
    },
    limits: { ...limits, ...planned.limits },
    deadlineMs: planned.deadlineMs ?? 600_000,
    ...(planned.count === undefined ? {} : { count: planned.count }),
    decisions: [],
  }
}
