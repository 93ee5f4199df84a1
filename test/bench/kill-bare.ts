// The other contestant: a bare Temporal workflow, with the same load, provider and kills.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startSimulator } from '../../src/simulator/simulator.ts'
import { buildWorkflowBundle } from '../../src/worker/workflow-bundle.ts'
import { atEnd } from '../helpers/at-end.ts'
import type { Ends } from '../helpers/at-end.ts'
import { tempFolder } from '../helpers/temp-folder.ts'
import { testTemporal } from '../helpers/temporal.ts'
import type { BareOrders } from './kill-bare-worker.ts'
import type { BarePicture } from './kill-bare-workflow.ts'
import { killAndRestart, openLoop, replyDelayMs, slowProvider } from './kill-plan.ts'
import type { Killable, KillRecord } from './kill-plan.ts'
import { tasksByPrompt } from './kill-report.ts'

const taskQueue = 'bare'
const workerPath = fileURLToPath(new URL('kill-bare-worker.ts', import.meta.url))
const workflowPath = fileURLToPath(new URL('kill-bare-workflow.ts', import.meta.url))

export interface BareFigures {
  lost: number
  tasks: number
  paidTwice: number
  cutOff: number
  records: KillRecord[]
  settledAfterMs: number
}

export async function runBare(t: Ends, seed: number, generations: number): Promise<BareFigures> {
  const [temporal, simulator, folder] = await Promise.all([
    testTemporal(t, { onFile: true }),
    startSimulator(slowProvider(seed, replyDelayMs)),
    tempFolder(t),
  ])
  atEnd(t, () => simulator.close())
  const bundlePath = join(folder, 'bare-bundle.js')
  await writeFile(bundlePath, await buildWorkflowBundle(workflowPath))
  const { address, namespace, client } = temporal
  const orders: BareOrders = { address, namespace, taskQueue, bundlePath, kieUrl: simulator.kieUrl }
  const start = async (): Promise<Killable> => startWorker(t, orders)

  const first = await start()
  const killing = killAndRestart({ seed, generations }, simulator, first, start)
  const handles = await openLoop(generations, async (index) =>
    client.workflow.start<typeof BarePicture>('BarePicture', {
      taskQueue,
      workflowId: `bare-${index}`,
      args: [`bare picture ${index}`],
    }),
  )
  const { records, lastReadyAt } = await killing
  const ends = await Promise.allSettled(handles.map(async (handle) => handle.result()))
  const settledAfterMs = Date.now() - lastReadyAt
  const tasks = simulator.ledger()
  return {
    lost: ends.filter(({ status }) => status === 'rejected').length,
    tasks: tasks.length,
    paidTwice: [...tasksByPrompt(tasks).values()].reduce((sum, { length }) => sum + length - 1, 0),
    cutOff: tasks.filter(({ reply }) => reply === 'client_left').length,
    records,
    settledAfterMs,
  }
}

async function startWorker(t: Ends, orders: BareOrders): Promise<Killable> {
  const child = fork(workerPath, [], {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, DARKROOM_BARE_WORKER: JSON.stringify(orders) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  atEnd(t, async () => {
    child.kill('SIGKILL')
    await exited
  })
  await Promise.race([
    once(child, 'message'),
    exited.then(() => {
      throw new Error(`the bare worker ended before it was ready (exit code ${child.exitCode})`)
    }),
  ])
  return { child, exited }
}
