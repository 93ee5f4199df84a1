// Progress while somebody waits: one line that is rewritten on a terminal, a line per change elsewhere. Always on stderr.
import type { Generation } from '../../contract/index.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { OutputStream } from '../context.ts'
import { describeDuration } from './units.ts'

export interface ProgressLine {
  /** `text` says what is going on; the time since `sinceMs` (of `performance.now()`) is added on a terminal */
  show(text: string, sinceMs?: number): void
  /** removes the line, so that something else can be written */
  clear(): void
}

export function createProgressLine(stream: OutputStream): ProgressLine {
  let last = ''
  const isTerminal = stream.isTTY === true
  return {
    show(text, sinceMs) {
      if (!isTerminal) {
        if (text !== last) stream.write(`${text}\n`)
        last = text
        return
      }
      const clock = sinceMs === undefined ? '' : ` · ${describeDuration(performance.now() - sinceMs)}`
      last = safeText(`${text}${clock}`, Math.max(20, (stream.columns ?? 80) - 1))
      // Back to the first column, write, erase what an earlier and longer line left.
      stream.write(`\r${last}\u001B[K`)
    },
    clear() {
      if (isTerminal && last !== '') stream.write('\r\u001B[K')
      last = ''
    },
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
