// A lock file for work that should be done once per machine, such as a download. Not a guarantee: two processes that find the same
// dead holder at the same moment may both go on. What runs under it must be harmless when done twice (it is: atomic renames).
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from './error-code.ts'

export interface FileLockOptions {
  /** how long to wait for another process */
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/** Short against the seconds that such work takes, long against the cost of one open call. */
const retryMs = 100

export async function withFileLock<T>(path: string, options: FileLockOptions, work: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + options.timeoutMs
  for (;;) {
    if (await tryToTake(path)) break
    const holder = await readHolder(path)
    if (holder !== null && !isAlive(holder)) {
      await rm(path, { force: true })
      continue
    }
    if (performance.now() >= endMs) {
      throw new Error(`another process (${holder ?? 'unknown'}) has held ${path} for ${options.timeoutMs / 1000} s`)
    }
    await sleep(retryMs, undefined, { signal: options.signal })
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

async function tryToTake(path: string): Promise<boolean> {
  // Written first and linked then: the lock never exists without its holder's process id.
  const own = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}`
  await writeFile(own, String(process.pid))
  try {
    await link(own, path)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(own, { force: true })
  }
}

/** The process id in the lock; null when it was just removed. */
async function readHolder(path: string): Promise<number | null> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return /^\d+$/.test(text) ? Number(text) : null
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return errorCode(error) === 'EPERM'
  }
}
