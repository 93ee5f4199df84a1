// How each activity is run. The numbers come from the plan; the few that are needed before there is one have their reason here.
import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import type { PlanLimits, PlannedEntry, SettlementInput } from '../activities/types.ts'

/** Ledger statements end within 5 s by themselves; three times that covers a busy worker. */
const bookkeepingTimeoutMs = 15_000

/**
 * Planning by the worker that runs the workflow: no task queue round trip. Two tries and the pause between them end within 6.25 s, before the
 * SDK must prolong the workflow task (at 8 of its 10 s). Counted, not timed: a schedule-to-close time that passes between two tries of a local
 * activity is not noticed (SDK 1.24; seen with the ledger away: tries went on for 18 s).
 */
export const planLocally = (summary: string): Pick<Activities, 'planGeneration'> =>
  proxyLocalActivities<Activities>({
    // Planning takes some 20 ms, and 3 s where the ledger is at its limit; one that is away for longer is waited for by a regular activity.
    startToCloseTimeout: 3_000,
    retry: { initialInterval: 250, maximumAttempts: 2 },
    summary,
  })

/** Rows that must be written before the workflow may end: retried for as long as the ledger is away (I1 counts from the last fault). */
export const bookkeeping = (
  summary: string,
): Pick<Activities, 'planGeneration' | 'withdrawAttempt' | 'resolveAttempt' | 'closeGeneration' | 'giveUpSettling'> =>
  proxyActivities<Activities>({
    startToCloseTimeout: bookkeepingTimeoutMs,
    retry: { initialInterval: 500, maximumInterval: 10_000 },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary,
  })

/** The paid POST. Retried by Temporal, guarded by the ledger row; a cancel waits until a running POST is booked (I3). */
export const submitting = (
  entry: PlannedEntry,
  limits: PlanLimits,
  untilDeadlineMs: number,
  summary: string,
): Pick<Activities, 'submitTask'> =>
  proxyActivities<Activities>({
    taskQueue: entry.submitQueue,
    startToCloseTimeout: limits.submitStartToCloseMs,
    heartbeatTimeout: limits.submitHeartbeatTimeoutMs,
    scheduleToCloseTimeout: Math.max(untilDeadlineMs, limits.submitStartToCloseMs),
    retry: {
      maximumAttempts: limits.submitMaxTries,
      initialInterval: limits.submitRetryInitialMs,
      backoffCoefficient: 2,
      maximumInterval: limits.submitRetryMaxMs,
    },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary,
  })

/** Asking until there is an answer: one activity whose tries are the polls, so that any number of polls costs three events. */
export const asking = (
  entry: PlannedEntry,
  limits: PlanLimits,
  untilMs: number,
  summary: string,
): Pick<Activities, 'awaitTask' | 'listenForLostReply'> =>
  proxyActivities<Activities>({
    taskQueue: entry.queryQueue,
    startToCloseTimeout: limits.queryStartToCloseMs,
    scheduleToCloseTimeout: untilMs,
    retry: { initialInterval: limits.pollMinMs, backoffCoefficient: 1 },
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    summary,
  })

/** Standing in line: one activity whose tries are the looks at the line. The ledger says when to look again. */
export const queueing = (
  entry: PlannedEntry,
  limits: PlanLimits,
  untilMs: number,
  summary: string,
): Pick<Activities, 'waitForTurn'> =>
  proxyActivities<Activities>({
    taskQueue: entry.queryQueue,
    startToCloseTimeout: limits.queryStartToCloseMs,
    scheduleToCloseTimeout: untilMs,
    // Only where the ledger is away; a turn that has not come names its own time.
    retry: { initialInterval: 1_000, backoffCoefficient: 1 },
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    summary,
  })

/** Looking after an attempt that was left open: asked slower and slower, for a day. */
export const settling = (input: SettlementInput, untilMs: number): Pick<Activities, 'settleAttempt'> =>
  proxyActivities<Activities>({
    taskQueue: input.queryQueue,
    startToCloseTimeout: input.limits.queryStartToCloseMs,
    scheduleToCloseTimeout: untilMs,
    retry: { initialInterval: input.limits.settlePollMinMs, backoffCoefficient: 1 },
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    summary: `ask what became of attempt ${input.ref.attempt}`,
  })

/** A late picture that the caller wants kept. The provider keeps it for days; a failed download is repeated until the time for settling is over. */
export const keepingSpares = (input: SettlementInput): Pick<Activities, 'storeSpares'> =>
  proxyActivities<Activities>({
    startToCloseTimeout: input.limits.storeStartToCloseMs,
    heartbeatTimeout: input.limits.submitHeartbeatTimeoutMs,
    scheduleToCloseTimeout: Math.max(input.limits.settleForMs, input.limits.storeStartToCloseMs),
    retry: { initialInterval: input.limits.settlePollMinMs, maximumInterval: input.limits.settlePollMaxMs },
    summary: `keep the late picture of attempt ${input.ref.attempt}`,
  })

/** Download, check, store; of the whole generation, close the row too. A failed download never pays again, so it is repeated until the deadline. */
export const storing = (
  limits: PlanLimits,
  untilDeadlineMs: number,
  summary: string,
): Pick<Activities, 'storeImages' | 'storeItem'> =>
  proxyActivities<Activities>({
    startToCloseTimeout: limits.storeStartToCloseMs,
    // A worker that dies is noticed as quickly as in a submit, so that another one can still fetch what is paid for.
    heartbeatTimeout: limits.submitHeartbeatTimeoutMs,
    // At least one whole run beyond the deadline, even when the picture came at the last moment: it is paid for.
    scheduleToCloseTimeout: Math.max(0, untilDeadlineMs) + limits.storeStartToCloseMs,
    retry: { initialInterval: 1_000, maximumInterval: 15_000 },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary,
  })
