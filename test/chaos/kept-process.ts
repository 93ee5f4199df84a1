// A child process that is started again whenever it ends, wanted or not, and remembers how it ended.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, closeSync, readFileSync } from 'node:fs'
import { eventually } from '../helpers/eventually.ts'

export interface ProcessExit {
  name: string
  atMs: number
  code: number | null
  signal: string | null
  /** the row that ended it; null: nobody wanted it (I11) */
  row: string | null
  /** it had come up */
  wasReady: boolean
  /** the end of its log, where nobody wanted it to end */
  lastWords: string
}

export interface KeptProcessOptions {
  name: string
  /** a .ts file */
  entry: string
  /** asked at each start, so that each life may have another crash order */
  env: () => Record<string, string>
  logFile: string
  onMessage?: (message: unknown) => void
  onExit?: (exit: ProcessExit) => void
}

/** A start of node with tsx, the SDK's native core and the workflow bundle takes 1.5 s on a quiet machine. */
const startTimeoutMs = 60_000
/** Drains take less than 2 s with the short timings. */
const stopTimeoutMs = 10_000

export class KeptProcess {
  readonly #options: KeptProcessOptions
  #child: ChildProcess | null = null
  #isReady = false
  #isKept = true
  #killedBy: string | null = null
  #heldUntilMs = 0
  #starting: Promise<void> | null = null

  constructor(options: KeptProcessOptions) {
    this.#options = options
  }

  get isReady(): boolean {
    return this.#isReady
  }

  /** Resolves when it says that it is ready. A life that ends before that is followed by another one. */
  async start(): Promise<void> {
    this.#isKept = true
    if (this.#child === null) this.#spawn()
    await this.ready()
  }

  async ready(): Promise<void> {
    await eventually(
      () => {
        if (!this.#isReady) throw new Error(`${this.#options.name} is not ready; see ${this.#options.logFile}`)
      },
      { timeoutMs: startTimeoutMs },
    )
  }

  /** SIGKILL; false when there was nothing to kill. It comes back `downMs` later. */
  kill(row: string, downMs = 0): boolean {
    if (this.#child === null) return false
    this.#killedBy = row
    this.#heldUntilMs = Date.now() + downMs
    return this.#child.kill('SIGKILL')
  }

  /** Asks it to end; kills what does not. */
  async stop(): Promise<void> {
    this.#isKept = false
    await this.#starting
    const child = this.#child
    if (child === null) return
    const exited = once(child, 'exit')
    this.#killedBy = 'stop'
    if (child.connected) child.send('stop')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
    await exited
    clearTimeout(timer)
  }

  #spawn(): void {
    const { name, entry, env, logFile, onMessage, onExit } = this.#options
    const log = openSync(logFile, 'a')
    const child = fork(entry, [], {
      execArgv: ['--import', import.meta.resolve('tsx')],
      env: { ...inherited(), ...env() },
      stdio: ['ignore', log, log, 'ipc'],
    })
    closeSync(log)
    this.#child = child
    this.#isReady = false
    this.#killedBy = null
    child.on('message', (message) => {
      if (message === 'ready') this.#isReady = true
      else if (isCrash(message)) this.#killedBy = message.crashed
      else onMessage?.(message)
    })
    child.once('exit', (code, signal) => {
      const wasReady = this.#isReady
      this.#child = null
      this.#isReady = false
      const row = this.#killedBy
      onExit?.({ name, atMs: Date.now(), code, signal, row, wasReady, lastWords: row === null ? endOf(logFile) : '' })
      if (this.#isKept) this.#starting = this.#restart()
    })
  }

  async #restart(): Promise<void> {
    // Not at once: a process that cannot start must not spin.
    await new Promise((resolve) => {
      setTimeout(resolve, Math.max(200, this.#heldUntilMs - Date.now()))
    })
    if (this.#isKept && this.#child === null) this.#spawn()
  }
}

function isCrash(message: unknown): message is { crashed: string } {
  return typeof message === 'object' && message !== null && 'crashed' in message && typeof message.crashed === 'string'
}

/** Enough for an error and its first frames. */
const lastWordsLength = 1_000

function endOf(logFile: string): string {
  return readFileSync(logFile, 'utf8').slice(-lastWordsLength).trim()
}

/** No key and no address of the shell that runs this. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LANG', 'TZ']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name] ?? '']])))
}
