// The pause in an account's row.
import { type Selectable, sql } from 'kysely'
import type { Pause } from './accounts-port.ts'
import type { AccountsTable } from './schema.ts'

export type PauseColumns = Pick<
  Selectable<AccountsTable>,
  'paused_by' | 'pause_reason' | 'pause_message' | 'paused_at' | 'paused_until'
>

/** Its row is `accounts` in the statement. A pause that ran out stays written until the next one, and is none. */
export const isPausedNow = sql<boolean>`(accounts.paused_at is not null
  and (accounts.paused_until is null or accounts.paused_until > clock_timestamp()))`

/** Of a row whose pause is on. */
export function toPause(row: PauseColumns): Pause {
  const { paused_by: by, pause_reason: reason, pause_message: message, paused_at: since, paused_until: until } = row
  if (by === null || reason === null || since === null) throw new Error('ledger: an account has half a pause')
  return { by, reason, message: message ?? '', since, until }
}
