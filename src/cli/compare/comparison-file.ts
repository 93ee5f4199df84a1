// Comparisons in the data folder: `comparisons/cmp_….json`, and beside it the report.
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { randomUUID } from 'node:crypto'
import { CliError, exitCodes } from '../errors.ts'
import type { Comparison } from './comparison.ts'
import { comparisonIdPattern, comparisonSchema } from './comparison.ts'

export const folderOf = (dataFolder: string): string => join(resolve(dataFolder), 'comparisons')

const pathOf = (dataFolder: string, id: string): string => join(folderOf(dataFolder), `${id}.json`)

export const reportPathOf = (dataFolder: string, id: string): string => join(folderOf(dataFolder), `${id}.html`)

/** On the disk when it resolves: a comparison that nobody remembers could only be paid for again. */
export async function saveComparison(dataFolder: string, comparison: Comparison): Promise<void> {
  await writeDurably(pathOf(dataFolder, comparison.id), `${JSON.stringify(comparison, null, 2)}\n`)
}

export async function readComparison(dataFolder: string, id: string): Promise<Comparison> {
  if (!comparisonIdPattern.test(id))
    throw new CliError('A comparison is named cmp_ and 26 letters and digits, as `compare` prints it.', exitCodes.usage)
  const path = pathOf(dataFolder, id)
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new CliError(
      `There is no comparison ${id} in ${folderOf(dataFolder)}. DARKROOM_DATA_DIR names the data folder.`,
      exitCodes.usage,
      {
        cause: error,
      },
    )
  })
  const parsed = comparisonSchema.safeParse(toJson(content))
  if (!parsed.success || parsed.data.id !== id) throw new CliError(`${path} is damaged, or of another version.`, exitCodes.usage)
  return parsed.data
}

function toJson(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return null
  }
}

/** Whole or not at all, under its name. */
export async function writeDurably(path: string, content: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    // As the rest of the data folder: prompts and pictures are nobody else's business.
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(aside, 'w', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(aside, path)
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined)
    throw new CliError(`${path} cannot be written.`, exitCodes.usage, { cause: error })
  }
}
