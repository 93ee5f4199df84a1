// darkroom list: generations of the running service, newest first.
import type { Command } from 'commander'
import { safeText } from '../../observability/safe-text.ts'
import { hasColours, writeLine } from '../context.ts'
import { exitCodes } from '../errors.ts'
import { createGatewayClient } from '../gateway-client.ts'
import { chooseGatewayUrl } from '../gateway-http.ts'
import { createPaint } from '../render/colours.ts'
import { renderGenerationList } from '../render/generation-list.ts'
import { renderJson } from '../render/json.ts'
import { parseInteger } from '../request-options.ts'
import type { CommandHost } from './command-host.ts'

interface ListFlags {
  url?: string
  status?: string
  limit: number
  cursor?: string
  json?: boolean
}

export function addListCommand(program: Command, host: CommandHost): void {
  program
    .command('list')
    .description('list generations, the newest first')
    .option('--url <address>', 'the gateway (default: DARKROOM_URL, else http://127.0.0.1:8080)')
    .option('--status <status>', 'only those in this status')
    .option('--limit <number>', 'how many', parseInteger, 20)
    .option('--cursor <cursor>', 'go on where an earlier page ended')
    .option('--json', 'print them as JSON')
    .action((flags: ListFlags) =>
      host.run(async (context) => {
        const { status, limit, cursor } = flags
        const gateway = createGatewayClient(chooseGatewayUrl(flags.url, context.env))
        const page = await gateway.list({
          limit,
          ...(status === undefined ? {} : { status }),
          ...(cursor === undefined ? {} : { cursor }),
        })
        if (flags.json === true) {
          writeLine(context.stdout, renderJson(page))
          return exitCodes.done
        }
        const paint = createPaint(hasColours(context.stdout, context.env))
        if (page.generations.length === 0) writeLine(context.stderr, 'No generations.')
        else writeLine(context.stdout, renderGenerationList(page.generations, paint))
        if (page.nextCursor !== null) writeLine(context.stderr, `More: darkroom list --cursor ${safeText(page.nextCursor, 500)}`)
        return exitCodes.done
      }),
    )
}
