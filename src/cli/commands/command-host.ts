import type { CliContext } from '../context.ts'
import type { ExitCode } from '../errors.ts'

/** Runs the body of a command: gives it the outside world, and turns what it throws into a sentence and an exit code. */
export interface CommandHost {
  run(body: (context: CliContext) => Promise<ExitCode>): Promise<void>
}
