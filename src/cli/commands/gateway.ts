// darkroom gateway: the HTTP door only, around a Postgres and a Temporal server that others run.
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { writeLine } from '../context.ts'
import type { ExitCode } from '../errors.ts'
import { stayUp } from '../stay-up.ts'
import { stopRequested } from '../stop-requested.ts'
import type { CommandHost } from './command-host.ts'

export function addGatewayCommand(program: Command, host: CommandHost): void {
  program
    .command('gateway')
    .description('run the HTTP gateway: needs DATABASE_URL and a Temporal server (TEMPORAL_ADDRESS)')
    .action(() => host.run(gateway))
}

async function gateway(context: CliContext): Promise<ExitCode> {
  const [{ startGatewayProcess }, { readStandaloneOptions }] = await Promise.all([
    import('../../dev/standalone.ts'),
    import('../standalone-options.ts'),
  ])
  const options = readStandaloneOptions(context, 'gateway')
  const stop = stopRequested(context)
  try {
    const service = await startGatewayProcess(options)
    writeLine(context.stderr, `The gateway listens at ${service.url}.`)
    return await stayUp(context, service, stop)
  } finally {
    stop.stopListening()
  }
}
