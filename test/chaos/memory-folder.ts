// Databases write and fsync all the time: where there is a roomy folder in memory, the temporary folders of a run go there.
import { statfs } from 'node:fs/promises'
import { testCacheFolder } from '../helpers/temporal.ts'

const memoryFolder = '/dev/shm'
/** A run of 1,000 generations leaves less than 300 MB; a container's usual 64 MB are not enough. */
const neededBytes = 2 * 1024 ** 3

export async function memoryFolderOr(otherwise: string): Promise<string> {
  const room = await statfs(memoryFolder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  )
  return room > neededBytes ? memoryFolder : otherwise
}

/** For this process and its children, unless somebody has chosen already. */
export async function useMemoryFolder(): Promise<void> {
  const folder = await memoryFolderOr('')
  if (folder === '' || process.env['TMPDIR'] !== undefined) return
  // What is kept for the next run stays where it is: a fresh database takes seconds to make.
  process.env['DARKROOM_TEST_CACHE'] ??= testCacheFolder
  process.env['TMPDIR'] = folder
}
