// Starts a command behind the guard (dev-server-guard.ts) and follows it: knows its process id and its end, and can end it.
import { spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { mkdir, readFile, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isAlive } from './file-lock.ts'
import type { Ending, GuardMessage, GuardOrder } from './guard-messages.ts'
import { isGuardMessage } from './guard-messages.ts'
import { ownScriptArguments } from './own-script.ts'

export interface GuardedProcessOptions {
  command: string
  args: string[]
  env: NodeJS.ProcessEnv
  /** what the command prints is appended here */
  logFile: string
  /** how it is ended when we are gone */
  ending: Ending
}

export interface GuardedProcess {
  /** the command's own process id, not the guard's */
  readonly pid: number
  /** resolves when the command has ended, for whatever reason; says how */
  readonly ended: Promise<string>
  hasEnded: () => boolean
  /** what the command has printed since it was started */
  readOutput: () => Promise<string>
  /** Ends the command and waits for it. May be called twice. */
  end: (ending: Ending) => Promise<void>
}

/** A log that grew past this is set aside at the next start: enough to look back at, small enough to forget about. */
const logLimitBytes = 10 * 1024 * 1024

export async function startGuarded(options: GuardedProcessOptions): Promise<GuardedProcess> {
  await mkdir(dirname(options.logFile), { recursive: true })
  await setAsideLargeLog(options.logFile)
  const log = openSync(options.logFile, 'a')
  const logOffset = fstatSync(log).size
  const guard = spawn(
    process.execPath,
    [...ownScriptArguments('dev-server-guard', import.meta.url), options.ending, options.command, ...options.args],
    // Detached means a session of its own: Ctrl-C in the terminal goes to us, and we decide when it ends.
    { stdio: ['ignore', log, log, 'ipc'], env: options.env, detached: true },
  )
  closeSync(log)

  let pid = 0
  let howEnded: string | null = null
  let tellEnded: (how: string) => void = () => {}
  const ended = new Promise<string>((resolve) => {
    tellEnded = (how) => {
      howEnded ??= how
      resolve(howEnded)
    }
  })
  const started = new Promise<number>((resolve, reject) => {
    guard.on('message', (message) => {
      if (!isGuardMessage(message)) return
      if (message.kind === 'started') resolve(message.pid)
      else if (message.kind === 'ended') tellEnded(describeEnd(message))
      else reject(new Error(`${options.command} cannot be run: ${message.why}`))
    })
    guard.on('error', reject)
    guard.on('exit', (exitCode, signal) => {
      reject(new Error(`the guard of ${options.command} ended early (${signal ?? `exit code ${exitCode}`})`))
      // The guard was killed by somebody: then the command has lost its guard, and we are the only one left to end it.
      if (howEnded === null && pid !== 0) killIfAlive(pid)
      tellEnded(howEnded ?? `its guard ended (${signal ?? `exit code ${exitCode}`})`)
    })
  })
  pid = await started
  return {
    pid,
    ended,
    hasEnded: () => howEnded !== null,
    readOutput: async () => (await readFile(options.logFile)).subarray(logOffset).toString('utf8'),
    end: async (ending) => {
      const order: GuardOrder = { kind: 'end', ending }
      if (guard.connected) guard.send(order, () => {})
      await ended
      if (guard.connected) guard.disconnect()
    },
  }
}

function describeEnd(message: Extract<GuardMessage, { kind: 'ended' }>): string {
  return message.signal === null ? `exit code ${message.exitCode}` : `killed by ${message.signal}`
}

function killIfAlive(pid: number): void {
  if (isAlive(pid)) process.kill(pid, 'SIGKILL')
}

async function setAsideLargeLog(path: string): Promise<void> {
  const sizeBytes = await stat(path).then(
    (entry) => entry.size,
    () => 0,
  )
  if (sizeBytes > logLimitBytes) await rename(path, `${path}.old`)
}
