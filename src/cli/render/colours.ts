// Colours by meaning. Without a terminal, or with NO_COLOR, every function gives its text back unchanged.
import { styleText } from 'node:util'

export interface Paint {
  good: (text: string) => string
  bad: (text: string) => string
  warn: (text: string) => string
  quiet: (text: string) => string
  strong: (text: string) => string
}

/** Whether the stream is a terminal was asked by whoever made the paint; node would ask stdout again, whatever the stream. */
const colour = (name: 'green' | 'red' | 'yellow' | 'dim' | 'bold', text: string): string =>
  styleText(name, text, { validateStream: false })

const plain = (text: string): string => text

export function createPaint(isColoured: boolean): Paint {
  if (!isColoured) return { good: plain, bad: plain, warn: plain, quiet: plain, strong: plain }
  return {
    good: (text) => colour('green', text),
    bad: (text) => colour('red', text),
    warn: (text) => colour('yellow', text),
    quiet: (text) => colour('dim', text),
    strong: (text) => colour('bold', text),
  }
}
