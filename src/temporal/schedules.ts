// What happens without anybody asking: ledger, Temporal and balances are compared every hour, balances are read every few minutes, and a
// worker that starts looks for what was left behind. All three are the workflow `Reconcile`.
import { ScheduleAlreadyRunning } from '@temporalio/client'
import type { Client, ScheduleOptions, ScheduleOptionsStartWorkflowAction, Workflow } from '@temporalio/client'
import type { ReconcileInput, ReconcileLimits } from '../activities/reconcile-types.ts'
import { mainTaskQueue, reconcileWorkflowName } from '../contract/index.ts'

/** Of these two timings each schedule has one. */
export interface ScheduleTimings {
  reconcileEveryMs: number
  balanceCheckEveryMs: number
}

export const reconcileLimits: ReconcileLimits = {
  // Only so as not to look at every row that is being worked on: a picture takes half a minute, a settlement starts within seconds of the end.
  // What keeps a generation safe whose start is still on its way is that it is not overdue.
  minAgeMs: 30_000,
  // A start that was on its way has arrived then: its caller gave up after 3 s.
  lookAgainAfterMs: 5_000,
  // I1 says a minute; the last download may begin at the deadline and take three.
  overdueAfterMs: 300_000,
  // Some ten seconds of questions to Temporal, and less than a megabyte of rows. What is more is looked at by the next run.
  maxRows: 2_000,
  // A report stays under 100 KiB of history; a person reads no more either.
  maxListed: 100,
  // Providers book late, people top up, and a day has enough readings at both of its ends.
  comparePeriodMs: 86_400_000,
  // Many times what such a run takes.
  startToCloseMs: 300_000,
  // A pump beats every half second: a worker that is silent for this long is dead.
  heartbeatTimeoutMs: 30_000,
  // A ledger that is away for longer is met again by the next run.
  scheduleToCloseMs: 900_000,
}

export function reconcileInput(scope: ReconcileInput['scope'], repair: boolean): ReconcileInput {
  return { repair, scope, limits: reconcileLimits }
}

/** `/` cannot be in a generation id, so these never meet one. */
export const reconcileIds = {
  atStart: 'reconcile/at-start',
  byHand: (unique: string) => `reconcile/by-hand/${unique}`,
} as const

/** Part of what people type: they stay. */
export const scheduleIds = { reconcile: 'darkroom-reconcile', balances: 'darkroom-balances' } as const

/** The server takes no interval below a second. */
const shortestIntervalMs = 1_000
/** A run that was missed for longer is not made up for: the next one sees the same. The server takes nothing below 10 s. */
const catchupWindowMs = 10_000
/** For one call, the client's own retries included. */
const callDeadlineMs = 5_000

type Action = ScheduleOptionsStartWorkflowAction<Workflow>
type Definition = Required<Pick<ScheduleOptions<Action>, 'scheduleId' | 'spec' | 'action' | 'policies'>>

export type ScheduleChange = 'created' | 'updated' | 'unchanged'

/** Makes both schedules, or brings them to these intervals. One that somebody has paused stays paused. */
export async function ensureSchedules(
  client: Client,
  timings: ScheduleTimings,
): Promise<Record<keyof typeof scheduleIds, ScheduleChange>> {
  return {
    reconcile: await ensureSchedule(
      client,
      definition(scheduleIds.reconcile, 'reconcile/scheduled', timings.reconcileEveryMs, 'everything'),
    ),
    balances: await ensureSchedule(
      client,
      definition(scheduleIds.balances, 'reconcile/balances', timings.balanceCheckEveryMs, 'balances'),
    ),
  }
}

/** Looks for what was left behind before this worker came. One run serves all workers that start together. */
export async function startFirstSweep(client: Client): Promise<void> {
  await client.withDeadline(Date.now() + callDeadlineMs, () =>
    client.workflow.start(reconcileWorkflowName, {
      workflowId: reconcileIds.atStart,
      taskQueue: mainTaskQueue,
      args: [reconcileInput('everything', true)],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: 'what was left behind before a worker started',
    }),
  )
}

function definition(scheduleId: string, workflowId: string, everyMs: number, scope: ReconcileInput['scope']): Definition {
  return {
    scheduleId,
    spec: { intervals: [{ every: Math.max(shortestIntervalMs, everyMs) }] },
    action: {
      type: 'startWorkflow',
      workflowType: reconcileWorkflowName,
      // The server adds the time.
      workflowId,
      taskQueue: mainTaskQueue,
      args: [reconcileInput(scope, true)],
    },
    policies: { overlap: 'SKIP', catchupWindow: catchupWindowMs },
  }
}

async function ensureSchedule(client: Client, wanted: Definition): Promise<ScheduleChange> {
  const call = <T>(run: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + callDeadlineMs, run)
  try {
    await call(() => client.schedule.create(wanted))
    return 'created'
  } catch (error) {
    // Two workers that start together make the same schedule.
    if (!(error instanceof ScheduleAlreadyRunning)) throw error
  }
  const handle = client.schedule.getHandle(wanted.scheduleId)
  const there = await call(() => handle.describe())
  if (isAsWanted(there, wanted)) return 'unchanged'
  const { spec, action, policies } = wanted
  await call(() => handle.update(({ state }) => ({ spec, action, policies, state })))
  return 'updated'
}

function isAsWanted(
  { spec, action }: { spec: { intervals?: { every: number }[] }; action: { workflowType: string; args?: unknown } },
  wanted: Definition,
): boolean {
  const facts = (intervals: unknown, workflowType: unknown, args: unknown): string =>
    JSON.stringify([intervals, workflowType, args])
  const everyMs = spec.intervals?.map(({ every }) => every)
  const wantedEveryMs = wanted.spec.intervals?.map(({ every }) => every)
  return facts(everyMs, action.workflowType, action.args) === facts(wantedEveryMs, wanted.action.workflowType, wanted.action.args)
}
