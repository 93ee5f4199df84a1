// One process at a time per data folder. PGlite does not notice a second one, and then rows vanish without a word.
//
// Node has no flock, and "take the stale lock file away" is a race. So nobody takes a file from the living: each contender writes a
// file of its own, under a name that is never used again, and then looks around. Whoever sees another living one steps back; of two
// that come at once at least the later one sees the other. Files of the dead are removed, which is safe because their names are theirs.
import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts'

/** What a person needs to find the process that is in the way. */
export interface LockHolder {
  /** the process that was started by hand: `darkroom dev` and the like */
  owner: ProcessIdentity & { command: string; startedAt: string }
  /** its child that has the database open */
  ledger: ProcessIdentity
  host: string
}

export interface FolderLock {
  release(): void
}

/** Thrown by `lockFolder`; crosses the process boundary as its holder. */
export class FolderLockedError extends Error {
  override readonly name = 'FolderLockedError'
  readonly holder: LockHolder
  constructor(holder: LockHolder) {
    super(`in use by process ${holder.owner.pid}`)
    this.holder = holder
  }
}

const lockName = /^lock-[0-9a-f-]+\.json$/
/** A holder on another machine or in another container cannot be asked; its file is touched this often … */
const heartbeatEveryMs = 5_000
/** … and is taken for dead after six missed beats. */
const heartbeatLostMs = 30_000
/** A ledger whose owner was killed closes its database and leaves; so long may that take. */
const dyingHolderMs = 5_000
const lookAgainMs = 100
/** Two that come at once both step back; after this many rounds of chance one of them is through. */
const maxStepsBack = 5

export async function lockFolder(folder: string, owner: LockHolder['owner']): Promise<FolderLock> {
  const holder: LockHolder = { owner, ledger: identify(process.pid), host: hostname() }
  const giveUpAt = performance.now() + dyingHolderMs
  for (let stepsBack = 0; ;) {
    const path = writeLock(folder, holder)
    const other = findOther(folder, path)
    if (other === null) return keepLock(path)
    rmSync(path, { force: true })
    const isDying = other.host === hostname() && !isAlive(other.owner)
    if (!isDying) stepsBack += 1
    if (isDying ? performance.now() >= giveUpAt : stepsBack >= maxStepsBack) throw new FolderLockedError(other)
    await sleep(lookAgainMs * (0.5 + Math.random()))
  }
}

/** Not `recursive: true`, which in Node 20 never returns where a parent cannot be made (tried: /proc/none/data). */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error
    makeFolder(dirname(folder))
    mkdirSync(folder, { mode: 0o700 })
  }
}

/** Complete from its first moment: written aside, then renamed. */
function writeLock(folder: string, holder: LockHolder): string {
  makeFolder(folder)
  const id = randomUUID()
  const aside = join(folder, `.lock-${id}.tmp`)
  const path = join(folder, `lock-${id}.json`)
  writeFileSync(aside, JSON.stringify(holder, null, 2), { mode: 0o600 })
  renameSync(aside, path)
  return path
}

function findOther(folder: string, ownPath: string): LockHolder | null {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (!lockName.test(name) || path === ownPath) continue
    const holder = readLock(path)
    if (holder !== null && isHeld(holder, path)) return holder
    rmSync(path, { force: true })
  }
  return null
}

function isHeld(holder: LockHolder, path: string): boolean {
  if (holder.host === hostname()) return isAlive(holder.ledger)
  const beat = statSync(path, { throwIfNoEntry: false })
  return beat !== undefined && Date.now() - beat.mtimeMs < heartbeatLostMs
}

/** Null for a file that went away meanwhile, or that no version of ours wrote. */
function readLock(path: string): LockHolder | null {
  try {
    const holder: LockHolder = JSON.parse(readFileSync(path, 'utf8'))
    return typeof holder.ledger.pid === 'number' && typeof holder.owner.pid === 'number' ? holder : null
  } catch {
    return null
  }
}

function keepLock(path: string): FolderLock {
  const heartbeat = setInterval(() => {
    const now = new Date()
    try {
      utimesSync(path, now, now)
    } catch {
      // Only another machine goes by it, and a folder that cannot be written is found out by the database.
    }
  }, heartbeatEveryMs)
  heartbeat.unref()
  return {
    release: () => {
      clearInterval(heartbeat)
      rmSync(path, { force: true })
    },
  }
}
