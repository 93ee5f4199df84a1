// A stored history as it would have been, had planning taken longer than one workflow task: the SDK then prolongs the task (a completed one
// without commands, and at once the next). A replay makes one of the two, and the first lines of the workflow read the clock of the second.
import { Buffer } from 'node:buffer'

interface StoredEvent {
  eventId: string
  eventTime: string
  workflowTaskStartedEventAttributes?: Record<string, unknown>
  workflowTaskCompletedEventAttributes?: Record<string, unknown>
  markerRecordedEventAttributes?: { details: { result: { payloads: { data: string }[] } } }
}

export interface StoredHistory {
  events: StoredEvent[]
}

export interface Prolonged {
  /** how much longer planning takes */
  byMs: number
  /** everything behind planning and before this event comes so much later; it and the rest are where the deadline puts them */
  untilId: string
  /** false: as plans were before they said when the run began */
  recordsStart: boolean
}

export function prolongPlanning(history: StoredHistory, { byMs, untilId, recordsStart }: Prolonged): StoredHistory {
  // Started, scheduled and completed come in between: all numbers behind the first started task move by three.
  const added = 3
  const firstStartedId = 3
  const text = JSON.stringify(history, (key, value: unknown) =>
    /^eventId$|EventId$/.test(key) && Number(value) > firstStartedId ? String(Number(value) + added) : value,
  )
  const { events }: StoredHistory = JSON.parse(text)
  const [, scheduled, started, completed] = events
  if (scheduled === undefined || started === undefined || completed === undefined) throw new Error('less than four events')
  for (const event of events.slice(
    firstStartedId,
    events.findIndex(({ eventId }) => Number(eventId) === Number(untilId) + added),
  ))
    event.eventTime = later(event.eventTime, byMs)
  const eventTime = later(started.eventTime, byMs)
  const start = started.workflowTaskStartedEventAttributes
  const end = completed.workflowTaskCompletedEventAttributes
  completed.workflowTaskCompletedEventAttributes = { ...end, scheduledEventId: '5', startedEventId: '6' }
  events.splice(
    firstStartedId,
    0,
    {
      ...completed,
      eventId: '4',
      eventTime,
      workflowTaskCompletedEventAttributes: { ...end, scheduledEventId: '2', startedEventId: '3' },
    },
    { ...scheduled, eventId: '5', eventTime },
    { ...started, eventId: '6', eventTime, workflowTaskStartedEventAttributes: { ...start, scheduledEventId: '5' } },
  )
  if (!recordsStart) forgetStart(events)
  return { events }
}

/** The result of the local activity is the plan. */
function forgetStart(events: readonly StoredEvent[]): void {
  const [payload] = events.flatMap((event) => event.markerRecordedEventAttributes?.details.result.payloads ?? [])
  if (payload === undefined) throw new Error('no plan in this history')
  const plan = Buffer.from(payload.data, 'base64').toString('utf8')
  if (!plan.includes('startedAtMs')) throw new Error('this plan does not say when the run began')
  payload.data = Buffer.from(plan.replace(/,"startedAtMs":\d+/, '')).toString('base64')
}

const later = (time: string, byMs: number): string => new Date(Date.parse(time) + byMs).toISOString()
