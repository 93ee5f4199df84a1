// Runs a command line inside the test process, with an outside world that only remembers.
import type { CliContext } from '../../../src/cli/context.ts'
import type { ExitCode } from '../../../src/cli/errors.ts'
import { runCli } from '../../../src/cli/program.ts'

export interface CliRun {
  exitCode: ExitCode
  stdout: string
  stderr: string
}

export interface CliRunOptions {
  env?: NodeJS.ProcessEnv
  isTTY?: boolean
  /** of the terminal; default: it does not say */
  columns?: number
}

export interface RunningCli {
  stdout: () => string
  stderr: () => string
  /** what a first Ctrl-C does */
  stop: () => void
  isListening: () => boolean
  ended: Promise<CliRun>
}

export function startCli(args: string[], options: CliRunOptions = {}): RunningCli {
  const written = { stdout: '', stderr: '' }
  const terminal = {
    isTTY: options.isTTY === true,
    ...(options.columns === undefined ? {} : { columns: options.columns }),
  }
  const listeners = new Set<() => void>()
  const context: CliContext = {
    env: options.env ?? {},
    stdout: { write: (text) => (written.stdout += text), ...terminal },
    stderr: { write: (text) => (written.stderr += text), ...terminal },
    onStopSignal: (onStop) => {
      listeners.add(onStop)
      return () => listeners.delete(onStop)
    },
  }
  return {
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    stop: () => {
      for (const listener of listeners) listener()
    },
    isListening: () => listeners.size > 0,
    ended: runCli(args, context).then((exitCode) => ({ exitCode, ...written })),
  }
}

export async function cliRun(args: string[], options: CliRunOptions = {}): Promise<CliRun> {
  return startCli(args, options).ended
}
