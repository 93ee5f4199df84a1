// The guard between darkroom and the Temporal process it starts: a tiny process of its own that ends Temporal as soon as its
// parent is gone, also when the parent was killed with SIGKILL and could not tidy up. It runs in a session of its own, so that
// Ctrl-C in a terminal reaches darkroom first and Temporal outlives the workers that still talk to it.
//   node dev-server-guard ENDING CLI ARGUMENTS…
import { spawn } from 'node:child_process'
import type { Ending, GuardMessage } from './guard-messages.ts'
import { isEnding, isGuardOrder } from './guard-messages.ts'

/** A server with a database file takes about one second to end by itself; what has not ended after five will not. */
const patienceMs = 5_000

const [endingArgument, command, ...args] = process.argv.slice(2)
if (!isEnding(endingArgument) || command === undefined) throw new Error('usage: dev-server-guard gently|at-once CLI ARGUMENTS…')
const ending: Ending = endingArgument

// The parent may have died while this file was being loaded; nobody would tell us any more.
if (!process.connected) process.exit(0)

const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
let isEndingNow = false

function report(message: GuardMessage): void {
  // The parent may be gone: then nobody wants to know.
  if (process.connected) process.send?.(message, () => {})
}

function end(how: Ending): void {
  if (how === 'at-once' || isEndingNow) {
    child.kill('SIGKILL')
    return
  }
  isEndingNow = true
  child.kill('SIGTERM')
  setTimeout(() => child.kill('SIGKILL'), patienceMs)
}

child.on('spawn', () => report({ kind: 'started', pid: child.pid ?? 0 }))
child.on('error', (error) => {
  report({ kind: 'not_started', why: error.message })
  process.exitCode = 1
  if (process.connected) process.disconnect()
})
child.on('exit', (exitCode, signal) => {
  report({ kind: 'ended', exitCode, signal })
  process.exit(exitCode ?? 1)
})
process.on('message', (order) => {
  if (isGuardOrder(order)) end(order.ending)
})
// The parent went without a word: its successor may be starting on the same database file and ports already. Histories in a file
// survive a killed server.
process.on('disconnect', () => end('at-once'))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(ending))
