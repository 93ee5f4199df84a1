// Runs one command to its end and says how it ended. Expected ends are values, so that a missing python3 is a reason and not a crash.
import { spawn } from 'node:child_process'

export interface CommandOptions {
  timeoutMs: number
  /** stops the command early; it is killed, never left behind */
  signal?: AbortSignal | undefined
  env?: NodeJS.ProcessEnv | undefined
}

export type CommandEnd =
  | { kind: 'ended'; exitCode: number; stdout: string; stderr: string }
  | { kind: 'not_started'; why: string }
  | { kind: 'timed_out'; timeoutMs: number }
  | { kind: 'stopped'; why: string }

/** Enough for a version line or the last lines of an error; a chatty command cannot fill the memory. */
const outputLimitChars = 64 * 1024

export function runCommand(command: string, args: string[], options: CommandOptions): Promise<CommandEnd> {
  return new Promise((resolve) => {
    if (options.signal?.aborted === true) {
      resolve({ kind: 'stopped', why: 'stopped before it began' })
      return
    }
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: options.env ?? process.env })
    const output = { stdout: '', stderr: '' }
    let early: CommandEnd | null = null
    const endEarly = (end: CommandEnd): void => {
      early ??= end
      child.kill('SIGKILL')
      // A grandchild may hold the pipes open: the end is ours, not theirs.
      child.stdout.destroy()
      child.stderr.destroy()
    }
    const timer = setTimeout(() => endEarly({ kind: 'timed_out', timeoutMs: options.timeoutMs }), options.timeoutMs)
    const onAbort = (): void => endEarly({ kind: 'stopped', why: 'stopped' })
    options.signal?.addEventListener('abort', onAbort, { once: true })
    const finish = (end: CommandEnd): void => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
      resolve(early ?? end)
    }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8')
      child[name].on('data', (text: string) => {
        output[name] = (output[name] + text).slice(-outputLimitChars)
      })
    }
    child.on('error', (error: NodeJS.ErrnoException) => {
      finish({ kind: 'not_started', why: error.code === 'ENOENT' ? 'not found' : (error.code ?? error.message) })
    })
    child.on('close', (exitCode) => finish({ kind: 'ended', exitCode: exitCode ?? 1, ...output }))
  })
}

/** Why a command gave no answer of its own, in words that follow its name; null when it ended by itself. */
export function whyNoEnd(end: CommandEnd): string | null {
  switch (end.kind) {
    case 'not_started':
      return `cannot be run (${end.why})`
    case 'timed_out':
      return `did not end within ${end.timeoutMs / 1000} s`
    case 'stopped':
      return `was ${end.why}`
    default:
      return null
  }
}

/** The line of a command's output that says most: the last one that begins with "error", else the last one. */
export function lastTellingLine(output: string, maxLength = 200): string {
  const lines = output
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const telling = lines.findLast((line) => /^error\b/i.test(line)) ?? lines.at(-1) ?? 'no output'
  return telling.replace(/^error:?\s*/i, '').slice(0, maxLength)
}
