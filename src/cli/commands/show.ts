// darkroom show: one generation of the running service.
import type { Command } from 'commander'
import { exitCodes } from '../errors.ts'
import { createGatewayClient } from '../gateway-client.ts'
import { chooseGatewayUrl } from '../gateway-http.ts'
import { printGeneration } from '../print-generation.ts'
import type { CommandHost } from './command-host.ts'

export function addShowCommand(program: Command, host: CommandHost): void {
  program
    .command('show')
    .description('show a generation: status, attempts, picture, cost, decisions')
    .argument('<id>', 'the generation')
    .option('--url <address>', 'the gateway (default: DARKROOM_URL, else http://127.0.0.1:8080)')
    .option('--json', 'print it as JSON')
    .action((id: string, flags: { url?: string; json?: boolean }) =>
      host.run(async (context) => {
        const gateway = createGatewayClient(chooseGatewayUrl(flags.url, context.env))
        printGeneration(context, await gateway.read(id), { isJson: flags.json === true, gatewayUrl: gateway.url })
        return exitCodes.done
      }),
    )
}
