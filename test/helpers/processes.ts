// What the machine's process table says: to find what a service has started, and what it has left behind.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { eventually } from './eventually.ts'

export interface ProcessEntry {
  pid: number
  parent: number
  command: string
}

/** Zombies are left out: they hold nothing any more. */
export async function listProcesses(): Promise<ProcessEntry[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,ppid=,stat=,args=', '-ww'], { maxBuffer: 16 * 1024 * 1024 })
  return stdout.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line)
    if (match === null || match[3]?.startsWith('Z') === true) return []
    return [{ pid: Number(match[1]), parent: Number(match[2]), command: match[4] ?? '' }]
  })
}

/** Children, their children and so on; without the `ps` that was asked. */
export async function descendantsOf(pid: number): Promise<ProcessEntry[]> {
  const all = (await listProcesses()).filter(({ command }) => !command.startsWith('ps -eo'))
  const found: ProcessEntry[] = []
  for (let parents = [pid]; parents.length > 0;) {
    const children = all.filter(({ parent }) => parents.includes(parent))
    found.push(...children)
    parents = children.map((child) => child.pid)
  }
  return found
}

/** Processes with a folder in their command line: what belongs to one data folder, whoever its parent is by now. */
export async function processesOf(folder: string): Promise<ProcessEntry[]> {
  return (await listProcesses()).filter(({ pid, command }) => pid !== process.pid && command.includes(folder))
}

/** Resolves when no process has the folder in its command line any more. */
export async function nothingRunsOn(folder: string): Promise<void> {
  // `ps` costs more than most things that a test waits for.
  await eventually(async () => assert.deepEqual(await processesOf(folder), []), { everyMs: 200 })
}
