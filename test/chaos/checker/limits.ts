// I7 to I9: tenants, the provider's limits, the cost of a history.
import { label } from './books.ts'
import type { Check, Finding, HistoryRecord } from './records.ts'

/** I7 is about tenants that cannot see one another; there are no rights yet, only labels, so the label is all that can be held. */
export const checkTenants: Check = (records, books): Finding => {
  const breaches = records.generations.flatMap((generation) => {
    const asked = books.plannedOf(generation)?.request
    if (asked === undefined) return [`${generation.id} was planned by nobody`]
    const isSame = generation.prompt === asked.prompt && generation.metadata['nonce'] === asked.metadata?.['nonce']
    const isTenant = generation.tenant === undefined || generation.tenant === (asked.tenant ?? 'default')
    return isSame && isTenant ? [] : [`${label(generation, books)} shows what somebody else asked for`]
  })
  return {
    id: 'I7',
    title: 'nobody is shown what another asked for',
    checked: records.generations.length,
    breaches,
    note: 'labels only: whoever reaches the gateway sees everything',
    notChecked: null,
  }
}

/** The most in any window that begins with one of the times. */
export function mostInWindow(timesMs: readonly number[], windowMs: number): number {
  const sorted = timesMs.toSorted((a, b) => a - b)
  let most = 0
  let first = 0
  for (const [last, atMs] of sorted.entries()) {
    while ((sorted[first] ?? 0) <= atMs - windowMs) first += 1
    most = Math.max(most, last - first + 1)
  }
  return most
}

/** The most at work at one moment. */
export function mostAtOnce(spans: readonly { fromMs: number; toMs: number }[]): number {
  const changes = spans.flatMap(({ fromMs, toMs }) => [
    { atMs: fromMs, by: 1 },
    { atMs: toMs, by: -1 },
  ])
  // What ends at a moment makes room for what begins at it.
  changes.sort((a, b) => a.atMs - b.atMs || a.by - b.by)
  let now = 0
  let most = 0
  for (const { by } of changes) {
    now += by
    most = Math.max(most, now)
  }
  return most
}

/** I8 no window goes over the provider's limits: counted where the provider counts, refused requests included. */
export const checkLimits: Check = (records): Finding => {
  const { createsPerWindow, windowMs, maxInFlight, leaseMs } = records.limits
  const creates = records.requests.filter(({ provider, point }) => provider === 'kie' && point === 'submit')
  const most = mostInWindow(
    creates.map(({ atMs }) => atMs),
    windowMs,
  )
  const atOnce = mostAtOnce(
    records.tasks
      .filter(({ provider }) => provider === 'kie')
      .map(({ createdAtMs, finishedAtMs }) => ({
        fromMs: createdAtMs,
        // Nobody can know of a task that is lost whether it still runs: it holds its place for a while, not for ever.
        toMs: Math.min(finishedAtMs ?? Number.POSITIVE_INFINITY, createdAtMs + leaseMs),
      })),
  )
  const breaches: string[] = []
  if (createsPerWindow !== null && most > createsPerWindow) {
    breaches.push(`${most} submits to Kie within ${windowMs} ms; ${createsPerWindow} are allowed`)
  }
  if (maxInFlight !== null && atOnce > maxInFlight)
    breaches.push(`${atOnce} tasks ran at Kie at once; ${maxInFlight} are allowed`)
  return {
    id: 'I8',
    title: "no window over the provider's limits",
    checked: creates.length,
    breaches,
    note: `most ${most} submits in ${windowMs / 1_000} s, ${atOnce} tasks at once`,
    notChecked: createsPerWindow === null && maxInFlight === null ? 'no limits in this run' : null,
  }
}

const maxEvents = 32
const maxHistoryBytes = 64 * 1024

/**
 * Served by one wake, without a poll, a retry that Temporal saw, or a worker lost on the way. Where a timer has fired the wake
 * came too late to serve anything: the poll found the end, and the callback after it is four more events.
 */
function isCallbackPath(history: HistoryRecord): boolean {
  const { activities, signals, timedOutTasks, firedTimers, failedWorkflowTasks, status } = history
  const once = (name: string): boolean => activities[name] === 1
  return (
    status === 'COMPLETED' &&
    signals.length === 1 &&
    timedOutTasks === 0 &&
    firedTimers === 0 &&
    failedWorkflowTasks.length === 0 &&
    once('submitTask') &&
    once('awaitTask') &&
    once('storeImages') &&
    Object.values(activities).reduce((sum, times) => sum + times, 0) === 3
  )
}

/** I9 the callback path costs at most 32 events and 64 KiB of history. */
export const checkHistorySize: Check = (records): Finding => {
  const short = records.histories.filter((history) => history.type === 'GenerateImage' && isCallbackPath(history))
  const breaches = short.flatMap(({ workflowId, events, sizeBytes }) => [
    ...(events > maxEvents ? [`${workflowId} has ${events} events`] : []),
    ...(sizeBytes > maxHistoryBytes ? [`${workflowId} has ${sizeBytes} bytes of history`] : []),
  ])
  const most = Math.max(0, ...short.map(({ events }) => events))
  const largest = Math.max(0, ...records.histories.map(({ events }) => events))
  return {
    id: 'I9',
    title: 'callback path: ≤ 32 events, ≤ 64 KiB',
    checked: short.length,
    breaches,
    note: `most ${most} events on the callback path, ${largest} on any`,
    notChecked: null,
  }
}
