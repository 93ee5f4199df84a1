// What a command is given of the outside world, so that tests can give it another one.

/** One of the two output streams, as far as a command needs it. */
export interface OutputStream {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
}

export interface CliContext {
  env: NodeJS.ProcessEnv
  /** only what the command was asked for: results, tables, JSON */
  stdout: OutputStream
  /** everything else: progress, logs, errors */
  stderr: OutputStream
  /**
   * Calls `onStop` at the first Ctrl-C or SIGTERM. A second one ends the process at once. Returns a function that stops listening.
   * Only this and `src/dev` touch signals.
   */
  onStopSignal(onStop: () => void): () => void
}

/** Colours are for a person at a terminal, unless they said otherwise. */
export function hasColours(stream: OutputStream, env: NodeJS.ProcessEnv): boolean {
  const noColor = env['NO_COLOR']
  return stream.isTTY === true && (noColor === undefined || noColor === '')
}

/** Some terminals say that they are 0 columns wide; they do not know. */
export function columnsOf(stream: OutputStream, unknown: number): number {
  return stream.columns === undefined || stream.columns === 0 ? unknown : stream.columns
}

export function writeLine(stream: OutputStream, line: string): void {
  stream.write(`${line}\n`)
}
