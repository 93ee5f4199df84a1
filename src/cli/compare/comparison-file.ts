// Comparisons in the data folder: `comparisons/cmp_….json`, and beside it the report.
import { mkdir, open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { randomUUID } from 'node:crypto'
import { CliError, exitCodes } from '../errors.ts'
import type { Comparison } from './comparison.ts'
import { comparisonIdPattern, comparisonSchema } from './comparison.ts'

export const folderOf = (dataFolder: string): string => join(resolve(dataFolder), 'comparisons')

const pathOf = (dataFolder: string, id: string): string => join(folderOf(dataFolder), `${id}.json`)

export const reportPathOf = (dataFolder: string, id: string): string => join(folderOf(dataFolder), `${id}.html`)

/**
 * On the disk when it resolves: a comparison that nobody remembers could only be paid for again. Resolves with it as it was written: an anchor
 * that another process has noted meanwhile is kept, since without one any ledger would do.
 */
export async function saveComparison(dataFolder: string, comparison: Comparison): Promise<Comparison> {
  const path = pathOf(dataFolder, comparison.id)
  const written = comparison.anchorId === null ? await readFile(path, 'utf8').then(parse, () => null) : null
  const saved = { ...comparison, anchorId: comparison.anchorId ?? written?.anchorId ?? null }
  await writeDurably(path, `${JSON.stringify(saved, null, 2)}\n`)
  return saved
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
  const parsed = parse(content)
  if (parsed?.id !== id) throw new CliError(`${path} is damaged, or of another version.`, exitCodes.usage)
  return parsed
}

function parse(content: string): Comparison | null {
  const parsed = comparisonSchema.safeParse(toJson(content))
  return parsed.success ? parsed.data : null
}

function toJson(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return null
  }
}

/** Whole or not at all under its name, and on the disk. Through a symbolic link the file that it names is written. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const folder = dirname(target)
  const aside = `${target}.${randomUUID()}`
  try {
    // As the rest of the data folder: prompts and pictures are nobody else's business.
    const made = await mkdir(folder, { recursive: true, mode: 0o700 })
    await removeLeftovers(target)
    const file = await open(aside, 'w', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(aside, target)
    await syncFolder(folder)
    if (made !== undefined) await syncFolder(dirname(made))
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined)
    throw new CliError(`${path} cannot be written.`, exitCodes.usage, { cause: error })
  }
}

/** A write takes a second; what is this old belongs to a process that was killed in the middle of one. */
const leftoverAgeMs = 60 * 60 * 1_000

async function removeLeftovers(target: string): Promise<void> {
  const [start, uuid] = [`${basename(target)}.`, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/]
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(start) || !uuid.test(name.slice(start.length))) continue
    const path = join(dirname(target), name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }))
    if (Date.now() - mtimeMs > leftoverAgeMs) await rm(path, { force: true })
  }
}

/** A rename is on the disk only when its folder is. Windows cannot do it and does not need it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
