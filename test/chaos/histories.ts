// Every history that a run has left: counted, searched for secrets, and replayed against the code that ran.
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import type { Client } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { Worker } from '@temporalio/worker'
import type { WorkflowBundle } from '@temporalio/worker'
import { testCacheFolder } from '../helpers/temporal.ts'
import type { HistoryRecord, SignalRecord } from './checker/records.ts'

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>
type HistoryEvent = NonNullable<History['events']>[number]

export interface FetchedHistory {
  record: HistoryRecord
  history: History
  /** with its payloads decoded, so that what is inside can be searched */
  text: string
}

export async function fetchHistories(client: Client): Promise<FetchedHistory[]> {
  const found: FetchedHistory[] = []
  for await (const execution of client.workflow.list()) {
    const history = await client.workflow.getHandle(execution.workflowId, execution.runId).fetchHistory()
    const text = readable(historyToJSON(history))
    found.push({
      history,
      text,
      record: {
        workflowId: execution.workflowId,
        runId: execution.runId,
        type: execution.type,
        status: execution.status.name,
        startedAtMs: execution.startTime.getTime(),
        closedAtMs: execution.closeTime?.getTime() ?? null,
        ...countEvents(history.events ?? []),
        sizeBytes: execution.historySize ?? text.length,
      },
    })
  }
  return found
}

export async function countOpen(client: Client): Promise<number> {
  return (await client.workflow.count("ExecutionStatus = 'Running'")).count
}

/** The server says this when a signal comes while a workflow closes, and asks again: nothing has gone wrong. */
const unhandledCommand = 1

export function countEvents(
  events: readonly HistoryEvent[],
): Omit<HistoryRecord, 'workflowId' | 'runId' | 'type' | 'status' | 'startedAtMs' | 'closedAtMs' | 'sizeBytes'> {
  const activities: Record<string, number> = {}
  const failedWorkflowTasks: string[] = []
  const signals: SignalRecord[] = []
  let timedOutTasks = 0
  let firedTimers = 0
  for (const event of events) {
    const scheduled = event.activityTaskScheduledEventAttributes?.activityType?.name
    if (isThere(scheduled)) activities[scheduled] = (activities[scheduled] ?? 0) + 1
    const failed = event.workflowTaskFailedEventAttributes
    if (isThere(failed) && Number(failed.cause) !== unhandledCommand) {
      failedWorkflowTasks.push(`cause ${failed.cause}: ${failed.failure?.message ?? 'no message'}`)
    }
    if (isThere(event.workflowTaskTimedOutEventAttributes) || isThere(event.activityTaskTimedOutEventAttributes))
      timedOutTasks += 1
    if (isThere(event.timerFiredEventAttributes)) firedTimers += 1
    const signalled = event.workflowExecutionSignaledEventAttributes
    if (isThere(signalled)) signals.push(readWake(signalled.input?.payloads?.[0]?.data, eventMs(event)))
  }
  return { events: events.length, activities, failedWorkflowTasks, signals, timedOutTasks, firedTimers }
}

/** protobuf leaves out, or sets to null */
function isThere<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined
}

function eventMs({ eventTime }: HistoryEvent): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6
}

function readWake(data: Uint8Array | null | undefined, atMs: number): SignalRecord {
  const wake: unknown = !isThere(data) || data.length === 0 ? null : JSON.parse(Buffer.from(data).toString('utf8'))
  const field = (name: string): unknown => (typeof wake === 'object' && wake !== null ? Reflect.get(wake, name) : null)
  const attempt = field('attempt')
  const claimed = field('claimedTaskId')
  return {
    atMs,
    attempt: typeof attempt === 'number' ? attempt : null,
    claimedTaskId: typeof claimed === 'string' ? claimed : null,
  }
}

/** Payloads are base64 in the JSON form of a history; nothing could be found in them. */
function readable(json: string): string {
  return json.replaceAll(
    /"data":\s*"([\w+/=]+)"/g,
    (_whole, data: string) => `"data":${Buffer.from(data, 'base64').toString('utf8')}`,
  )
}

/** With the bundle of the tree that ran: another one would be another program. */
export async function replayAll(
  root: string,
  histories: readonly FetchedHistory[],
): Promise<{ replayed: number; errors: string[] }> {
  const module: unknown = await import(pathToFileURL(join(root, 'src/worker/workflow-bundle.ts')).href)
  if (!hasLoader(module)) throw new Error(`${root} has no workflow bundle`)
  const workflowBundle = await module.loadWorkflowBundle(testCacheFolder)
  // One that still runs has a history too; it is replayed as far as it goes.
  const named = histories.map(({ history, record }) => ({ workflowId: record.workflowId, history }))
  const errors: string[] = []
  let replayed = 0
  for await (const result of Worker.runReplayHistories({ workflowBundle }, named)) {
    replayed += 1
    if (result.error !== undefined)
      errors.push(`${result.workflowId}: ${result.error.message.replace(/^.*?(?=\[TMPRL)/s, '').slice(0, 300)}`)
  }
  return { replayed, errors }
}

function hasLoader(module: unknown): module is { loadWorkflowBundle: (folder: string) => Promise<WorkflowBundle> } {
  return typeof module === 'object' && module !== null && 'loadWorkflowBundle' in module
}
