// Kills, freezes and cuts off, by the seed. The crash rows are dealt to processes as they start; between them one event after another.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/simulator/random.ts'
import { between, pick, randomOf } from '../../src/simulator/random.ts'
import { count } from './client.ts'
import type { Cluster, NextCrash } from './cluster.ts'
import type { NemesisRow } from './nemesis-rows.ts'
import { crashRows, nemesisRowIds, nemesisRows, orderOf } from './nemesis-rows.ts'
import { shuffled } from './plan.ts'

/** Others kill every 2 to 10 s to earn trust; a worker needs 2 s to come back, 5 s on a machine that is busy with other things. */
const pauseMs = { low: 4_000, high: 9_000 }
/** Each crash row strikes once per so many generations, so that the rest of the service has time to do something. */
const generationsPerCrash = 200

export interface CrashDealer {
  next: NextCrash
  stop: () => void
}

export interface DealerOptions {
  seed: number
  generations: number
  /** null: all */
  rows: readonly string[] | null
  firedOf: (row: string) => number
}

/** Deals each crash row in turn until it has struck often enough. The second worker is never armed: somebody must do the work. */
export function dealCrashes({ seed, generations, rows: chosen, firedOf }: DealerOptions): CrashDealer {
  const rows = shuffled(
    crashRows.filter(({ id }) => chosen?.includes(id) ?? true),
    randomOf(seed, 'crash rows'),
  )
  const random = randomOf(seed, 'crash counts')
  const wanted = Math.max(1, Math.round(generations / generationsPerCrash))
  const lastDealt = new Map<string, number>()
  let dealt = 0
  let isStopped = false
  return {
    stop: () => {
      isStopped = true
    },
    next: (kind) => {
      const due = rows.filter((row) => row.kind === kind && firedOf(row.id) < wanted)
      // The one that has waited longest.
      const [row] = due.toSorted((a, b) => (lastDealt.get(a.id) ?? 0) - (lastDealt.get(b.id) ?? 0))
      if (isStopped || row === undefined) return null
      dealt += 1
      lastDealt.set(row.id, dealt)
      return orderOf(row, 1 + Math.floor(random() * 4))
    },
  }
}

export interface NemesisOptions {
  seed: number
  /** null: all */
  rows: readonly string[] | null
  timeScale: number
  stop: AbortSignal
  say: (line: string) => void
}

/** Until it is told to stop; counts into `fired`. Everything runs again when it resolves. */
export async function runNemesis(cluster: Cluster, options: NemesisOptions, fired: Map<string, number>): Promise<void> {
  const random = randomOf(options.seed, 'nemesis')
  const chosen = plannedEvents(options.rows)
  if (chosen.length === 0) return
  let deck: NemesisRow[] = []
  while (!options.stop.aborted) {
    await sleep(between(random, pauseMs.low, pauseMs.high) * options.timeScale, undefined, { signal: options.stop }).catch(
      () => undefined,
    )
    if (options.stop.aborted) break
    if (deck.length === 0) deck = shuffled(chosen, random)
    const row = deck.pop()
    if (row === undefined) continue
    options.say(`${row}: ${nemesisRows[row]}`)
    await events[row](cluster, random)
    count(fired, row)
  }
}

export function plannedEvents(rows: readonly string[] | null): NemesisRow[] {
  return nemesisRowIds.filter((row) => rows?.includes(row) ?? true)
}

const events: Record<NemesisRow, (cluster: Cluster, random: Random) => Promise<void> | void> = {
  KR: ({ workers }, random) => {
    const [a, b] = workers
    if (a !== undefined && b !== undefined) pick(random, [a, b]).kill('KR')
  },
  KG: ({ gateway }) => void gateway.kill('KG'),
  K16: ({ workers }) => {
    for (const worker of workers) worker.kill('K16', 4_000)
  },
  T1: ({ temporal }) => temporal.restart({ kill: true }),
  T2: async ({ temporal }) => {
    const { pid } = temporal.server
    process.kill(pid, 'SIGSTOP')
    await sleep(3_000)
    process.kill(pid, 'SIGCONT')
  },
  L1: async ({ ledgerProxy }) => {
    ledgerProxy.cut()
    await sleep(2_000)
    ledgerProxy.restore()
  },
  P1: async ({ simulator }) => closeListener(simulator, 'kie'),
  P1d: async ({ simulator }) => closeListener(simulator, 'defapi'),
}

async function closeListener(simulator: Cluster['simulator'], provider: 'kie' | 'defapi'): Promise<void> {
  const id = `down-${provider}`
  await simulator.addFaults([{ id, fault: 'down', provider }])
  await sleep(1_500)
  await simulator.removeFault(id)
}
