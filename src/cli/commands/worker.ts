// darkroom worker: workers only, around a Postgres and a Temporal server that others run.
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { writeLine } from '../context.ts'
import type { ExitCode } from '../errors.ts'
import { stayUp } from '../stay-up.ts'
import { stopRequested } from '../stop-requested.ts'
import type { CommandHost } from './command-host.ts'

export function addWorkerCommand(program: Command, host: CommandHost): void {
  program
    .command('worker')
    .description('run workers: needs DATABASE_URL and a Temporal server (TEMPORAL_ADDRESS)')
    .action(() => host.run(worker))
}

async function worker(context: CliContext): Promise<ExitCode> {
  const [{ startWorkerProcess }, { readStandaloneOptions }] = await Promise.all([
    import('../../dev/standalone.ts'),
    import('../standalone-options.ts'),
  ])
  const options = readStandaloneOptions(context, 'worker')
  const stop = stopRequested(context)
  try {
    const service = await startWorkerProcess(options)
    writeLine(context.stderr, `Workers poll ${options.temporalTarget.address}, namespace ${options.temporalTarget.namespace}.`)
    return await stayUp(context, service, stop)
  } finally {
    stop.stopListening()
  }
}
