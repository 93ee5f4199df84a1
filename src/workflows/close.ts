// The ends of a generation whose pictures are not stored together with its end, and what is said of its attempts then.
import { CancellationScope } from '@temporalio/workflow'
import { CancelledFailure } from '@temporalio/common'
import type { Closing, LeftAttempt } from '../activities/index.ts'
import type { Plan } from '../activities/types.ts'
import type { Generation } from '../contract/index.ts'
import { activityFailure, fidelityLevels } from '../contract/index.ts'
import { bookkeeping } from './activity-options.ts'
import type { Failure } from './decide.ts'
import { applicationFailureOf, generationFailed } from './failures.ts'
import { happen, routeEntry, storiesOf } from './run.ts'
import type { Run } from './run.ts'
import { startSettlements } from './settlements.ts'
import { attemptOf, mayHaveCost, outcomeWhenLeft } from './state.ts'
import type { AttemptRecord, ItemEnd } from './state.ts'
import { stopWatching } from './watch.ts'

/** Fails the generation; unless, after a reset, its row says that it was completed before: the first end stays (I2). */
export async function endFailed(run: Run, failure: Failure): Promise<Generation> {
  const closed = await close(run, 'failed', failure)
  if (closed.status === 'completed') return closed
  throw generationFailed(failure, closed)
}

/** The task for all pictures has none to be had. Items that were stored before it came are kept, and with them the generation. */
export async function endUnfetched(run: Run, failure: Failure): Promise<Generation> {
  const items = run.items.map(({ state, storedAttempt }): ItemEnd => {
    const { item } = state.share
    const attempt = storedAttempt === null ? undefined : attemptOf(state, storedAttempt)
    return attempt === undefined
      ? { item, served: false, failure }
      : { item, served: true, entry: attempt.entry, attempt: attempt.number }
  })
  const served = items.find((end) => end.served)
  if (served === undefined) return endFailed(run, failure)
  happen(run, { kind: 'items_ended', items })
  return endWithItems(run, served)
}

/** Completes a generation whose items are stored, or some of them; unless its row says, after a reset, that it had ended otherwise (I2). */
export async function endWithItems(run: Run, served: Extract<ItemEnd, { served: true }>): Promise<Generation> {
  const { item, attempt: number, entry } = served
  return resultOf(await close(run, 'completed', null, { item, number, entry }))
}

/** What the workflow answers for the end that its row has, which may be one of an earlier run (I2). */
export function resultOf(generation: Generation): Generation {
  if (generation.status === 'completed') return generation
  if (generation.status === 'cancelled') throw new CancelledFailure('the generation had been cancelled')
  throw generationFailed(
    generation.failure ?? { type: 'ResultUnavailable', message: 'the generation had failed before' },
    generation,
  )
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
async function close(
  run: Run,
  status: Closing['status'],
  failure: Failure | null,
  served: Served | null = null,
): Promise<Generation> {
  await stopWatching(run)
  const closing = closingOf(run, status, failure, served)
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

interface Served {
  item: number
  number: number
  /** index in the route */
  entry: number
}

export function closingOf(run: Run, status: Closing['status'], failure: Failure | null, served: Served | null): Closing {
  const { state, plan, decisions } = run
  const isServed = ({ state: { share }, storedAttempt }: Run, { number }: AttemptRecord): boolean =>
    number === storedAttempt || (number === served?.number && share.item === served.item)
  const left = storiesOf(run).flatMap((story) =>
    story.state.attempts
      .filter((attempt) => !isServed(story, attempt) && mayHaveCost(attempt))
      .map((attempt) => ({
        ...leftAttempt(story, attempt),
        ...(status === 'cancelled' ? { outcome: 'cancelled' as const } : {}),
      })),
  )
  // A task for all pictures that delivered after all has made good what items lack.
  const isWhole = served?.item === 0 && attemptOf(state, served.number) !== undefined
  const itemFailures = (isWhole ? [] : (state.items ?? [])).flatMap((end) =>
    end.served ? [] : [{ item: end.item, ...end.failure }],
  )
  return {
    status,
    servedByAttempt: served?.number ?? null,
    fidelity: served === null ? null : fidelityOf(plan, [served.entry, ...otherServedEntries(run)]),
    decisions,
    failure,
    left,
    ...(served === null || served.item === 0 ? {} : { servedByItem: served.item }),
    ...(itemFailures.length === 0 ? {} : { itemFailures }),
  }
}

/** Of items that are stored. */
function otherServedEntries(run: Run): number[] {
  return storiesOf(run).flatMap(({ state, storedAttempt }) =>
    state.attempts.flatMap(({ number, entry }) => (number === storedAttempt ? [entry] : [])),
  )
}

/** That of the picture that differs most from what was asked, with what differs in any of them. */
function fidelityOf(plan: Plan, entries: readonly number[]): Plan['route'][number]['fidelity'] {
  const all = [...new Set(entries)].map((entry) => routeEntry(plan, entry).fidelity)
  const level = fidelityLevels.findLast((each) => all.some((fidelity) => fidelity.level === each)) ?? 'exact'
  return { level, changes: all.flatMap(({ changes }) => changes) }
}

export function leftAttempt({ state }: Run, attempt: AttemptRecord): LeftAttempt {
  return {
    item: state.share.item,
    attempt: attempt.number,
    outcome: outcomeWhenLeft(attempt),
    reason: attempt.reason ?? 'no_answer',
    message: attempt.message ?? '',
    providerTaskId: attempt.recorded ? null : attempt.providerTaskId,
  }
}
