// Is the process that wrote a lock still the one that has its pid?
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface ProcessIdentity {
  pid: number
  /** differs between two processes that had the same pid; null where the system does not say */
  startMark: string | null
}

export function identify(pid: number): ProcessIdentity {
  return { pid, startMark: readStartMark(pid) }
}

/** A zombie counts as gone: it holds nothing any more, and in a container nobody may ever collect it. */
export function isAlive({ pid, startMark }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: there is one, of another user
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  const now = readStartMark(pid)
  if (now === goneMark) return false
  return startMark === null || now === null || now === startMark
}

const goneMark = 'gone'

function readStartMark(pid: number): string | null {
  if (process.platform === 'linux') return readLinuxStartMark(pid)
  if (process.platform === 'win32') return null
  try {
    const options = {
      encoding: 'utf8' as const,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'] as const,
    }
    const [state = '', ...started] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      ...options,
      stdio: [...options.stdio],
    })
      .trim()
      .split(/\s+/)
    if (state === '' || state.startsWith('Z')) return goneMark
    return started.join(' ')
  } catch {
    return null
  }
}

function readLinuxStartMark(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the name in brackets may itself hold brackets and blanks
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // proc_pid_stat(5): state is field 3, starttime (clock ticks after boot) is field 22
    const [state, startTicks] = [fields[0], fields[19]]
    if (state === 'Z' || state === 'X') return goneMark
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${startTicks}`
  } catch {
    return null
  }
}
