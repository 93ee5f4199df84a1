// Attempts that were left behind are paid for: they are asked after while their successor runs, each on its own, never as "the provider".
import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow'
import type { AttemptStanding } from '../activities/types.ts'
import { asking } from './activity-options.ts'
import { lastMomentMs } from './decide.ts'
import { sentenceOf } from './failures.ts'
import { attemptInput, happen, itemPrefix, routeEntry } from './run.ts'
import type { Run } from './run.ts'
import { attemptOf, isLeft } from './state.ts'
import type { AttemptRecord } from './state.ts'

/** Begins to watch every attempt that is being left and is not watched yet. */
export function watchLeftAttempts(run: Run): void {
  for (const attempt of run.state.attempts) {
    const { hasCallback } = routeEntry(run.plan, attempt.entry)
    const isOpen = attempt.phase === 'overdue' || (attempt.phase === 'unheard' && hasCallback)
    if (!isOpen || run.watched.running.has(attempt.number)) continue
    const watching = run.watched.scope.run(() => watch(run, attempt.number))
    // Ends with the generation at the latest; what it found is in the state, and a failure of its own is no failure of the story.
    run.watched.running.set(
      attempt.number,
      watching.catch(() => undefined),
    )
  }
}

/** Before the end: no activity may be left that answers to nobody. */
export async function stopWatching(run: Run): Promise<void> {
  if (run.watched.running.size === 0) return
  run.watched.scope.cancel()
  await CancellationScope.nonCancellable(() => Promise.all(run.watched.running.values()))
}

/** True once an attempt that was left behind has a picture after all. */
export function hasLateSuccess({ state }: Run): boolean {
  return state.attempts.some((attempt) => attempt.phase === 'succeeded' && isLeft(state, attempt))
}

/** True while somebody is asked about a task that was left behind. */
export function isWatched({ state }: Run, number: number): boolean {
  return attemptOf(state, number)?.phase === 'overdue'
}

async function watch(run: Run, number: number): Promise<void> {
  for (;;) {
    const attempt = attemptOf(run.state, number)
    const leftMs = run.state.deadlineAtMs - lastMomentMs - Date.now()
    if (attempt === undefined || leftMs <= 0 || (attempt.phase !== 'overdue' && attempt.phase !== 'unheard')) return
    try {
      const standing = await run.wakes.wakeOrPoll(attemptInput(run, attempt).ref, 0, '', () => ask(run, attempt), run.plan.limits)
      if (attempt.phase === 'overdue') happen(run, { kind: 'answered', number, standing })
      else happen(run, { kind: 'listened', number, standing })
      // Nothing new can come: its generation has ended, or nobody will ever name its task.
      if (attemptOf(run.state, number)?.phase === attempt.phase) return
    } catch (error) {
      if (isCancellation(error)) throw error
      // Ended early for a reason of its own: looked at again, for as long as the story runs.
      await sleep(run.plan.limits.pollMaxMs, { summary: `watch attempt ${number} again: ${sentenceOf(error)}`.slice(0, 200) })
    }
  }
}

async function ask(run: Run, attempt: AttemptRecord): Promise<AttemptStanding> {
  const { plan, state } = run
  const entry = routeEntry(plan, attempt.entry)
  const input = attemptInput(run, attempt)
  const untilMs = Math.max(1, state.deadlineAtMs - Date.now())
  const summary = `${itemPrefix(run)}watch attempt ${attempt.number} at ${entry.provider}, left behind`
  const activities = asking(entry, plan.limits, untilMs, summary)
  if (attempt.phase === 'unheard') return activities.listenForLostReply(input)
  const { providerTaskId, recorded } = attempt
  return activities.awaitTask({ ...input, providerTaskId: providerTaskId ?? '', recorded })
}
