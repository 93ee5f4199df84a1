// What the commands for operators have in common: a gateway to ask, and a result as JSON or for a person.
import type { Command } from 'commander'
import type { CommandHost } from './commands/command-host.ts'
import { columnsOf, hasColours, writeLine } from './context.ts'
import { exitCodes } from './errors.ts'
import { chooseGatewayUrl } from './gateway-http.ts'
import { defaultColumns } from './print-generation.ts'
import type { OperationsClient } from './operations-client.ts'
import { createOperationsClient } from './operations-client.ts'
import type { Paint } from './render/colours.ts'
import { createPaint } from './render/colours.ts'
import { renderJson } from './render/json.ts'

export interface OperationFlags {
  url?: string
  json?: boolean
}

/** What is printed: `json` as one document, else `lines`; `notes` go to stderr in both cases. */
export interface Findings {
  json: unknown
  lines: (paint: Paint, terminalColumns: number) => string[]
  notes?: string[]
}

export function addOperationFlags(command: Command): Command {
  return command
    .option('--url <address>', 'the gateway (default: DARKROOM_URL, else http://127.0.0.1:8080)')
    .option('--json', 'print it as JSON')
}

export function operate(
  host: CommandHost,
  flags: OperationFlags,
  ask: (gateway: OperationsClient) => Promise<Findings>,
): Promise<void> {
  return host.run(async (context) => {
    const gateway = createOperationsClient(chooseGatewayUrl(flags.url, context.env))
    const { json, lines, notes = [] } = await ask(gateway)
    if (flags.json === true) writeLine(context.stdout, renderJson(json))
    else {
      const paint = createPaint(hasColours(context.stdout, context.env))
      for (const line of lines(paint, columnsOf(context.stdout, defaultColumns))) writeLine(context.stdout, line)
    }
    for (const note of notes) writeLine(context.stderr, note)
    return exitCodes.done
  })
}
