// A bug of the simulator's own must not pass for a fault that was asked for.
import type { ServerResponse } from 'node:http'

/** Where nobody waits for the outcome. */
export function report(error: unknown): void {
  process.stderr.write(
    `the simulator itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
}

export function crash(response: ServerResponse, error: unknown): void {
  report(error)
  if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' })
  response.end('the simulator itself failed; its standard error says how\n')
}
