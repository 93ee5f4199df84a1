// The connection to Postgres: short transactions with a deadline, and one place where driver errors become ours. Fail closed: a
// call that cannot be finished in time is rejected, its connection is destroyed, and the database rolls it back.
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  Kysely,
  type PostgresCursor,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
  type Transaction,
} from 'kysely'
import { Client, Pool, type PoolClient, type PoolConfig } from 'pg'
import { LedgerUnavailableError } from './ledger.ts'
import type { LedgerTables } from './schema.ts'
import { fromDriver, isRepeatable } from './unavailable.ts'

export type LedgerTransaction = Transaction<LedgerTables>

/** Runs `work` in one transaction. `snapshot` reads several tables as they were at one moment. */
export type Run = <T>(work: (trx: LedgerTransaction) => Promise<T>, options?: { snapshot?: boolean }) => Promise<T>

export interface DatabaseOptions {
  connection: PoolConfig
  /** from the call to its end, waiting for a connection included */
  timeoutMs: number
  maxConnections?: number
}

/** Activities and requests of one process share these; more would only queue inside the database. */
const defaultMaxConnections = 10
/** A deadlock or a stale connection is met at most this often in a row before the caller hears of it. */
const maxTries = 3
/** Shorter than the time after which the embedded ledger closes an idle connection, so that a pooled one is never found closed. */
const idleConnectionMs = 5_000
/** A client that is frozen inside a transaction (SIGSTOP) must not hold its locks for ever. */
const idleInTransactionMs = 10_000

export interface Database {
  kysely: Kysely<LedgerTables>
  run: Run
  close: () => Promise<void>
}

export function openDatabase(options: DatabaseOptions): Database {
  const { timeoutMs } = options
  const pool = openPool(options)
  const deadlines = new AsyncLocalStorage<number>()
  const kysely = new Kysely<LedgerTables>({
    dialect: new PostgresDialect({ pool: guardPool(pool, () => deadlines.getStore() ?? performance.now() + timeoutMs) }),
  })

  const run: Run = async (work, { snapshot = false } = {}) => {
    const deadlineAt = performance.now() + timeoutMs
    for (let tries = 1; ; tries += 1) {
      let begun = false
      const transaction = kysely.transaction()
      const settled = snapshot ? transaction.setIsolationLevel('repeatable read').setAccessMode('read only') : transaction
      try {
        return await deadlines.run(deadlineAt, () =>
          settled.execute((trx) => {
            begun = true
            return work(trx)
          }),
        )
      } catch (error) {
        // Safe to repeat: before `begin` nothing was done, and after a deadlock everything was undone.
        const mayRepeat = isRepeatable(error) || (!begun && error instanceof LedgerUnavailableError)
        if (mayRepeat && tries < maxTries && performance.now() < deadlineAt) continue
        throw isRepeatable(error) ? new LedgerUnavailableError('The ledger is too busy: transactions kept colliding') : error
      }
    }
  }
  let ended: Promise<void> | null = null
  return { kysely, run, close: () => (ended ??= pool.end()) }
}

function openPool(options: DatabaseOptions): Pool {
  const { connection, timeoutMs, maxConnections = defaultMaxConnections } = options
  const pool = createPool({
    idleTimeoutMillis: idleConnectionMs,
    keepAlive: true,
    ...connection,
    max: maxConnections,
    connectionTimeoutMillis: timeoutMs,
    // Server side, so that what we gave up on does not stay behind waiting for a lock.
    statement_timeout: timeoutMs,
    idle_in_transaction_session_timeout: Math.max(idleInTransactionMs, timeoutMs),
  })
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {})
  return pool
}

/** Reads the connection string now, so that a bad one is found at the start and never shows up in a message. */
function createPool(config: PoolConfig): Pool {
  try {
    // The client is never connected: making one parses the string.
    void new Client(config)
  } catch {
    throw new LedgerConnectionError(
      'The connection string of the ledger cannot be read: it must look like postgres://user:password@host:5432/name',
    )
  }
  return new Pool(config)
}

/** The connection string is malformed. The message does not repeat it. */
export class LedgerConnectionError extends Error {
  override readonly name = 'LedgerConnectionError'
}

function guardPool(pool: Pool, deadlineAt: () => number): PostgresPool {
  return {
    async connect() {
      const endMs = deadlineAt()
      const client = await beforeDeadline(pool.connect(), endMs, (late) => late.release())
      return guardClient(client, endMs)
    },
    end: () => pool.end(),
  }
}

/** One borrowed connection. After the first failure of the connection itself nothing more is sent over it, and it is destroyed. */
function guardClient(client: PoolClient, endMs: number): PostgresPoolClient {
  let broken: LedgerUnavailableError | null = null
  // While it is borrowed the pool does not listen, and an unheard 'error' event would end the process.
  const onError = (error: Error): void => {
    const mapped = fromDriver(error)
    broken ??=
      mapped instanceof LedgerUnavailableError ? mapped : new LedgerUnavailableError('The connection to the ledger broke')
  }
  client.on('error', onError)

  function query<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
  function query(text: unknown, parameters: readonly unknown[] = []): unknown {
    if (typeof text !== 'string') throw new TypeError('ledger: cursors are not used')
    return send(text, parameters)
  }
  async function send(text: string, parameters: readonly unknown[]): Promise<unknown> {
    if (broken !== null) throw broken
    try {
      return await beforeDeadline(client.query(text, [...parameters]), endMs)
    } catch (error) {
      if (error instanceof LedgerUnavailableError) broken ??= error
      throw error
    }
  }
  return {
    query,
    release: () => {
      // A broken one may still complain while it is being destroyed.
      if (broken === null) client.off('error', onError)
      client.release(broken ?? undefined)
    },
  }
}

/** Waits for pg until `endMs` at most; what comes later is handed to `discard`, and its failure is of no interest any more. */
async function beforeDeadline<T>(promise: Promise<T>, endMs: number, discard: (late: T) => void = () => {}): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => {
        promise.then(discard, () => {})
        reject(new LedgerUnavailableError('The ledger did not answer in time'))
      },
      Math.max(0, endMs - performance.now()),
    )
  })
  try {
    return await Promise.race([promise, deadline])
  } catch (error) {
    throw fromDriver(error)
  } finally {
    clearTimeout(timer)
  }
}
