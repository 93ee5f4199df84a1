// The table of attempts: provider, activity tries, how it ended, wait, cost. Provider text is hostile: everything goes through safeText.
import Table from 'cli-table3'
import type { AttemptReport } from '../../contract/index.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { Paint } from './colours.ts'
import { describeCost, describeDuration, millisecondsBetween, nothing } from './units.ts'

/** Words for people; the contract's words are for programs. */
const outcomeWords: Readonly<Record<string, string>> = {
  succeeded: 'succeeded',
  failed: 'failed at the provider',
  rejected: 'refused',
  exhausted: 'retries exhausted',
  unknown: 'no readable answer',
  overdue: 'deadline passed',
  cancelled: 'cancelled',
}

/** Wide enough for a sentence; a terminal that is narrower wraps it. */
const endWidth = { most: 60, least: 24 }
/** What the other columns and the lines between them take. */
const otherColumnsWidth = 58

export function renderAttempts(attempts: readonly AttemptReport[], paint: Paint, terminalColumns: number): string {
  const table = new Table({
    head: ['#', 'Provider', 'Activity tries', 'How it ended', 'Wait', 'Cost'].map((title) => paint.strong(title)),
    colAligns: ['right', 'left', 'right', 'left', 'right', 'right'],
    colWidths: [null, null, null, Math.min(endWidth.most, Math.max(endWidth.least, terminalColumns - otherColumnsWidth))],
    wordWrap: true,
    style: { head: [], border: [] },
  })
  for (const attempt of attempts) table.push(toRow(attempt, paint))
  return table.toString()
}

function toRow(attempt: AttemptReport, paint: Paint): string[] {
  const waitMs = millisecondsBetween(attempt.acceptedAt ?? attempt.submittedAt, attempt.finishedAt)
  return [
    String(attempt.number),
    safeText(attempt.provider, 20),
    String(attempt.activityTries),
    describeEnd(attempt, paint),
    attempt.acceptedAt === null ? nothing : describeDuration(waitMs),
    describeAttemptCost(attempt),
  ]
}

export function describeEnd(attempt: AttemptReport, paint: Paint): string {
  if (attempt.outcome === null) return paint.quiet(`still ${attempt.state}`)
  const colour = attempt.outcome === 'succeeded' ? paint.good : paint.bad
  const word = colour(outcomeWords[attempt.outcome] ?? attempt.outcome)
  const why = [attempt.reason?.replaceAll('_', ' '), attempt.message === null ? undefined : safeText(attempt.message, 160)]
  const because = why.filter((part) => part !== undefined).join(' – ')
  const adopted = attempt.adopted ? ' (task id learned from a callback)' : ''
  return `${word}${because === '' ? '' : `: ${because}`}${adopted}`
}

function describeAttemptCost(attempt: AttemptReport): string {
  const isFree = attempt.outcome === 'exhausted' || attempt.outcome === 'rejected'
  const cost = describeCost(attempt.cost, { isFree })
  return attempt.possibleExtraCharge ? `${cost} + possibly charged` : cost
}
