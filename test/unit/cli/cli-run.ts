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
  /** given the function that a Ctrl-C would call */
  onListening?: (stop: () => void) => void
}

export async function cliRun(args: string[], options: CliRunOptions = {}): Promise<CliRun> {
  const written = { stdout: '', stderr: '' }
  const isTTY = options.isTTY === true
  const context: CliContext = {
    env: options.env ?? {},
    stdout: { write: (text) => (written.stdout += text), isTTY },
    stderr: { write: (text) => (written.stderr += text), isTTY },
    onStopSignal: (onStop) => {
      options.onListening?.(onStop)
      return () => {}
    },
  }
  const exitCode = await runCli(args, context)
  return { exitCode, ...written }
}
