// A fresh database folder takes seconds and 0.9 GB of memory to make, and a third of a second to copy. So it is made once, as a
// template, if there is a place for one. Everything is made aside and renamed: a folder under its final name is complete.
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'

/** WAL in files of 1 MB instead of 16: a small database is copied whole, and never writes 16 MB at once. */
const initDbStartParams = ['--wal-segsize=1']
/** What a killed process left half made is removed once nobody can still be making it. */
const abandonedAfterMs = 10 * 60_000

/** The caller holds the lock of the ledger folder. */
export async function prepareDatabaseFolder(databaseFolder: string, templateFolder: string | null): Promise<void> {
  await removeLeftovers(databaseFolder, 0)
  if (await isComplete(databaseFolder)) return
  if (templateFolder === null) {
    await makeAside(databaseFolder, initialise)
    return
  }
  await prepareTemplate(templateFolder, initialise)
  await makeAside(databaseFolder, (aside) => copyFolder(templateFolder, aside))
}

/** Makes a template unless it is there. Several may try at once: the first rename counts, the others throw theirs away. */
async function prepareTemplate(templateFolder: string, make: (folder: string) => Promise<void>): Promise<void> {
  if (await isComplete(templateFolder)) return
  await mkdir(dirname(templateFolder), { recursive: true })
  await removeLeftovers(templateFolder, abandonedAfterMs)
  await makeAside(templateFolder, make)
}

async function makeAside(folder: string, make: (aside: string) => Promise<void>): Promise<void> {
  const aside = `${folder}.${randomUUID()}.tmp`
  try {
    await make(aside)
    await rename(aside, folder)
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    if (!(await isComplete(folder))) throw error
  }
}

async function initialise(folder: string): Promise<void> {
  const database = await PGlite.create({ dataDir: folder, initDbStartParams })
  await database.close()
}

async function copyFolder(from: string, to: string): Promise<void> {
  // a copy-on-write clone where the file system has them
  await cp(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE })
}

async function isComplete(folder: string): Promise<boolean> {
  return access(join(folder, 'PG_VERSION')).then(
    () => true,
    () => false,
  )
}

async function removeLeftovers(folder: string, olderThanMs: number): Promise<void> {
  const parent = dirname(folder)
  const names = await readdir(parent).catch(() => [])
  for (const name of names) {
    if (!name.startsWith(`${basename(folder)}.`) || !name.endsWith('.tmp')) continue
    const path = join(parent, name)
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age >= olderThanMs) await rm(path, { recursive: true, force: true })
  }
}
