// Runs the real command in a process of its own, as a shell would.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { atEnd } from '../../helpers/at-end.ts'
import type { Ends } from '../../helpers/at-end.ts'
import { eventually } from '../../helpers/eventually.ts'

const mainPath = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

export interface CliProcess {
  pid: number
  stdout: () => string
  stderr: () => string
  kill: (signal: NodeJS.Signals) => void
  /** by exit code or signal */
  ended: Promise<number | NodeJS.Signals>
  /** like `eventually`, but fails at once, with what the command said, when it ends before that */
  until: <T>(probe: () => T | Promise<T>) => Promise<T>
}

/** Two cores may be busy with a dozen other tests. */
const patienceMs = 60_000

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
    until: async (probe) => {
      const early = ended.then((how) => assert.fail(`it ended early (${how}): ${written.stderr}`))
      // Whoever loses the race has no listener any more.
      early.catch(() => undefined)
      return Promise.race([eventually(probe, { timeoutMs: patienceMs }), early])
    },
  }
}
