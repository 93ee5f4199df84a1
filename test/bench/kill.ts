// `npm run bench:kill`: what is lost, and what is paid twice, when processes are killed around the paid POST. Figures are printed, not
// asserted; but a lost generation, or money spent twice that no row tells of, ends it with exit code 1.
//
//   npm run bench:kill -- [--scenario worker|dev] [--seed N] [--generations N]
import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Generation } from '../../src/contract/index.ts'
import type { Ends } from '../helpers/at-end.ts'
import { startService } from '../helpers/service.ts'
import type { Service } from '../helpers/service.ts'
import { startWorkerProcess } from '../helpers/worker-process.ts'
import { runBare } from './kill-bare.ts'
import { describeKills, killAndRestart, kills, openLoop, perSecond, replyDelayMs, slowProvider } from './kill-plan.ts'
import { countAll, isRed, print, printCounts, printMachine, seconds } from './kill-report.ts'

/** A generation that has not ended by then is lost: the send deadline (65 s), the listening (180 s) and a fallback are over. */
const patienceMs = 300_000

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'worker' },
    seed: { type: 'string', default: '7' },
    generations: { type: 'string' },
  },
})
const seed = Number(values.seed)
if (!Number.isSafeInteger(seed)) throw new Error('--seed is a whole number')

async function settle(service: Service, ids: readonly string[]): Promise<Generation[]> {
  const endMs = performance.now() + patienceMs
  const ended = new Map<string, Generation>()
  for (;;) {
    for (const id of ids.filter((one) => !ended.has(one))) {
      const generation = await service.read(id)
      if (generation.finishedAt !== null || performance.now() >= endMs) ended.set(id, generation)
    }
    if (ended.size === ids.length) return [...ended.values()]
    // Each look is a read of every open row, from a ledger that the workers need too.
    await sleep(1_000)
  }
}

/** The worker dies, again and again; Temporal, ledger, gateway and provider stay. */
async function killWorkers(t: Ends, generations: number): Promise<boolean> {
  const service = await startService(t, {
    simulator: slowProvider(seed),
    timings: 'production',
    workers: false,
    temporalOnFile: true,
  })
  const start = async (): ReturnType<typeof startWorkerProcess> => startWorkerProcess(t, service.workerInput)
  const first = await start()
  const killing = killAndRestart({ seed, generations }, service.simulator, first, start)
  const ids = await openLoop(generations, async (index) =>
    service.create({ model: 'nano-banana', prompt: `picture ${index} of the kill bench` }),
  )
  const { records, lastReadyAt } = await killing
  const ended = await settle(service, ids)
  const settledAt = Math.max(...ended.map(({ finishedAt }) => Date.parse(finishedAt ?? new Date().toISOString())))
  const counts = countAll(ended, service.simulator.ledger())
  print(`darkroom: ${describeKills(records)}`)
  printCounts(counts)
  print(`  everything settled ${seconds(Math.max(0, settledAt - lastReadyAt))} after the last restart`)
  return isRed(counts)
}

async function scenarioWorker(): Promise<boolean> {
  const generations = Number(values.generations ?? 100)
  print(
    `${generations} generations at ${perSecond}/s; the provider takes the money at once and answers ${replyDelayMs} ms later; the worker is killed ${kills} times by SIGKILL and restarted`,
  )
  print(
    "time limits: production's, but for two of the worker process: 500 ms instead of 10 s for workflow tasks that were meant for a dead worker, and no drain",
  )
  const red = await withEnds(async (t) => killWorkers(t, generations))
  const bare = await withEnds(async (t) => runBare(t, seed, generations))
  print(`bare Temporal workflow (two activities, submit and poll, default retries): ${describeKills(bare.records)}`)
  print(`  generations ${generations}, lost ${bare.lost}`)
  print(`  provider tasks made and charged ${bare.tasks}, paid twice ${bare.paidTwice}`)
  print(`  submits cut off by a kill ${bare.cutOff}`)
  print(`  everything settled ${seconds(bare.settledAfterMs)} after the last restart`)
  return red
}

/** One contestant at a time: what it started is gone before the next one starts. */
async function withEnds<T>(run: (t: Ends) => Promise<T>): Promise<T> {
  const cleanups: (() => unknown)[] = []
  try {
    return await run({ after: (cleanup) => void cleanups.push(cleanup) })
  } finally {
    for (const cleanup of cleanups.toReversed()) await cleanup()
  }
}

printMachine(seed)
if (await scenarioWorker()) {
  print(`RED. Again: npm run bench:kill -- --scenario ${values.scenario} --seed ${seed}`)
  process.exitCode = 1
}
