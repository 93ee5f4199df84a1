// Which failures mean "the ledger is out of reach", so that nobody pays meanwhile. Everything else is a bug of ours and stays as it is.
import { DatabaseError } from 'pg'
import { LedgerUnavailableError } from './ledger.ts'

/** Postgres error codes, by class or in full: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const unavailableCodes: readonly { code: string; says: string }[] = [
  { code: '08', says: 'the connection broke' },
  { code: '25006', says: 'the database is read-only' },
  { code: '28', says: 'the database refused the login' },
  { code: '3D000', says: 'the database does not exist' },
  // our own deadline on the server side
  { code: '57014', says: 'a statement took too long' },
  { code: '25P03', says: 'a transaction was idle too long' },
  { code: '25P04', says: 'a transaction took too long' },
  { code: '53', says: 'the database is out of resources' },
  { code: '55P03', says: 'a lock could not be had in time' },
  { code: '57P', says: 'the database is shutting down or starting up' },
  { code: '58', says: 'the database met a system error' },
  { code: '42P01', says: 'its tables are missing, run the migration' },
  { code: '42703', says: 'its tables are old, run the migration' },
]

/** Rolled back by the database through no fault of the statement: deadlock, serialization failure. */
const repeatableCodes: readonly string[] = ['40P01', '40001']

/** True for an error that the same transaction may not meet again. */
export function isRepeatable(error: unknown): boolean {
  return error instanceof DatabaseError && repeatableCodes.includes(error.code ?? '')
}

/**
 * The one mapping of what pg rejects with. What the database did not say itself is a missing or broken connection; messages are
 * ours, with a code at most, because those of drivers may name hosts and users.
 */
export function fromDriver(error: unknown): unknown {
  if (error instanceof LedgerUnavailableError || isRepeatable(error)) return error
  if (error instanceof DatabaseError) {
    const code = error.code ?? ''
    const known = unavailableCodes.find((entry) => code.startsWith(entry.code))
    return known === undefined ? error : new LedgerUnavailableError(`The ledger cannot be used: ${known.says} (${code})`)
  }
  // thrown while pg writes a parameter out: a value of ours that has no form in SQL
  if (error instanceof TypeError || error instanceof RangeError) return error
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return new LedgerUnavailableError(`The ledger cannot be reached (${typeof code === 'string' ? code : 'connection failed'})`)
}
