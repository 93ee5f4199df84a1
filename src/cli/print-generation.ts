// Prints one generation on stdout, for a person or as JSON.
import type { Generation } from '../contract/index.ts'
import type { CliContext } from './context.ts'
import { columnsOf, hasColours, writeLine } from './context.ts'
import { createPaint } from './render/colours.ts'
import { renderGeneration } from './render/generation.ts'
import { renderJson } from './render/json.ts'

/** Of a terminal that does not say how wide it is, or of a file. */
export const defaultColumns = 100

export function printGeneration(
  context: CliContext,
  generation: Generation,
  options: { isJson: boolean; gatewayUrl: string },
): void {
  const { stdout, env } = context
  if (options.isJson) {
    writeLine(stdout, renderJson(generation))
    return
  }
  const view = {
    paint: createPaint(hasColours(stdout, env)),
    columns: columnsOf(stdout, defaultColumns),
    locate: (image: { url: string }) => `${options.gatewayUrl}${image.url}`,
  }
  writeLine(stdout, renderGeneration(generation, view))
}
