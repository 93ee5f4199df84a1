// I12: nothing changes on the word of a callback; and the other side of it: one that was answered with 200 has reached the workflow.
import type { AttemptReport } from '../../../src/contract/index.ts'
import { nonceOf } from '../plan.ts'
import { label } from './books.ts'
import type { Books, ChaosRecords, Check, Finding, HistoryRecord } from './records.ts'

/** Clocks of two processes on one machine, and a reading that was on its way. */
const clockToleranceMs = 50
/**
 * The provider's books say when a delivery began, not when it was answered: a workflow that closed this shortly afterwards may have been
 * closed by then. Less than the grace of a run, after which a workflow whose wake was lost asks by itself.
 */
const closingMs = 3_000

export const checkCallbacks: Check = (records, books): Finding => {
  const breaches: string[] = []
  let checked = 0
  for (const generation of records.generations) {
    const name = label(generation, books)
    for (const attempt of generation.attempts) {
      checked += 1
      const complaint = complaintAbout(attempt, nonceOf(generation.prompt), books)
      if (complaint !== null) breaches.push(`${name}: attempt ${attempt.number} ${complaint}`)
    }
  }
  const acknowledged = lostAcknowledgements(records, books)
  breaches.push(...acknowledged.breaches)
  return {
    id: 'I12',
    title: 'nothing on the word of a callback; none acknowledged and lost',
    checked: checked + acknowledged.checked,
    breaches,
    note: `${acknowledged.checked} acknowledged callbacks followed`,
    notChecked: null,
  }
}

/** What an attempt says of its end must be what the provider's own books say. */
function complaintAbout(attempt: AttemptReport, nonce: string | null, books: Books): string | null {
  if (attempt.providerTaskId === null) {
    return attempt.state === 'succeeded' || attempt.state === 'failed' ? `${attempt.state} without a task` : null
  }
  const task = books.taskById(attempt.provider, attempt.providerTaskId)
  const isOwn = task !== null && nonceOf(task.prompt) === nonce
  // An id read from our own POST's reply is the provider's word; one that was adopted passed a test that must hold.
  if (attempt.adopted && !isOwn) return `adopted ${attempt.providerTaskId}, which is not its own`
  if (attempt.state !== 'succeeded' && attempt.state !== 'failed') return null
  if (task === null) return `${attempt.state} with a task that the provider does not know`
  if (task.state === 'running') return `${attempt.state}, and the provider says that the task still runs`
  if (attempt.state === 'succeeded' && task.state === 'failed') return 'succeeded, and the provider says failed'
  // A success without a picture is a failure to us, and says so.
  const isEmpty = attempt.reason === 'empty_result' || attempt.reason === 'content_policy'
  if (attempt.state === 'failed' && task.state === 'succeeded' && !isEmpty) return 'failed, and the provider says succeeded'
  if (attempt.finishedAt !== null && task.finishedAtMs !== null) {
    const earlyMs = task.finishedAtMs - Date.parse(attempt.finishedAt)
    // Providers tell whole seconds.
    if (earlyMs > 1_000 + clockToleranceMs) return `ended ${earlyMs} ms before its task did`
  }
  return null
}

function lostAcknowledgements(records: ChaosRecords, books: Books): { checked: number; breaches: string[] } {
  const breaches: string[] = []
  let checked = 0
  for (const generation of records.generations) {
    const history = books.historyOf(generation.id)
    if (history === null) continue
    for (const task of books.tasksOf(generation)) {
      const answered = task.callbacks.find(
        // Not the later deliveries: a gateway that has just said 503 is slow, and its 200 may be seconds late.
        ({ kind, delivery, status, atMs }) =>
          kind === 'genuine' && delivery === 1 && status === 200 && isWellBefore(atMs, history),
      )
      if (answered === undefined) continue
      checked += 1
      // Wakes that come close together are one signal, which carries the newest claim.
      const isHeard = history.signals.some(
        ({ claimedTaskId, atMs }) => claimedTaskId === task.taskId || atMs >= answered.atMs - clockToleranceMs,
      )
      if (!isHeard && history.signals.length < floodSize) {
        breaches.push(
          `${label(generation, books)}: the callback of ${task.taskId} was answered with 200 and never reached the workflow`,
        )
      }
    }
  }
  return { checked, breaches }
}

/** The gateway's own bound on wakes of one attempt. */
const floodSize = 10

function isWellBefore(atMs: number, { closedAtMs }: HistoryRecord): boolean {
  return closedAtMs === null || atMs < closedAtMs - closingMs
}
