// The command line as a tree of commands. Building it loads nothing heavy: a command imports what it needs when it runs.
import { Command, CommanderError } from 'commander'
import { safeText } from '../observability/safe-text.ts'
import { addAttemptsCommand } from './commands/attempts.ts'
import { addBudgetCommand } from './commands/budget.ts'
import { addCancelCommand } from './commands/cancel.ts'
import type { CommandHost } from './commands/command-host.ts'
import { addCompareCommand } from './commands/compare.ts'
import { addDemoCommand } from './commands/demo.ts'
import { addDevCommand } from './commands/dev.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addGatewayCommand } from './commands/gateway.ts'
import { addGenerateCommand } from './commands/generate.ts'
import { addListCommand } from './commands/list.ts'
import { addModelsCommand } from './commands/models.ts'
import { addProviderCommand } from './commands/provider.ts'
import { addReconcileCommand } from './commands/reconcile.ts'
import { addSetupCommand } from './commands/setup.ts'
import { addShowCommand } from './commands/show.ts'
import { addSimulateCommand } from './commands/simulate.ts'
import { addStatsCommand } from './commands/stats.ts'
import { addUploadCommand } from './commands/upload.ts'
import { addWorkerCommand } from './commands/worker.ts'
import type { CliContext } from './context.ts'
import { columnsOf, writeLine } from './context.ts'
import type { ExitCode, FlagOf, ToldError } from './errors.ts'
import { exitCodes, stackLines, tellError } from './errors.ts'
import { wrapLine } from './render/wrap.ts'
import { flagOfField } from './request-fields.ts'

/** Runs one command line to its end and returns the exit code. Never throws, never ends the process. */
export async function runCli(args: readonly string[], context: CliContext): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.done
  let ran: Command | null = null
  const program = new Command('darkroom')
  const host: CommandHost = {
    async run(body) {
      exitCode = await body(context)
    },
  }
  program
    .description('Each picture from a slow, flaky, paid image API as a durable Temporal workflow.')
    .option('--debug', 'show the stack of an error')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      // What was typed is part of such an error.
      outputError: (text, write) => write(`${safeText(text.trim(), 1_000)}\n`),
    })
  addCommands(program, host)
  program.hook('preAction', (_program, command) => void (ran = command))
  try {
    await program.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    // commander has written its own sentence; for `--help` the exit code is 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    const flagOf: FlagOf = (field) => (ran === null ? null : flagOfField(ran, field))
    return reportError(tellError(error, flagOf), error, context, args.includes('--debug'))
  }
}

function addCommands(program: Command, host: CommandHost): void {
  addDemoCommand(program, host)
  addDevCommand(program, host)
  addGenerateCommand(program, host)
  addUploadCommand(program, host)
  addShowCommand(program, host)
  addListCommand(program, host)
  addModelsCommand(program, host)
  addCompareCommand(program, host)
  addCancelCommand(program, host)
  addStatsCommand(program, host)
  addAttemptsCommand(program, host)
  addBudgetCommand(program, host)
  addProviderCommand(program, host)
  addWorkerCommand(program, host)
  addGatewayCommand(program, host)
  addSimulateCommand(program, host)
  addDoctorCommand(program, host)
  addReconcileCommand(program, host)
  addSetupCommand(program, host)
}

function reportError(told: ToldError, error: unknown, { stderr }: CliContext, debug: boolean): ExitCode {
  const { lines, exitCode, isExpected } = told
  const columns = columnsOf(stderr, Infinity)
  // What belongs to one field stands further in than the next field.
  for (const line of lines) writeLine(stderr, wrapLine(line, columns, line.startsWith('  ') ? 4 : 0))
  if (debug) for (const line of stackLines(error)) writeLine(stderr, line)
  else if (!isExpected) writeLine(stderr, 'Nobody thought of this one. Run it again with --debug to see where it comes from.')
  return exitCode
}
