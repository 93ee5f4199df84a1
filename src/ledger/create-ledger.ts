// The ledger on Postgres: the real one, or the embedded one behind its socket. One code path.
import { sql } from 'kysely'
import type { PoolConfig } from 'pg'
import { accountGateMethods } from './account-gate.ts'
import { attemptMethods } from './attempts.ts'
import { budgetMethods } from './budgets.ts'
import { openDatabase } from './database.ts'
import { generationMethods } from './generations.ts'
import type { LedgerLinks } from './generation-view.ts'
import { hintMethods } from './hints.ts'
import { lineMethods } from './line.ts'
import { accountListMethods } from './list-accounts.ts'
import type { Ledger } from './ledger.ts'
import { settlementMethods } from './settlement.ts'
import { statsMethods } from './stats.ts'
import { trackRecordMethods } from './track-records.ts'
import { uploadMethods } from './uploads.ts'

export interface LedgerOptions {
  /** `{ connectionString }`, or what the embedded ledger says */
  connection: PoolConfig
  links: LedgerLinks
  /** each call ends within this, waiting for a connection included; default 4.5 s */
  timeoutMs?: number
  /** connections of this process; default 10 */
  maxConnections?: number
}

/** Whoever must refuse a paid submit because the ledger is away shall know within 5 s, with some time left to say so. */
const defaultTimeoutMs = 4_500

/** Connects at the first call; `migrateLedger` must have run before. */
export function createLedger(options: LedgerOptions): Ledger {
  const { connection, links, timeoutMs = defaultTimeoutMs, maxConnections } = options
  const { run, close } = openDatabase({ connection, timeoutMs, ...(maxConnections === undefined ? {} : { maxConnections }) })
  return {
    ...generationMethods(run, links),
    ...attemptMethods(run),
    ...lineMethods(run),
    ...accountGateMethods(run),
    ...accountListMethods(run),
    ...hintMethods(run),
    ...settlementMethods(run),
    ...budgetMethods(run),
    ...statsMethods(run),
    ...trackRecordMethods(run),
    ...uploadMethods(run),
    ping: () =>
      run(async (trx) => {
        await sql`select 1`.execute(trx)
      }),
    close,
  }
}
