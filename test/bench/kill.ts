// `npm run bench:kill`: what is lost, and what is paid twice, when processes are killed around the paid POST. Figures are printed, not
// asserted; but a lost generation, or money spent twice that no row tells of, ends it with exit code 1.
//
//   npm run bench:kill -- [--scenario worker|dev] [--seed N] [--generations N]
import { parseArgs } from 'node:util'
import type { Ends } from '../helpers/at-end.ts'
import { startService } from '../helpers/service.ts'
import { startWorkerProcess } from '../helpers/worker-process.ts'
import { runBare } from './kill-bare.ts'
import { describeKills, killAndRestart, kills, openLoop, perSecond, replyDelayMs, slowProvider } from './kill-plan.ts'
import { devReplyDelayMs, runDev } from './kill-dev.ts'
import { settle } from './kill-settle.ts'
import { countAll, isRed, ledgerKind, print, printCounts, printMachine, seconds } from './kill-report.ts'

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'worker' },
    seed: { type: 'string', default: '7' },
    generations: { type: 'string' },
  },
})
const seed = Number(values.seed)
if (!Number.isSafeInteger(seed)) throw new Error('--seed is a whole number')

/** The worker dies, again and again; Temporal, ledger, gateway and provider stay. */
async function killWorkers(t: Ends, generations: number): Promise<boolean> {
  const service = await startService(t, {
    simulator: slowProvider(seed, replyDelayMs),
    timings: 'production',
    // Standing in line is not what is measured: `npm run bench:limits` does that.
    env: { DARKROOM_KIE_MAX_CREATES: '10000', DARKROOM_KIE_MAX_IN_FLIGHT: '10000' },
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
  const ended = await settle(async (id) => service.read(id), ids)
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
    `${generations} generations at ${perSecond}/s; the provider takes the money at once and answers ${replyDelayMs} ms later; the worker is killed ${kills} times by SIGKILL and restarted; ledger: ${ledgerKind}`,
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

async function scenarioDev(): Promise<boolean> {
  const generations = Number(values.generations ?? 50)
  print(
    `${generations} generations at ${perSecond}/s; the provider takes the money at once and answers ${devReplyDelayMs} ms later; all processes of \`darkroom dev\` are killed by SIGKILL and it is started again`,
  )
  print("time limits: production's")
  const figures = await withEnds(async (t) => runDev(t, seed, generations))
  print(
    `darkroom dev: ${figures.processesKilled} processes killed with ${figures.open} generations open, ${figures.submitted} of them submitted, ${figures.inFlight} in flight; down for ${seconds(figures.downMs)}`,
  )
  printCounts(figures.counts)
  print(`  everything settled ${seconds(figures.settledAfterMs)} after the restart`)
  return isRed(figures.counts)
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

if (values.scenario !== 'worker' && values.scenario !== 'dev') throw new Error('--scenario is worker or dev')
printMachine(seed)
if (await (values.scenario === 'dev' ? scenarioDev() : scenarioWorker())) {
  print(`RED. Again: npm run bench:kill -- --scenario ${values.scenario} --seed ${seed}`)
  process.exitCode = 1
}
