// The prompts of a comparison: from a file, one a line, or these.
import { readFile } from 'node:fs/promises'
import { CliError, exitCodes } from '../errors.ts'

/** What image models are known to differ in: light, text, hands and counting, flat shapes, many small things. */
export const builtInPrompts: readonly string[] = [
  'a red fox in fresh snow at dawn, photograph, low sun from the left',
  'a shop window at night with the words OPEN UNTIL NINE in neon',
  'two hands folding a paper crane, close-up, soft daylight',
  'a flat icon of a lighthouse, three colours, no gradients',
  'a crowded market street in the rain seen from above, umbrellas of many colours',
]

/** Far more than anybody looks at side by side; a file of another kind ends here. */
const maxPrompts = 500

export async function readPrompts(path: string | undefined): Promise<string[]> {
  if (path === undefined) return [...builtInPrompts]
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new CliError(`--prompts: ${path} cannot be read.`, exitCodes.usage, { cause: error })
  })
  const prompts = parsePrompts(content)
  if (prompts.length === 0)
    throw new CliError(`--prompts: ${path} has no prompt: one a line, # begins a comment.`, exitCodes.usage)
  if (prompts.length > maxPrompts)
    throw new CliError(`--prompts: ${path} has ${prompts.length} prompts; at most ${maxPrompts} are compared.`, exitCodes.usage)
  return prompts
}

/** A `#` inside a line belongs to the prompt. */
export function parsePrompts(content: string): string[] {
  return content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}
