// DATABASE_URL: is it there, and are its tables up to date?
import type { Secret } from '../config/secret.ts'
import { LedgerUnavailableError } from '../ledger/ledger.ts'
import { migrateLedger } from '../ledger/migrate.ts'
import { openLedger } from './compose-service.ts'

/** Rejects within five seconds when nobody answers; then migrates, which may take longer. The password is in no message (I6). */
export async function reachLedger(databaseUrl: Secret): Promise<void> {
  const connection = { connectionString: databaseUrl.reveal() }
  const ledger = openLedger(connection, null)
  try {
    await ledger.ping()
  } catch (error) {
    const { host } = new URL(databaseUrl.reveal())
    throw new LedgerUnavailableError(
      `The ledger is not reachable: the database at ${host} (DATABASE_URL) does not answer or does not let us in. ` +
        'Without a ledger nothing is submitted, since nothing could be accounted for.',
      { cause: error },
    )
  } finally {
    await ledger.close()
  }
  await migrateLedger(connection)
}
