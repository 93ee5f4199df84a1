// Several pictures where a provider makes one per task: each item is a story of its own, with the same steps and branches as the whole.
import { isCancellation } from '@temporalio/workflow'
import { storing } from './activity-options.ts'
import type { Step } from './decide.ts'
import { sentenceOf } from './failures.ts'
import { attemptInput, happen, newRun, nextStep, stopIfCancelled } from './run.ts'
import type { Run } from './run.ts'
import { paidAttempts } from './state.ts'
import type { ItemEnd } from './state.ts'
import { takeStep, unlessServed } from './steps.ts'
import { stopWatching, watchLeftAttempts } from './watch.ts'

/**
 * Asks for each picture by itself, all at the same time; ends when every item has. A task for all of them that was left behind stays
 * watched, and ends the items when it delivers after all.
 */
export async function askItemByItem(run: Run, step: Extract<Step, { kind: 'split' }>): Promise<void> {
  const { state } = run
  happen(run, { kind: 'split' })
  watchLeftAttempts(run)
  await unlessServed(run, async () => {
    run.items = Array.from({ length: state.share.pictures }, (_, item) => {
      const earlier = { earlierAttempts: state.attempts.length, earlierPaid: paidAttempts(state) }
      return newRun(run, state.deadlineAtMs, { item, entry: step.entry, because: step.because, ...earlier }, run)
    })
    // All are waited for, however one ends: a submit on the wire must be booked.
    const ends = await Promise.allSettled(run.items.map(tellItem))
    const items = ends.map((end) => {
      if (end.status === 'rejected') throw end.reason
      return end.value
    })
    happen(run, { kind: 'items_ended', items })
  })
}

async function tellItem(run: Run): Promise<ItemEnd> {
  try {
    return await untilItsEnd(run)
  } finally {
    await stopWatching(run)
  }
}

async function untilItsEnd(run: Run): Promise<ItemEnd> {
  for (;;) {
    // As in the story of the whole: nothing new may be paid now.
    stopIfCancelled()
    const step = nextStep(run)
    switch (step.kind) {
      case 'store':
        return storeItem(run, step)
      case 'fail':
        return { item: run.state.share.item, served: false, failure: step.failure }
      case 'split':
      case 'conclude':
      case 'finish':
        throw new Error(`an item cannot ${step.kind}`)
      default:
        await takeStep(run, step)
    }
  }
}

/** At once: links die sooner than the slowest of the others may take. */
async function storeItem(run: Run, { attempt }: Extract<Step, { kind: 'store' }>): Promise<ItemEnd> {
  const { item } = run.state.share
  const untilDeadlineMs = run.state.deadlineAtMs - Date.now()
  const summary = `item ${item}: fetch and store the picture of attempt ${attempt.number}`
  try {
    await storing(run.plan.limits, untilDeadlineMs, summary).storeItem(attemptInput(run, attempt))
    run.storedAttempt = attempt.number
    return { item, served: true, entry: attempt.entry, attempt: attempt.number }
  } catch (error) {
    if (isCancellation(error)) throw error
    stopIfCancelled()
    // Paid for, and another task would be paid again.
    return { item, served: false, failure: { type: 'ResultUnavailable', message: sentenceOf(error) } }
  }
}
