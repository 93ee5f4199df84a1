// Pictures as files named by what they contain: <folder>/<first 2 hex>/<sha256>.<ending>. A file under its final name is whole and on the
// disk (fsync before the rename, and of the folder after it), so a kill at any moment leaves an object or none, never half of one.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { randomUUID } from 'node:crypto'
import { storedEndings } from './result-store.ts'
import type { ResultStore } from './result-store.ts'

/** A download ends within 2 minutes; a file this old belongs to a process that was killed. */
const leftoverAgeMs = 60 * 60 * 1_000

/** Never fails: whether the folder can be used is what `checkWritable` says. */
export function createFileStore(options: { folder: string }): ResultStore {
  const folder = resolve(options.folder)
  const tempFolder = join(folder, '.incoming')
  removeLeftovers(tempFolder)

  const locate = (sha256: string, contentType: string): string | null => {
    const ending = storedEndings.get(contentType)
    // both come from rows and URLs: nothing but a hash may become part of a path
    if (ending === undefined || !/^[0-9a-f]{64}$/.test(sha256)) return null
    return join(folder, sha256.slice(0, 2), `${sha256}.${ending}`)
  }

  return {
    tempFolder,
    locate,
    adopt: async ({ tempPath, sha256, contentType }) => {
      const path = locate(sha256, contentType)
      if (path === null) throw new RangeError(`not an address of a picture: ${sha256} ${contentType}`)
      if (dirname(resolve(tempPath)) !== tempFolder) throw new RangeError(`not in the store's temporary folder: ${tempPath}`)
      await adopt(tempPath, path)
    },
    open: async (sha256, contentType) => {
      const path = locate(sha256, contentType)
      return path === null ? null : await openFile(path)
    },
    checkWritable: () => checkWritable(folder, tempFolder),
  }
}

async function adopt(tempPath: string, path: string): Promise<void> {
  const shard = dirname(path)
  const [incoming, stored] = [await sizeOf(tempPath), await sizeOf(path)]
  // Stored before, perhaps by another worker just now, or by this one before it was killed. A size that differs is a damaged disk: replaced.
  const isStored = stored !== null && (incoming === null || incoming === stored)
  if (!isStored) {
    const made = await mkdir(shard, { recursive: true })
    await syncPath(tempPath, 'r+')
    await rename(tempPath, path)
    if (made !== undefined) await syncFolder(dirname(shard))
  }
  // also when it was there: whoever renamed it may not have come this far
  await syncFolder(shard)
  await rm(tempPath, { force: true })
}

async function openFile(path: string): ReturnType<ResultStore['open']> {
  const file = await open(path, 'r').catch(ifMissing)
  if (file === null) return null
  try {
    const { size } = await file.stat()
    return { sizeBytes: size, stream: file.createReadStream() }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function checkWritable(folder: string, tempFolder: string): Promise<void> {
  const probe = join(tempFolder, `${randomUUID()}.probe`)
  try {
    await mkdir(tempFolder, { recursive: true })
    await writeFile(probe, 'can be written', { flag: 'wx', flush: true })
    await rm(probe)
  } catch (error) {
    const code = codeOf(error)
    const why = reasons.get(code)
    await rm(probe, { force: true }).catch(() => undefined)
    throw new Error(`Pictures cannot be stored in the folder ${folder}: ${why === undefined ? code : `${why} (${code})`}.`, {
      cause: error,
    })
  }
}

/** For a person who has to do something about it. */
const reasons: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'this user may not write there'],
  ['EPERM', 'this user may not write there'],
  ['EROFS', 'the file system is read-only'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['ENOTDIR', 'a part of the path is a file'],
  ['EEXIST', 'a part of the path is a file'],
  ['ENOENT', 'it cannot be made'],
])

function removeLeftovers(tempFolder: string): void {
  try {
    mkdirSync(tempFolder, { recursive: true })
    for (const name of readdirSync(tempFolder)) {
      const path = join(tempFolder, name)
      const found = statSync(path, { throwIfNoEntry: false })
      if (found?.isFile() === true && Date.now() - found.mtimeMs > leftoverAgeMs) rmSync(path, { force: true })
    }
  } catch {
    // `checkWritable` says what is wrong with the folder; a leftover that stays only takes room
  }
}

async function sizeOf(path: string): Promise<number | null> {
  const found = await stat(path).catch(ifMissing)
  return found === null ? null : found.size
}

async function syncPath(path: string, flags: 'r' | 'r+'): Promise<void> {
  const file = await open(path, flags)
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A rename is on the disk only when its folder is. Windows cannot do it and does not need it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform !== 'win32') await syncPath(folder, 'r')
}

function ifMissing(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null
  throw error
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
