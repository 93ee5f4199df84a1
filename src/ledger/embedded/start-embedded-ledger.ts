// A ledger without a database server: a child process with PGlite, for one machine. Everybody speaks plain pg to it.
import { type ChildProcess, fork } from 'node:child_process'
import { Socket } from 'node:net'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PoolConfig } from 'pg'
import { migrateLedger } from '../migrate.ts'
import { type ChildAnswer, type ChildOptions, isChildAnswer } from './child-messages.ts'
import type { LockHolder } from './folder-lock.ts'
import { identify } from './process-identity.ts'

export interface EmbeddedLedgerOptions {
  /** `DARKROOM_DATA_DIR`; the ledger lives in `ledger/` inside it */
  dataFolder: string
  /** where a fresh database is kept to be copied from; made at the first start. Default: none, each first start makes its own */
  templateFolder?: string
  /** making a fresh database takes up to 7 s on a busy small machine; default 60 s */
  startTimeoutMs?: number
  /** a connection without a word for this long is cut off; default 10 s */
  idleTimeoutMs?: number
}

export interface EmbeddedLedger {
  /** for `createLedger`; already migrated */
  connection: PoolConfig
  /** of the ledger process */
  pid: number
  /** Closes the database and ends the process. Connections must be closed before. */
  stop: () => Promise<void>
  /** Resolves when the process has ended, by `stop` or not. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** Another process has the data folder. The message says which one, for a person who wants to end it. */
export class DataFolderInUseError extends Error {
  override readonly name = 'DataFolderInUseError'
  /** of the process that was started by hand, not of its ledger process */
  readonly pid: number
  constructor(dataFolder: string, { owner, ledger, host }: LockHolder) {
    const who = `process ${owner.pid} on ${host} (${owner.command}), started ${owner.startedAt}`
    super(`The data folder ${dataFolder} is in use by ${who}, with ledger process ${ledger.pid}`)
    this.pid = owner.pid
  }
}

/** The embedded ledger did not start; one sentence for a person. */
export class EmbeddedLedgerError extends Error {
  override readonly name = 'EmbeddedLedgerError'
}

const defaultStartTimeoutMs = 60_000
/**
 * Sessions take turns, so a client that is frozen inside a transaction (SIGSTOP) holds up everybody; cut off, it is rolled back. Our
 * own pools close idle connections earlier.
 */
const defaultIdleTimeoutMs = 10_000
/** The child gives itself 3 s to close; then it is killed. */
const stopWithinMs = 5_000
/** System errors that mean: no place to write. */
const unwritableCodes: readonly string[] = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOENT', 'ENOSPC', 'ENAMETOOLONG']

export async function startEmbeddedLedger(options: EmbeddedLedgerOptions): Promise<EmbeddedLedger> {
  const dataFolder = resolve(options.dataFolder)
  const child = forkChild({
    ledgerFolder: join(dataFolder, 'ledger'),
    templateFolder: options.templateFolder === undefined ? null : resolve(options.templateFolder),
    owner: { ...identify(process.pid), command: commandLine(), startedAt: new Date(performance.timeOrigin).toISOString() },
    idleTimeoutMs: options.idleTimeoutMs ?? defaultIdleTimeoutMs,
  })
  const exited = new Promise<Awaited<EmbeddedLedger['exited']>>((done) => {
    child.once('exit', (code, signal) => done({ code, signal }))
  })
  const stop = () => stopChild(child, exited)
  try {
    const answer = await firstAnswer(child, exited, options.startTimeoutMs ?? defaultStartTimeoutMs)
    if (answer.kind === 'locked') throw new DataFolderInUseError(dataFolder, answer.holder)
    if (answer.kind === 'failed') throw startError(dataFolder, answer)
    const { host, port } = answer
    const connection: PoolConfig = { host, port, user: 'postgres', password: '', database: 'postgres', ssl: false }
    await migrateLedger(connection)
    // From now on it must not keep our process alive; it leaves when we do.
    child.unref()
    child.channel?.unref()
    if (child.stderr instanceof Socket) child.stderr.unref()
    return { connection, pid: child.pid ?? 0, stop, exited }
  } catch (error) {
    await stop()
    throw error
  }
}

function forkChild(options: ChildOptions): ChildProcess {
  const isSource = import.meta.url.endsWith('.ts')
  const entry = fileURLToPath(new URL(isSource ? './child.ts' : './child.js', import.meta.url))
  return fork(entry, [JSON.stringify(options)], {
    // resolved here, since the child would look for it from the current folder
    execArgv: isSource ? ['--import', import.meta.resolve('tsx')] : [],
    // no keys: the ledger process needs none (I6)
    env: pick(process.env, ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot']),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}

function pick(environment: NodeJS.ProcessEnv, names: string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(names.map((name) => [name, environment[name]]).filter(([, value]) => value !== undefined))
}

/** Without arguments' values beyond the first two words: those may be prompts or secrets. */
function commandLine(): string {
  return process.argv.slice(0, 3).join(' ')
}

async function firstAnswer(child: ChildProcess, exited: EmbeddedLedger['exited'], timeoutMs: number): Promise<ChildAnswer> {
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    // the last words are the ones that matter
    stderr = (stderr + text).slice(-2_000)
  })
  let timer: NodeJS.Timeout | undefined
  const answer = new Promise<ChildAnswer>((done, fail) => {
    timer = setTimeout(() => fail(new EmbeddedLedgerError(`The embedded ledger did not start within ${timeoutMs} ms`)), timeoutMs)
    child.once('message', (message) => {
      if (isChildAnswer(message)) done(message)
    })
    child.once('error', (error) => fail(new EmbeddedLedgerError(`The embedded ledger could not be started: ${error.message}`)))
    void exited.then(({ code, signal }) =>
      fail(
        new EmbeddedLedgerError(
          `The embedded ledger ended while it started (${signal ?? `exit code ${code}`}). ${lastLines(stderr)}`,
        ),
      ),
    )
  })
  try {
    return await answer
  } finally {
    clearTimeout(timer)
  }
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-5).join(' | ')
}

function startError(dataFolder: string, { code, message }: Extract<ChildAnswer, { kind: 'failed' }>): EmbeddedLedgerError {
  return code !== null && unwritableCodes.includes(code)
    ? new EmbeddedLedgerError(`The data folder ${dataFolder} cannot be written: ${message}`)
    : new EmbeddedLedgerError(`The embedded ledger in ${dataFolder} could not be opened: ${message}`)
}

async function stopChild(child: ChildProcess, exited: EmbeddedLedger['exited']): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  child.ref()
  if (child.connected) child.disconnect()
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
  await exited
  clearTimeout(timer)
}
