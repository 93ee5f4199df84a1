// The load, and when the worker dies. Both are the same for every contestant of a run.
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { between, randomOf } from '../../src/simulator/random.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import type { SimulatorOptions } from '../../src/simulator/options.ts'

export const kills = 5
export const perSecond = 8
/** The money is taken when the request is read; the reply comes this much later, so that there is something to be lost. */
export const replyDelayMs = 400

/** `latency` delays the reply only: the task is made and charged before (simulator: `Desk.#submit`). */
export function slowProvider(seed: number, delayMs: number): SimulatorOptions {
  return {
    seed,
    pictureMs: { minMs: 1_500, maxMs: 4_000 },
    // Painting is not what is measured.
    pictureSidePx: 64,
    faults: [{ provider: 'kie', on: 'submit', fault: 'latency', delayMs }],
  }
}

/** Open loop: the next one comes when its time has come, whatever became of the one before. */
export async function openLoop<T>(count: number, start: (index: number) => Promise<T>): Promise<T[]> {
  const startedAtMs = performance.now()
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      await sleep(Math.max(0, startedAtMs + (index * 1_000) / perSecond - performance.now()))
      return start(index)
    }),
  )
}

export interface Killable {
  child: ChildProcess
  exited: Promise<unknown>
}

export interface KillRecord {
  /** after the first generation was asked for */
  atMs: number
  /** submits that were charged and not answered when the process died */
  inFlight: number
  /** until the next process polled */
  downMs: number
}

/** A worker that dies before its first submit shows nothing: time for replay and planning of what had queued up meanwhile. */
const leastUptime = { minMs: 900, maxMs: 1_500 }

/** Kills and restarts `kills` times at seeded times of the load, the same for every contestant, and leaves one alive. */
export async function killAndRestart(
  { seed, generations }: { seed: number; generations: number },
  simulator: Pick<Simulator, 'ledger'>,
  first: Killable,
  start: () => Promise<Killable>,
): Promise<{ records: KillRecord[]; lastReadyAt: number }> {
  const startedAtMs = performance.now()
  const records: KillRecord[] = []
  const slotMs = (generations * 1_000) / perSecond / kills
  let running = first
  for (let index = 0; index < kills; index += 1) {
    const random = randomOf(seed, 'kill', index)
    const dueMs = startedAtMs + slotMs * (index + between(random, 0.3, 1))
    await sleep(Math.max(between(random, leastUptime.minMs, leastUptime.maxMs), dueMs - performance.now()))
    running.child.kill('SIGKILL')
    const killedAtMs = performance.now()
    const inFlight = simulator.ledger().filter(({ reply }) => reply === 'pending').length
    await running.exited
    running = await start()
    records.push({ atMs: killedAtMs - startedAtMs, inFlight, downMs: performance.now() - killedAtMs })
  }
  return { records, lastReadyAt: Date.now() }
}

export function describeKills(records: readonly KillRecord[]): string {
  const each = records.map(
    ({ atMs, inFlight, downMs }) =>
      `${(atMs / 1_000).toFixed(1)} s (${inFlight} in flight, ${(downMs / 1_000).toFixed(1)} s down)`,
  )
  return `killed at ${each.join(', ')}; in flight at the kills: ${records.reduce((sum, { inFlight }) => sum + inFlight, 0)}`
}
