// For commands that stay up: when somebody wants them to end.
import type { CliContext } from './context.ts'

export interface StopRequest {
  /** resolves at the first Ctrl-C or SIGTERM; a second one ends the process at once */
  requested: Promise<void>
  /** aborts at the same moment */
  signal: AbortSignal
  stopListening: () => void
}

/** Listens from now on: also while the command is still starting. */
export function stopRequested(context: CliContext): StopRequest {
  const stop = new AbortController()
  const requested = new Promise<void>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const stopListening = context.onStopSignal(() => stop.abort())
  return { requested, signal: stop.signal, stopListening }
}
