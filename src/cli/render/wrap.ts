// Lines of text for a terminal that is too narrow for them: broken between words, and what follows stands under the first one.
import { stripVTControlCharacters } from 'node:util'

/** Where a line is so long that what hangs under it would have no room, it does not hang. */
const leastColumns = 30

/**
 * `columns` of Infinity: a file, nothing is broken. A word that is longer than a line stays whole, so that it can be copied. `hang`: blanks
 * before all lines but the first.
 */
export function wrapLine(line: string, columns: number, hang = 0): string {
  if (widthOf(line) <= columns) return line
  const indent = columns - hang < leastColumns ? 0 : hang
  const lines: string[] = []
  let current = ''
  // Blanks inside a line are kept: two of them may set something apart.
  for (const part of line.split(/(?<=\S)(?= +\S)/)) {
    if (current !== '' && widthOf(current) + widthOf(part) > columns) {
      lines.push(current)
      current = `${' '.repeat(indent)}${part.trimStart()}`
    } else current += part
  }
  return [...lines, current].join('\n')
}

function widthOf(text: string): number {
  // Colours take no room.
  return stripVTControlCharacters(text).length
}
