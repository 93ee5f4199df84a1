// Brings the tables up to date. Kysely keeps the list of what was done and takes an advisory lock, so several processes may start
// at once. Static list: nothing is found by scanning folders, so it works from src and from dist alike.
import { type Migration, Migrator } from 'kysely'
import type { PoolConfig } from 'pg'
import { openDatabase } from './database.ts'
import { firstTables } from './migrations/2026-11-22-first-tables.ts'
import { moneyAndLimits } from './migrations/2026-11-22-money-and-limits.ts'
import { severalPictures } from './migrations/2026-11-28-several-pictures.ts'
import { trackRecords } from './migrations/2026-11-28-track-records.ts'
import { uploads } from './migrations/2026-11-28-uploads.ts'
import { verdictMoments } from './migrations/2026-11-28-verdict-moments.ts'

/** In order of their names; kysely refuses a list that was reordered. */
export const migrations: Record<string, Migration> = {
  '2026-11-22-first-tables': firstTables,
  '2026-11-22-money-and-limits': moneyAndLimits,
  '2026-11-28-several-pictures': severalPictures,
  '2026-11-28-track-records': trackRecords,
  '2026-11-28-uploads': uploads,
  '2026-11-28-verdict-moments': verdictMoments,
}

/** A big table may take its time, and so may waiting for another process that migrates. */
const migrationTimeoutMs = 60_000

/** Idempotent. Rejects with `LedgerUnavailableError`, or with the error of the migration that failed (nothing of it is kept). */
export async function migrateLedger(
  connection: PoolConfig,
  options: { timeoutMs?: number } = {},
): Promise<{ applied: string[] }> {
  const database = openDatabase({ connection, timeoutMs: options.timeoutMs ?? migrationTimeoutMs, maxConnections: 2 })
  try {
    const migrator = new Migrator({ db: database.kysely, provider: { getMigrations: () => Promise.resolve(migrations) } })
    const { error, results } = await migrator.migrateToLatest()
    if (error !== undefined) throw error instanceof Error ? error : new Error('ledger: migration failed', { cause: error })
    return { applied: (results ?? []).map((result) => result.migrationName) }
  } finally {
    await database.close()
  }
}
