// A worker of the bare workflow in a process of its own. Run by kill-bare.ts, which kills it.
import { readFile } from 'node:fs/promises'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { connectWorker, plainTarget } from '../../src/temporal/connect.ts'

export interface BareOrders {
  address: string
  namespace: string
  taskQueue: string
  bundlePath: string
  kieUrl: string
}

export interface BareActivities {
  submit(prompt: string): Promise<string>
  poll(taskId: string): Promise<string>
}

function isOrders(value: unknown): value is BareOrders {
  return typeof value === 'object' && value !== null && 'bundlePath' in value && 'kieUrl' in value
}

const orders: unknown = JSON.parse(process.env['DARKROOM_BARE_WORKER'] ?? 'null')
if (!isOrders(orders)) throw new Error('DARKROOM_BARE_WORKER holds no orders')
const { address, namespace, taskQueue, bundlePath, kieUrl } = orders
if (new URL(kieUrl).hostname !== '127.0.0.1') throw new Error('the bare worker asks nobody but a simulator on this machine')

interface KieData {
  taskId: string
  state?: string
  resultJson?: string
}

/** All that this job has to know of the envelope. */
function isAnswer(value: unknown): value is { code: 200; data: KieData } {
  return typeof value === 'object' && value !== null && 'code' in value && value.code === 200 && 'data' in value
}

async function ask(path: string, init: RequestInit = {}): Promise<KieData> {
  const headers = { authorization: 'Bearer mock', 'content-type': 'application/json' }
  const response = await fetch(`${kieUrl}${path}`, { ...init, headers })
  const answer: unknown = await response.json()
  if (!isAnswer(answer)) throw new Error(JSON.stringify(answer))
  return answer.data
}

const activities: BareActivities = {
  submit: async (prompt) => {
    const body = JSON.stringify({ model: 'google/nano-banana', input: { prompt } })
    return (await ask('/api/v1/jobs/createTask', { method: 'POST', body })).taskId
  },
  poll: async (taskId) => {
    const { state, resultJson = '' } = await ask(`/api/v1/jobs/recordInfo?taskId=${taskId}`)
    if (state !== 'success') throw new Error(`not finished: ${state}`)
    return resultJson
  },
}

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })
const worker = await Worker.create({
  connection: await connectWorker(plainTarget(address, namespace)),
  namespace,
  taskQueue,
  workflowBundle: { code: await readFile(bundlePath, 'utf8') },
  activities,
  // As for the contestant: workflow tasks do not wait long for the worker that died.
  stickyQueueScheduleToStartTimeout: 500,
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
await worker.run()
