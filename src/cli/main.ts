#!/usr/bin/env node
// The command `darkroom`. Only here is the process itself touched: its streams, its signals, its end.
import type { CliContext } from './context.ts'
import { exitCodes } from './errors.ts'
import { runCli } from './program.ts'

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function onStopSignal(onStop: () => void): () => void {
  let isStopping = false
  const listener = (): void => {
    // Twice means at once: whatever we have started is guarded and ends with us.
    if (isStopping) process.exit(exitCodes.interrupted)
    isStopping = true
    onStop()
  }
  for (const signal of stopSignals) process.on(signal, listener)
  return () => {
    for (const signal of stopSignals) process.off(signal, listener)
  }
}

// A reader that has left (`| head`) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? exitCodes.done : exitCodes.failed),
)

const context: CliContext = { env: process.env, stdout: process.stdout, stderr: process.stderr, onStopSignal }
const exitCode = await runCli(process.argv.slice(2), context)
// Written out before the end: a pipe may take its time over a long document.
process.stdout.write('', () => process.exit(exitCode))
