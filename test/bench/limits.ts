// `npm run bench:limits`: ten times of what one Kie account takes, offered to three workers. Never a window over the provider's limit (I8),
// and the allowance used up all the same. Figures are printed; only a window over the limit ends it with exit code 1.
//
//   npm run bench:limits -- [--seconds N] [--seed N]
import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestEntry } from '../../src/simulator/ledger.ts'
import { documentedRateLimit } from '../../src/simulator/options.ts'
import type { Ends } from '../helpers/at-end.ts'
import { eventually } from '../helpers/eventually.ts'
import { startService } from '../helpers/service.ts'
import type { Service } from '../helpers/service.ts'
import { startWorkerProcess } from '../helpers/worker-process.ts'
import { ledgerKind, print, printMachine } from './kill-report.ts'

const { windowMs } = documentedRateLimit
const creates = documentedRateLimit.creates ?? Infinity
const workers = 3
const timesTheAllowance = 10
const offeredPerSecond = (timesTheAllowance * creates * 1_000) / windowMs
/** Cancels in flight at once: the ledger is one process. */
const cancelLanes = 10

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '7' } },
})
const [seed, offeredForMs] = [Number(values.seed), Number(values.seconds) * 1_000]
if (!Number.isSafeInteger(seed) || !(offeredForMs > 0)) throw new Error('--seed and --seconds are numbers')

/** Ids of what was taken in. A busy ledger turns some away with 503: they were offered all the same. */
async function offer(service: Service): Promise<{ ids: string[]; turnedAway: number }> {
  const startedAtMs = performance.now()
  const count = Math.floor((offeredForMs / 1_000) * offeredPerSecond)
  const ids = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      await sleep((index * 1_000) / offeredPerSecond - (performance.now() - startedAtMs))
      const prompt = `picture ${index} of the limits bench`
      const response = await service.post('/v1/generations', { model: 'nano-banana', prompt, route: { providers: ['kie'] } })
      return response.status === 202 ? idOf(await response.json()) : null
    }),
  )
  const taken = ids.filter((id) => id !== null)
  return { ids: taken, turnedAway: ids.length - taken.length }
}

function idOf(body: unknown): string | null {
  return typeof body === 'object' && body !== null && 'id' in body && typeof body.id === 'string' ? body.id : null
}

/** The fullest window that any request begins, and how many windows are over `limit`. */
function windowsOf(arrivals: readonly number[], lengthMs: number, limit: number): { fullest: number; over: number } {
  const sorted = arrivals.toSorted((left, right) => left - right)
  let [first, fullest, over] = [0, 0, 0]
  for (const [index, atMs] of sorted.entries()) {
    while ((sorted[first] ?? atMs) <= atMs - lengthMs) first += 1
    const inside = index - first + 1
    fullest = Math.max(fullest, inside)
    if (inside > limit) over += 1
  }
  return { fullest, over }
}

async function cancelAll(service: Service, ids: readonly string[]): Promise<void> {
  const open = [...ids]
  const lane = async (): Promise<void> => {
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      await service.post(`/v1/generations/${id}/cancel`, {})
    }
  }
  await Promise.all(Array.from({ length: cancelLanes }, lane))
}

async function main(t: Ends): Promise<boolean> {
  printMachine(seed)
  print(
    `${offeredPerSecond} generations a second offered for ${offeredForMs / 1_000} s to ${workers} worker processes; Kie takes ${creates} in any ${windowMs / 1_000} s; ledger: ${ledgerKind}`,
  )
  const service = await startService(t, {
    simulator: { seed, pictureMs: 2_000, pictureSidePx: 64, rateLimit: documentedRateLimit },
    timings: 'production',
    // The service of a test has no limits of its own unless it is given some.
    env: {
      DARKROOM_KIE_MAX_CREATES: String(creates),
      DARKROOM_KIE_WINDOW_MS: String(windowMs),
      DARKROOM_KIE_MAX_IN_FLIGHT: '100',
    },
    workers: false,
    temporalOnFile: true,
  })
  for (let started = 0; started < workers; started += 1) await startWorkerProcess(t, service.workerInput)
  const { ids, turnedAway } = await offer(service)
  // The last windows are still full: everything that was offered stands in line.
  const ofKind = (point: string): RequestEntry[] =>
    service.simulator.requests().filter((entry) => entry.provider === 'kie' && entry.point === point)
  const submits = ofKind('submit')
  const admitted = submits.filter(({ taskId }) => taskId !== null).map(({ atMs }) => atMs)
  const beganAtMs = Math.min(...admitted)
  // Whole windows only: one that has just begun may hold a whole allowance or nothing.
  const whole = Math.floor((Date.now() - beganAtMs) / windowMs)
  const used = admitted.filter((atMs) => atMs < beganAtMs + whole * windowMs).length
  const submitWindows = windowsOf(
    submits.map(({ atMs }) => atMs),
    windowMs,
    creates,
  )
  const queries = ofKind('query')
  const queryWindows = windowsOf(
    queries.map(({ atMs }) => atMs),
    1_000,
    documentedRateLimit.queriesPerSecond ?? Infinity,
  )
  print(`generations taken in ${ids.length}, turned away by the gateway ${turnedAway}`)
  print(`submits ${submits.length}, refused by the provider ${submits.length - admitted.length}`)
  print(
    `fullest window of ${windowMs / 1_000} s: ${submitWindows.fullest} submits; windows over ${creates}: ${submitWindows.over}`,
  )
  print(
    `allowance used in ${whole} whole windows: ${used} of ${whole * creates} (${((100 * used) / (whole * creates)).toFixed(1)} %)`,
  )
  print(
    `queries ${queries.length}, refused ${queries.filter(({ taskId }) => taskId === null).length}; fullest second ${queryWindows.fullest} of ${documentedRateLimit.queriesPerSecond ?? 0}`,
  )
  await cancelAll(service, ids)
  const left = await openGenerations(service)
  print(`the rest was cancelled; without an end after that: ${left}`)
  return submitWindows.over > 0
}

async function openGenerations(service: Service): Promise<number> {
  const count = async (): Promise<number> =>
    (await service.client.workflow.count('WorkflowType = "GenerateImage" AND ExecutionStatus = "Running"')).count
  const drained = eventually(
    async () => {
      const open = await count()
      if (open > 0) throw new Error(`${open} generations are open`)
      return open
    },
    { timeoutMs: 60_000, everyMs: 1_000 },
  )
  return drained.catch(count)
}

const cleanups: (() => unknown)[] = []
try {
  if (await main({ after: (cleanup) => void cleanups.push(cleanup) })) {
    print(`RED. Again: npm run bench:limits -- --seed ${seed}`)
    process.exitCode = 1
  }
} finally {
  for (const cleanup of cleanups.toReversed()) await cleanup()
}
