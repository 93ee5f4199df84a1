// The data folder: everything the embedded service keeps. Checked first, so that a person reads one clear sentence and not four odd ones.
import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

export interface DataFolder {
  /** absolute */
  path: string
  /** fetched binaries and built bundles: can be made again */
  cacheFolder: string
  temporalDatabase: string
  temporalLog: string
}

/** The data folder cannot be used; one sentence that names it and the variable that chooses another. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError'
}

/** Makes the folder where it is missing and tries to write in it. */
export async function prepareDataFolder(dataFolder: string): Promise<DataFolder> {
  const path = resolve(dataFolder)
  const trial = join(path, `.trial-${randomUUID()}`)
  try {
    // Prompts and pictures are nobody else's business.
    await mkdir(path, { recursive: true, mode: 0o700 })
    await writeFile(trial, '')
  } catch (error) {
    throw new DataFolderError(
      `The data folder ${path} cannot be written (${whyNot(error)}). Choose another with DARKROOM_DATA_DIR.`,
      {
        cause: error,
      },
    )
  } finally {
    await rm(trial, { force: true }).catch(() => undefined)
  }
  return {
    path,
    cacheFolder: join(path, 'bin'),
    temporalDatabase: join(path, 'temporal', 'temporal.db'),
    temporalLog: join(path, 'temporal', 'temporal.log'),
  }
}

const secretBytes = 32

/** The secret that seals callback tokens: made once, readable by its owner only. Callbacks of jobs from before a restart stay valid. */
export async function readOrMakeCallbackSecret(dataFolder: string): Promise<string> {
  const path = join(dataFolder, 'callback-secret')
  const aside = `${path}.${randomUUID()}`
  const known = await readSecret(path)
  if (known !== null) return known
  await writeFile(aside, `${randomBytes(secretBytes).toString('base64url')}\n`, { mode: 0o600 })
  try {
    // Linked and not renamed: of two processes that make one at the same moment, the first counts for both.
    await link(aside, path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  } finally {
    await rm(aside, { force: true })
  }
  const made = await readSecret(path)
  if (made === null) throw new DataFolderError(`The callback secret ${path} vanished while it was made.`)
  return made
}

async function readSecret(path: string): Promise<string | null> {
  let text: string
  try {
    text = (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw new DataFolderError(`The callback secret ${path} cannot be read (${whyNot(error)}).`, { cause: error })
  }
  if (text.length < secretBytes) {
    throw new DataFolderError(
      `The callback secret ${path} is damaged. Remove it; callbacks of jobs that are under way will then be refused.`,
    )
  }
  const { mode } = await stat(path)
  // Windows has no such bits.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new DataFolderError(`The callback secret ${path} can be read by others. Run: chmod 600 ${path}`)
  }
  return text
}

function whyNot(error: unknown): string {
  const words: Record<string, string> = {
    EACCES: 'no permission',
    EPERM: 'no permission',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    ENOTDIR: 'a part of the path is a file',
    EEXIST: 'there is a file of that name',
    ENAMETOOLONG: 'the name is too long',
  }
  const code = codeOf(error)
  return words[code] ?? (code === '' ? String(error) : code)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
