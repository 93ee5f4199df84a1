import type { AttemptRow } from '../ledger/ledger.ts'
import { safeText } from '../observability/safe-text.ts'
import type { AttemptStanding } from './types.ts'

/** A ledger row as the workflow sees it. */
export function standingOf(row: AttemptRow): AttemptStanding {
  return {
    state: row.state,
    providerTaskId: row.providerTaskId,
    recorded: true,
    reason: row.reason,
    message: row.message === null ? null : safeText(row.message),
    provenFree: row.provenFree,
    tries: row.tries,
  }
}
