// The middle of every command that stays up: until Ctrl-C, or until a part of the service ends by itself.
import type { ServiceEnd } from '../dev/watch-parts.ts'
import type { CliContext } from './context.ts'
import { writeLine } from './context.ts'
import type { ExitCode } from './errors.ts'
import { CliError, exitCodes } from './errors.ts'
import type { StopRequest } from './stop-requested.ts'

export interface Stoppable {
  stop: () => Promise<void>
  closed: Promise<ServiceEnd>
}

export async function stayUp(context: CliContext, service: Stoppable, stop: StopRequest): Promise<ExitCode> {
  writeLine(context.stderr, 'Ctrl-C stops everything; twice stops at once.')
  void stop.requested.then(async () => {
    writeLine(context.stderr, 'stopping …')
    await service.stop()
  })
  const end = await service.closed
  if (end.kind === 'part_ended')
    throw new CliError(`${end.part} ended by itself (${end.why}); everything else was stopped.`, exitCodes.failed)
  return exitCodes.done
}
