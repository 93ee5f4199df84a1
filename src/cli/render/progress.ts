// Progress while somebody waits: one line that is rewritten on a terminal, a line per change elsewhere. Always on stderr.
import type { Generation } from '../../contract/index.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { OutputStream } from '../context.ts'
import { columnsOf } from '../context.ts'
import { describeDuration } from './units.ts'

export interface ProgressLine {
  /** `text` says what is going on; on a terminal the time since `sinceMs` (of `performance.now()`) runs beside it */
  show(text: string, sinceMs?: number): void
  /** removes the line, so that something else can be written */
  clear(): void
}

/** Often enough that tenths of a second seem to run. */
const repaintMs = 200

export function createProgressLine(stream: OutputStream): ProgressLine {
  return stream.isTTY === true ? new TerminalLine(stream) : new PlainLines(stream)
}

class PlainLines implements ProgressLine {
  readonly #stream: OutputStream
  #last = ''

  constructor(stream: OutputStream) {
    this.#stream = stream
  }

  show(text: string): void {
    const line = safeText(text)
    if (line !== this.#last) this.#stream.write(`${line}\n`)
    this.#last = line
  }

  clear(): void {}
}

class TerminalLine implements ProgressLine {
  readonly #stream: OutputStream
  #shown: { text: string; sinceMs: number | undefined } | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(stream: OutputStream) {
    this.#stream = stream
  }

  show(text: string, sinceMs?: number): void {
    this.#shown = { text, sinceMs }
    this.#paint()
    if (sinceMs !== undefined) this.#timer ??= setInterval(() => this.#paint(), repaintMs).unref()
  }

  clear(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    // Back to the first column, erase to the end.
    if (this.#shown !== null) this.#stream.write('\r\u001B[K')
    this.#shown = null
  }

  #paint(): void {
    if (this.#shown === null) return
    const { text, sinceMs } = this.#shown
    const clock = sinceMs === undefined ? '' : ` · ${describeDuration(performance.now() - sinceMs)}`
    // A line that wraps could not be rewritten.
    const line = safeText(`${text}${clock}`, Math.max(20, columnsOf(this.#stream, 80) - 1))
    this.#stream.write(`\r${line}\u001B[K`)
  }
}

/** What a generation is doing, in a few words. */
export function describeProgress(generation: Generation): string {
  const attempt = generation.attempts.at(-1)
  const provider = attempt === undefined ? 'a provider' : safeText(attempt.provider, 20)
  switch (generation.status) {
    case 'planning':
      return 'planning'
    case 'queued':
      return `waiting in line at ${provider}`
    case 'submitting':
      return describeSubmit(generation, provider)
    case 'waiting':
      return `${provider} is making the picture`
    case 'listening':
      return `listening for the lost answer of ${provider}`
    case 'storing':
      return 'storing the picture'
    default:
      return generation.status
  }
}

function describeSubmit(generation: Generation, provider: string): string {
  const attempt = generation.attempts.at(-1)
  if (attempt === undefined || attempt.activityTries === 0) return `submitting to ${provider}`
  const reason = attempt.reason === null ? '' : `, ${provider} says ${attempt.reason.replaceAll('_', ' ')}`
  return `submitting to ${provider}, try ${attempt.activityTries}${reason}`
}
