// Attempts that somebody must look after, of many generations.
import type { ListedAttempt } from '../../ledger/stats-port.ts'
import { safeText } from '../../observability/safe-text.ts'
import { describeAttemptCost, describeEnd } from './attempts-table.ts'
import type { Paint } from './colours.ts'
import { renderTable } from './table.ts'
import { describeMoment, nothing } from './units.ts'

export function renderAttemptList(attempts: readonly ListedAttempt[], paint: Paint): string {
  return renderTable(
    [
      { title: 'Made' },
      { title: 'Generation' },
      { title: '#', align: 'right' },
      { title: 'Tenant' },
      { title: 'Provider' },
      { title: 'Task' },
      { title: 'How it ended' },
      { title: 'Cost', align: 'right' },
    ],
    attempts.map((attempt) => [
      describeMoment(attempt.createdAt),
      safeText(attempt.generationId, 60),
      String(attempt.number),
      safeText(attempt.tenant, 64),
      `${safeText(attempt.provider, 20)} ${safeText(attempt.account, 64)}`,
      attempt.providerTaskId === null ? nothing : safeText(attempt.providerTaskId, 40),
      describeEnd(attempt, paint),
      describeAttemptCost(attempt),
    ]),
    paint,
  )
}
