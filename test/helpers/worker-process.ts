// A worker in a process of its own, so that it can be killed or frozen for real at a named point.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, connect } from 'node:net'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { PoolConfig } from 'pg'
import { atEnd } from './at-end.ts'
import type { Ends } from './at-end.ts'
import { eventually } from './eventually.ts'
import { findFreePort } from '../../src/temporal/ports.ts'
import type { WorkerInput } from './service.ts'

export interface Fate {
  point: 'submit.claimed' | 'submit.sending' | 'submit.posted' | 'submit.recorded' | 'store.downloaded'
  /** only on this activity try; default any */
  activityTry?: number
  /** kill: SIGKILL; stop: SIGSTOP, until the test sends SIGCONT; ask: waits until the test answers `go()` */
  action: 'kill' | 'stop' | 'ask'
}

/** Which task queues it serves. */
export type WorkerRole = 'all' | 'submit to kie' | 'all but submit to kie'

export interface WorkerProcess {
  child: ChildProcess
  /** points reached so far, in order */
  points: string[]
  reached(point: Fate['point'], timeoutMs?: number): Promise<void>
  /** lets a worker that asked go on */
  go(): void
  /** SIGCONT */
  wake(): void
  exited: Promise<unknown>
}

const entry = fileURLToPath(new URL('worker-process-entry.ts', import.meta.url))

export async function startWorkerProcess(
  t: Ends,
  input: WorkerInput,
  fates: Fate[] = [],
  role: WorkerRole = 'all',
): Promise<WorkerProcess> {
  const child = fork(entry, [], {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, DARKROOM_TEST_WORKER: JSON.stringify({ input, fates, role }) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  atEnd(t, async () => {
    // A frozen process takes no SIGTERM.
    child.kill('SIGKILL')
    await exited
  })
  const points: string[] = []
  let isReady = false
  child.on('message', (message) => {
    if (message === 'ready') isReady = true
    else if (typeof message === 'string') points.push(message)
  })
  await eventually(
    () => {
      if (!isReady) throw new Error(`the worker process is not ready (exit code ${child.exitCode})`)
    },
    { timeoutMs: 60_000 },
  )
  return {
    child,
    points,
    exited,
    go: () => child.send('go'),
    wake: () => child.kill('SIGCONT'),
    reached: async (point, timeoutMs = 20_000) => {
      await eventually(
        () => {
          if (!points.includes(point)) throw new Error(`${point} not reached; reached: ${points.join(', ')}`)
        },
        { timeoutMs },
      )
    },
  }
}

export interface LedgerProxy {
  connection: PoolConfig
  /** ends every connection and takes no new one */
  cut(): void
  restore(): void
}

/** A TCP door in front of the ledger that can be shut: for the worker the database is then away. */
export async function startLedgerProxy(t: Ends, ledger: PoolConfig): Promise<LedgerProxy> {
  const sockets = new Set<Socket>()
  let isCut = false
  const target =
    typeof ledger.host === 'string' && ledger.host.startsWith('/')
      ? { path: `${ledger.host}/.s.PGSQL.${ledger.port ?? 5432}` }
      : null
  // Small messages there and back: held back until the other side says something, each would take 40 ms.
  const server = createServer({ noDelay: true }, (near) => {
    if (isCut) {
      near.destroy()
      return
    }
    const far =
      target === null ? connect({ host: ledger.host ?? '127.0.0.1', port: ledger.port ?? 5432, noDelay: true }) : connect(target)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  const port = await findFreePort('127.0.0.1')
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  atEnd(t, () => {
    cut()
    server.close()
  })
  return {
    connection: { ...ledger, host: '127.0.0.1', port },
    cut,
    restore: () => {
      isCut = false
    },
  }
}
