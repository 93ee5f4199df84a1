import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ends } from './at-end.ts'

/** A folder of the test's own, removed afterwards. */
export async function tempFolder(t: Ends): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
