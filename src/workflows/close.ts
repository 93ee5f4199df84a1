// The ends of a generation that have no picture, and what is said of its attempts then.
import { CancellationScope } from '@temporalio/workflow'
import type { Closing, LeftAttempt } from '../activities/index.ts'
import type { Generation } from '../contract/index.ts'
import { activityFailure } from '../contract/index.ts'
import { bookkeeping } from './activity-options.ts'
import type { Failure } from './decide.ts'
import { applicationFailureOf, generationFailed } from './failures.ts'
import { happen, routeEntry } from './run.ts'
import type { Run } from './run.ts'
import { startSettlements } from './settlements.ts'
import { mayHaveCost, outcomeWhenLeft } from './state.ts'
import type { AttemptRecord } from './state.ts'
import { stopWatching } from './watch.ts'

/** Fails the generation; unless, after a reset, its row says that it was completed before: the first end stays (I2). */
export async function endFailed(run: Run, failure: Failure): Promise<Generation> {
  const closed = await close(run, 'failed', failure)
  if (closed.status === 'completed') return closed
  throw generationFailed(failure, closed)
}

/** Null: cancelled before anything was planned, and nobody had made a row for it. */
export async function closeCancelled(generationId: string, run: Run | null): Promise<Generation | null> {
  if (run !== null) return close(run, 'cancelled', null)
  const closing: Closing = { status: 'cancelled', servedByAttempt: null, fidelity: null, decisions: [], failure: null, left: [] }
  try {
    return await CancellationScope.nonCancellable(() =>
      bookkeeping('close the generation: cancelled').closeGeneration({ generationId, closing }),
    )
  } catch (error) {
    if (applicationFailureOf(error)?.type === activityFailure.noSuchGeneration) return null
    throw error
  }
}

/** Ends the generation's row; attempts that are still open become owing. A cancel cannot stop this. */
async function close(run: Run, status: Closing['status'], failure: Failure | null): Promise<Generation> {
  await stopWatching(run)
  const closing = closingOf(run, status, failure, null)
  happen(run, { kind: 'closing', status })
  return CancellationScope.nonCancellable(async () => {
    const closed = await bookkeeping(`close the generation: ${status}`).closeGeneration({
      generationId: run.generationId,
      closing,
    })
    await startSettlements(run, closed)
    return closed
  })
}

export function closingOf(run: Run, status: Closing['status'], failure: Failure | null, served: AttemptRecord | null): Closing {
  const { state, plan, decisions } = run
  const open = state.attempts.filter((attempt) => attempt !== served && mayHaveCost(attempt))
  return {
    status,
    servedByAttempt: served?.number ?? null,
    fidelity: served === null ? null : routeEntry(plan, served.entry).fidelity,
    decisions,
    failure,
    left: open.map((attempt) => ({
      ...leftAttempt(attempt),
      ...(status === 'cancelled' ? { outcome: 'cancelled' as const } : {}),
    })),
  }
}

export function leftAttempt(attempt: AttemptRecord): LeftAttempt {
  return {
    item: 0,
    attempt: attempt.number,
    outcome: outcomeWhenLeft(attempt),
    reason: attempt.reason ?? 'no_answer',
    message: attempt.message ?? '',
    providerTaskId: attempt.recorded ? null : attempt.providerTaskId,
  }
}
