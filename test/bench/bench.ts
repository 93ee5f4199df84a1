// `npm run bench`: figures for orientation, printed and never asserted. Everything runs on this machine: Temporal's dev server in memory,
// the embedded ledger, the simulator at one second per picture. Times are compared as ratios within this one run.
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from '@temporalio/worker'
import type { Client } from '@temporalio/client'
import type { Generation } from '../../src/contract/index.ts'
import type { GenerateImage } from '../../src/workflows/generate-image.ts'
import { buildWorkflowBundle } from '../../src/worker/workflow-bundle.ts'
import type { Ends } from '../helpers/at-end.ts'
import { startService } from '../helpers/service.ts'
import type { Service } from '../helpers/service.ts'

const seed = 7
const pictureMs = 1_000
const concurrent = 20
const roundMs = 15_000
const rounds = 2
/** at 2 generations a second, what one Kie account allows */
const paceMs = 500
const paced = 40

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const quantile = (values: number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))] ?? NaN
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const ms = (value: number): string => `${Math.round(value)} ms`

/** Keeps `concurrent` jobs in flight for `roundMs`; how many ended per second. */
async function closedLoop(job: (index: number) => Promise<void>): Promise<number> {
  const endMs = performance.now() + roundMs
  let done = 0
  const lane = async (number: number): Promise<void> => {
    for (let index = 0; performance.now() < endMs; index += 1) {
      await job(number * 10_000 + index)
      if (performance.now() < endMs) done += 1
    }
  }
  await Promise.all(Array.from({ length: concurrent }, (_, number) => lane(number)))
  return done / (roundMs / 1_000)
}

async function startBare(t: Ends, { temporal }: Service): Promise<(client: Client, index: string) => Promise<void>> {
  const worker = await Worker.create({
    connection: await temporal.connectWorker(),
    taskQueue: 'bare',
    workflowBundle: { code: await buildWorkflowBundle(fileURLToPath(new URL('bare-workflow.ts', import.meta.url))) },
    activities: { nothing: async () => undefined },
  })
  const running = worker.run()
  t.after(async () => {
    worker.shutdown()
    await running
  })
  return async (client, id) =>
    void (await client.workflow.execute('Bare', { taskQueue: 'bare', workflowId: id, args: [pictureMs] }))
}

/** Through the front door; the end is awaited from Temporal, as for the bare one, so that no reading of ours slows the ledger. */
async function served(service: Service, prompt: string): Promise<Generation> {
  const id = await service.create({ model: 'nano-banana', prompt })
  return service.client.workflow.getHandle<typeof GenerateImage>(id).result()
}

/** From the simulator's "finished" to our "stored", one every `paceMs`; and the history events of each. */
async function storeDelays(service: Service, name: string): Promise<{ delaysMs: number[]; events: number[] }> {
  const runs = Array.from({ length: paced }, async (_, index) => {
    await sleep(index * paceMs)
    const { id, finishedAt } = await served(service, `${name} ${index}`)
    const finishedMs = service.tasksOf(id)[0]?.finishedAtMs ?? NaN
    const { historyLength } = await service.handle(id).describe()
    return { delayMs: Date.parse(finishedAt ?? '') - finishedMs, events: historyLength }
  })
  const results = await Promise.all(runs)
  return { delaysMs: results.map(({ delayMs }) => delayMs), events: results.map(({ events }) => events) }
}

async function main(t: Ends): Promise<void> {
  const simulator = { pictureMs, seed, pictureSidePx: 64 }
  const service = await startService(t, { simulator, timings: 'production' })
  const bare = await startBare(t, service)
  const rates = { bare: [] as number[], service: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    rates.bare.push(await closedLoop(async (index) => bare(service.client, `bare-${round}-${index}`)))
    rates.service.push(
      await closedLoop(async (index) => {
        const { status } = await served(service, `closed loop ${round}-${index}`)
        if (status !== 'completed') throw new Error(`a generation ended as ${status}`)
      }),
    )
  }
  const peakRssMib = process.resourceUsage().maxRSS / 1_024
  const byCallback = await storeDelays(service, 'by callback')
  const pollOnly = await startService(t, { simulator, timings: 'production', callbacks: false })
  const byPoll = await storeDelays(pollOnly, 'by poll')

  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const [bareRate, serviceRate] = [mean(rates.bare), mean(rates.service)]
  print(`machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}; commit ${commit}; seed ${seed}`)
  print(
    `closed loop, ${concurrent} concurrent, ${pictureMs} ms per picture, ${rounds} rounds of ${roundMs / 1_000} s each, alternating`,
  )
  print(
    `  bare workflow   ${bareRate.toFixed(1)} /s  (${rates.bare.map((rate) => rate.toFixed(1)).join(', ')})  same activities, a timer for the picture, no front door, no ledger, no download`,
  )
  print(`  generations     ${serviceRate.toFixed(1)} /s  (${rates.service.map((rate) => rate.toFixed(1)).join(', ')})`)
  print(`  ratio           ${(serviceRate / bareRate).toFixed(2)}`)
  print(`finished at the provider → stored, ${paced} at one per ${paceMs} ms`)
  print(`  by callback     p50 ${ms(quantile(byCallback.delaysMs, 0.5))}, p95 ${ms(quantile(byCallback.delaysMs, 0.95))}`)
  print(
    `  by poll         p50 ${ms(quantile(byPoll.delaysMs, 0.5))}, p95 ${ms(quantile(byPoll.delaysMs, 0.95))}  (first poll 5 s after accept: a picture of 1 s waits for it)`,
  )
  print(
    `history events per generation: by callback ${Math.max(...byCallback.events)}, by poll ${Math.max(...byPoll.events)} (largest)`,
  )
  print(`peak memory of the one process with gateway, workers, simulator and this bench: ${Math.round(peakRssMib)} MiB`)
}

const cleanups: (() => unknown)[] = []
try {
  await main({ after: (cleanup) => void cleanups.push(cleanup) })
} finally {
  for (const cleanup of cleanups.toReversed()) await cleanup()
}
