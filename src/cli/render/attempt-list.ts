// Attempts that somebody must look after, of many generations.
import type { ListedAttempt } from '../../ledger/stats-port.ts'
import { safeText } from '../../observability/safe-text.ts'
import { describeAttemptCost, describeEnd, numberOf } from './attempts-table.ts'
import type { Paint } from './colours.ts'
import { renderTable } from './table.ts'
import { describeMoment } from './units.ts'

/** Wide enough for a sentence; a terminal that is narrower wraps it. */
const endWidth = { most: 62, least: 26 }
/** What the other columns and the lines between them take. */
const otherColumnsWidth = 92

export function renderAttemptList(attempts: readonly ListedAttempt[], paint: Paint, terminalColumns: number): string {
  return renderTable(
    [
      { title: 'Generation' },
      { title: '#', align: 'right' },
      { title: 'Provider' },
      { title: 'How it ended', width: Math.min(endWidth.most, Math.max(endWidth.least, terminalColumns - otherColumnsWidth)) },
      { title: 'Cost', align: 'right' },
    ],
    attempts.map((attempt) => [
      `${safeText(attempt.generationId, 60)}\n${paint.quiet(`${describeMoment(attempt.createdAt)} ${safeText(attempt.tenant, 64)}`)}`,
      numberOf(attempt, attempt.item > 0),
      `${safeText(attempt.provider, 20)} ${safeText(attempt.account, 64)}\n${taskOf(attempt, paint)}`,
      describeEnd(attempt, paint),
      describeAttemptCost(attempt).replace(' + ', '\n+ '),
    ]),
    paint,
  )
}

function taskOf({ providerTaskId }: ListedAttempt, paint: Paint): string {
  return paint.quiet(providerTaskId === null ? 'no task known' : safeText(providerTaskId, 40))
}
