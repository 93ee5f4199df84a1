// Runs the real command in a process of its own, as a shell would.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { atEnd } from '../../helpers/at-end.ts'
import type { Ends } from '../../helpers/at-end.ts'

const mainPath = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

export interface CliProcess {
  pid: number
  stdout: () => string
  stderr: () => string
  kill: (signal: NodeJS.Signals) => void
  /** by exit code or signal */
  ended: Promise<number | NodeJS.Signals>
}

/** Nothing of this shell's configuration reaches it: no key, no address. */
export function startCliProcess(t: Ends, args: string[], env: Record<string, string>): CliProcess {
  const inherited = Object.fromEntries(
    ['PATH', 'HOME', 'TMPDIR'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
  const child = spawn(process.execPath, ['--import', 'tsx', mainPath, ...args], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
    })
  }
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('close', (code, signal) => resolve(signal ?? code ?? -1))
  })
  atEnd(t, async () => {
    child.kill('SIGKILL')
    await ended
  })
  assert.ok(child.pid !== undefined)
  return {
    pid: child.pid,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    kill: (signal) => child.kill(signal),
    ended,
  }
}
