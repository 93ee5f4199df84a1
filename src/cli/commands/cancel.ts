// darkroom cancel: asks the running service to end a generation.
import type { Command } from 'commander'
import { writeLine } from '../context.ts'
import { exitCodes } from '../errors.ts'
import { createGatewayClient } from '../gateway-client.ts'
import { chooseGatewayUrl } from '../gateway-http.ts'
import { printGeneration } from '../print-generation.ts'
import type { CommandHost } from './command-host.ts'

export function addCancelCommand(program: Command, host: CommandHost): void {
  program
    .command('cancel')
    .description('cancel a generation; a paid submit that is on its way is finished and booked first')
    .argument('<id>', 'the generation')
    .option('--url <address>', 'the gateway (default: DARKROOM_URL, else http://127.0.0.1:8080)')
    .option('--json', 'print it as JSON')
    .action((id: string, flags: { url?: string; json?: boolean }) =>
      host.run(async (context) => {
        const gateway = createGatewayClient(chooseGatewayUrl(flags.url, context.env))
        const generation = await gateway.cancel(id)
        printGeneration(context, generation, { isJson: flags.json === true, gatewayUrl: gateway.url })
        if (generation.status !== 'cancelled') writeLine(context.stderr, 'Cancellation requested; the end follows.')
        return exitCodes.done
      }),
    )
}
