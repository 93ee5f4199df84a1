// The whole of `darkroom dev` dies at once, ledger and Temporal included, and is started again on the same data folder. The simulator
// lives outside, as a provider does.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Generation } from '../../src/contract/index.ts'
import { between, randomOf } from '../../src/simulator/random.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { findFreePort } from '../../src/temporal/ports.ts'
import { atEnd } from '../helpers/at-end.ts'
import type { Ends } from '../helpers/at-end.ts'
import { descendantsOf, nothingRunsOn } from '../helpers/processes.ts'
import { tempFolder } from '../helpers/temp-folder.ts'
import { prepareTemporalCli } from '../helpers/temporal.ts'
import { startCliProcess } from '../unit/cli/cli-process.ts'
import type { CliProcess } from '../unit/cli/cli-process.ts'
import { slowProvider, openLoop } from './kill-plan.ts'
import { countAll } from './kill-report.ts'
import type { Counts } from './kill-report.ts'
import { settle } from './kill-settle.ts'

/** `dev` with real keys submits to Kie at its documented pace, 2/s: replies as slow as this keep several submits in flight. */
export const devReplyDelayMs = 3_000
/** Long enough that all are open when it dies. */
const pictureMs = { minMs: 25_000, maxMs: 40_000 }

export interface DevFigures {
  counts: Counts
  /** without an end when it died */
  open: number
  submitted: number
  inFlight: number
  processesKilled: number
  downMs: number
  settledAfterMs: number
}

export async function runDev(t: Ends, seed: number, generations: number): Promise<DevFigures> {
  const [simulator, dataFolder, port] = await Promise.all([
    startSimulator({ ...slowProvider(seed, devReplyDelayMs), pictureMs }),
    tempFolder(t),
    findFreePort('127.0.0.1'),
  ])
  atEnd(t, () => simulator.close())
  atEnd(t, () => nothingRunsOn(dataFolder))
  const url = `http://127.0.0.1:${port}`
  const env = await environment(simulator, dataFolder, url)
  const first = await startDev(t, env)
  const ids = await openLoop(generations, async (index) => create(url, index))
  // Some are submitted, some in flight, some still in line.
  await sleep(between(randomOf(seed, 'kill dev'), 4_000, 8_000))

  const processes = await descendantsOf(first.pid)
  for (const pid of [first.pid, ...processes.map((entry) => entry.pid)]) killNow(pid)
  const killedAtMs = performance.now()
  const tasks = simulator.ledger()
  const open = generations - tasks.filter(({ downloads }) => downloads > 0).length
  await first.ended

  const second = await startDev(t, env)
  const readyAt = Date.now()
  const downMs = performance.now() - killedAtMs
  const ended = await settle(async (id) => read(url, id), ids)
  const settledAt = Math.max(...ended.map(({ finishedAt }) => Date.parse(finishedAt ?? new Date().toISOString())))
  second.kill('SIGTERM')
  await second.ended
  return {
    counts: countAll(ended, simulator.ledger()),
    open,
    submitted: tasks.length,
    inFlight: tasks.filter(({ reply }) => reply === 'pending').length,
    processesKilled: processes.length + 1,
    downMs,
    settledAfterMs: Math.max(0, settledAt - readyAt),
  }
}

/** As one would use a simulator that runs elsewhere: keys and addresses, no MOCK_AI, which would start another one inside. */
async function environment(simulator: Simulator, dataFolder: string, url: string): Promise<Record<string, string>> {
  return {
    DARKROOM_DATA_DIR: dataFolder,
    DARKROOM_HTTP_PORT: new URL(url).port,
    DARKROOM_PUBLIC_URL: url,
    DARKROOM_LOG_LEVEL: 'error',
    TEMPORAL_CLI_PATH: await prepareTemporalCli(),
    KIE_API_KEY: 'mock',
    DEFAPI_KEY: 'mock',
    KIE_BASE_URL: simulator.kieUrl,
    KIE_UPLOAD_BASE_URL: simulator.kieUploadUrl,
    DEFAPI_BASE_URL: simulator.defapiUrl,
    DARKROOM_DOWNLOAD_ALLOW: new URL(simulator.filesUrl).host,
  }
}

async function startDev(t: Ends, env: Record<string, string>): Promise<CliProcess> {
  const dev = startCliProcess(t, ['dev', '--json'], env)
  await dev.until(() => JSON.parse(dev.stdout()) as unknown)
  return dev
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone with its parent already.
  }
}

async function create(url: string, index: number): Promise<string> {
  const response = await fetch(`${url}/v1/generations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'nano-banana', prompt: `picture ${index} of the kill bench` }),
  })
  if (response.status !== 202) throw new Error(`POST /v1/generations: ${response.status} ${await response.text()}`)
  return (await readGeneration(response)).id
}

async function read(url: string, id: string): Promise<Generation> {
  return readGeneration(await fetch(`${url}/v1/generations/${id}`))
}

async function readGeneration(response: Response): Promise<Generation> {
  const body: unknown = await response.json()
  if (!isGeneration(body)) throw new Error(`not a generation: ${JSON.stringify(body)}`)
  return body
}

function isGeneration(value: unknown): value is Generation {
  return typeof value === 'object' && value !== null && 'id' in value && 'status' in value && 'attempts' in value
}
