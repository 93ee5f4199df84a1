// The ledger process: PGlite behind a socket that speaks plain Postgres. Started by `start-embedded-ledger.ts`, and it lives exactly
// as long as its parent: when the channel to the parent closes, whatever the reason, it closes the database and leaves.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import type { ChildAnswer, ChildOptions } from './child-messages.ts'
import { prepareDatabaseFolder } from './database-folder.ts'
import { type FolderLock, FolderLockedError, lockFolder } from './folder-lock.ts'
import { takeTurns } from './take-turns.ts'

/** Unix socket paths end at 104 bytes on macOS and 108 on Linux; a few less to be safe. */
const maxSocketPathBytes = 100
/** pg looks for this name inside the folder it is given as host. */
const socketPort = 5432
const socketName = `.s.PGSQL.${socketPort}`
/** The default of 1 breaks transactions silently. Every process of a service has its pool of ten. */
const maxConnections = 100
/** Closing takes milliseconds; a close that hangs must not leave a process behind. */
const closeWithinMs = 3_000

let lock: FolderLock | null = null
let server: PGLiteSocketServer | null = null
let database: PGlite | null = null
let socketPath: string | null = null
let isLeaving = false

// Ctrl-C and a supervisor's SIGTERM go to the whole group: the parent must be able to write its last rows before the ledger goes.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('disconnect', () => void leave(0))
process.on('exit', () => lock?.release())

async function leave(exitCode: number): Promise<void> {
  if (isLeaving) return
  isLeaving = true
  setTimeout(() => process.exit(exitCode), closeWithinMs).unref()
  try {
    await server?.stop()
    await database?.close()
    if (socketPath !== null) await rm(socketPath, { force: true })
  } catch {
    // What is not closed in order is recovered from the write-ahead log at the next start.
  }
  process.exit(exitCode)
}

async function open({ ledgerFolder, templateFolder, owner, idleTimeoutMs }: ChildOptions): Promise<ChildAnswer> {
  lock = await lockFolder(ledgerFolder, owner)
  const databaseFolder = join(ledgerFolder, 'database')
  await prepareDatabaseFolder(databaseFolder, templateFolder)
  database = await PGlite.create({ dataDir: databaseFolder })
  const shared = takeTurns(database, (error) => {
    process.stderr.write(`the embedded ledger broke: ${String(error)}\n`)
    void leave(1)
  })
  const path = join(ledgerFolder, socketName)
  const limits = { maxConnections, idleTimeout: idleTimeoutMs }
  if (process.platform === 'win32' || Buffer.byteLength(path) > maxSocketPathBytes) {
    server = new PGLiteSocketServer({ db: shared, host: '127.0.0.1', port: 0, ...limits })
    await server.start()
    return { kind: 'ready', host: '127.0.0.1', port: Number(server.getServerConn().split(':').at(-1)) }
  }
  // Left over from a killed process: we hold the lock, so nobody listens there.
  await rm(path, { force: true })
  socketPath = path
  server = new PGLiteSocketServer({ db: shared, path, ...limits })
  await server.start()
  return { kind: 'ready', host: ledgerFolder, port: socketPort }
}

function toFailure(error: unknown): ChildAnswer {
  if (error instanceof FolderLockedError) return { kind: 'locked', holder: error.holder }
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
  return { kind: 'failed', code, message: error instanceof Error ? error.message : String(error) }
}

async function main(): Promise<void> {
  // The parent may have gone while the modules were loading.
  if (process.send === undefined || !process.connected) process.exit(1)
  const options: ChildOptions = JSON.parse(process.argv[2] ?? '')
  const answer = await open(options).catch((error: unknown) => toFailure(error))
  if (isLeaving) return
  process.send(answer, () => {
    if (answer.kind !== 'ready') void leave(1)
  })
}

await main()
