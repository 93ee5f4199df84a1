// The whole service as processes: simulator, Temporal on a database file, ledger, gateway, two workers. Each has its own pid and can be
// killed, except the simulator, which is the witness.
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { findFreePort } from '../../src/temporal/ports.ts'
import { atEnd } from '../helpers/at-end.ts'
import type { Ends } from '../helpers/at-end.ts'
import { eventually } from '../helpers/eventually.ts'
import { testLedger } from '../helpers/ledger.ts'
import { tempFolder } from '../helpers/temp-folder.ts'
import { testCacheFolder, testTemporal } from '../helpers/temporal.ts'
import type { TestTemporal } from '../helpers/temporal.ts'
import { startLedgerProxy } from '../helpers/worker-process.ts'
import type { LedgerProxy } from '../helpers/worker-process.ts'
import type { TestLedger } from '../helpers/ledger.ts'
import type { CrashOrder } from './crash-points.ts'
import { formatCrashOrders } from './crash-points.ts'
import { KeptProcess } from './kept-process.ts'
import type { ProcessExit } from './kept-process.ts'
import type { ChaosOptions } from './options.ts'
import { chaosLimits, scaledTimings, serviceEnvironment } from './service-input.ts'
import type { ServiceInput } from './service-input.ts'
import { simulatorClient } from './simulator-client.ts'
import type { SimulatorClient } from './simulator-client.ts'

export interface Cluster {
  input: ServiceInput
  gatewayUrl: string
  simulator: SimulatorClient
  temporal: TestTemporal
  ledger: TestLedger
  ledgerProxy: LedgerProxy
  gateway: KeptProcess
  workers: KeptProcess[]
  exits: ProcessExit[]
  imagesFolder: string
  logFiles: string[]
}

/** Answers the crash order for the next life of a process; null: none. */
export type NextCrash = (kind: 'gateway' | 'worker') => CrashOrder | null

const unarmedWorker = 'worker-b'

export async function startCluster(t: Ends, options: ChaosOptions, nextCrash: NextCrash): Promise<Cluster> {
  const folder = await tempFolder(t)
  const dataFolder = join(folder, 'data')
  await mkdir(dataFolder)
  const kieKey = canary('kie')
  const defapiKey = canary('defapi')
  const webhookHmacKey = canary('hmac')
  const logFile = (name: string): string => join(folder, `${name}.log`)
  const [temporal, ledger, simulator] = await Promise.all([
    testTemporal(t, { onFile: true }),
    testLedger(t),
    startSimulatorProcess(t, logFile('simulator'), {
      seed: options.seed,
      pictureMs: { minMs: 150, maxMs: 900 },
      // Painting would cost more than everything else.
      pictureSidePx: 64,
      callbackRetryMs: [200, 500, 1_500],
      defapiNotFoundMs: 200,
      kieApiKeys: [kieKey],
      defapiKeys: [defapiKey],
      webhookHmacKey,
      rateLimit: { creates: chaosLimits.creates, windowMs: chaosLimits.windowMs, queriesPerSecond: null },
    }),
  ])
  const ledgerProxy = await startLedgerProxy(t, ledger.connection)
  const gatewayPort = await findFreePort('127.0.0.1')
  const gatewayUrl = `http://127.0.0.1:${gatewayPort}`
  const { kieUrl, kieUploadUrl, defapiUrl, filesUrl } = simulator.addresses
  const input: ServiceInput = {
    env: serviceEnvironment(dataFolder, scaledTimings(options.timeScale)),
    simulator: { kieUrl, kieUploadUrl, defapiUrl, filesUrl },
    ledger: ledgerProxy.connection,
    callbackSecret: canary('callback'),
    webhookHmacKey,
    kieKey,
    defapiKey,
    callbackBaseUrl: gatewayUrl,
    gatewayPort,
    temporalAddress: temporal.address,
    temporalNamespace: temporal.namespace,
    cacheFolder: testCacheFolder,
  }
  const exits: ProcessExit[] = []
  const keep = (kind: 'gateway' | 'worker', name: string): KeptProcess =>
    new KeptProcess({
      name,
      entry: join(options.root, `test/chaos/entries/${kind}.ts`),
      env: () => {
        const order = name === unarmedWorker ? null : nextCrash(kind)
        return { CHAOS_ORDERS: JSON.stringify(input), ...(order === null ? {} : { CRASH_AT: formatCrashOrders([order]) }) }
      },
      logFile: logFile(name),
      onExit: (exit) => exits.push(exit),
    })
  const gateway = keep('gateway', 'gateway')
  const workers = [keep('worker', 'worker-a'), keep('worker', unarmedWorker)]
  for (const child of [...workers, gateway]) atEnd(t, () => child.stop())
  await Promise.all([gateway.start(), ...workers.map((worker) => worker.start())])
  return {
    input,
    gatewayUrl,
    simulator,
    temporal,
    ledger,
    ledgerProxy,
    gateway,
    workers,
    exits,
    imagesFolder: join(dataFolder, 'images'),
    logFiles: ['gateway', 'worker-a', unarmedWorker].map(logFile),
  }
}

async function startSimulatorProcess(t: Ends, logFile: string, orders: object): Promise<SimulatorClient> {
  let url: string | null = null
  const child = new KeptProcess({
    name: 'simulator',
    entry: join(import.meta.dirname, 'entries/simulator.ts'),
    env: () => ({ CHAOS_ORDERS: JSON.stringify(orders) }),
    logFile,
    onMessage: (message) => {
      if (typeof message === 'object' && message !== null && 'url' in message) url = String(message.url)
    },
  })
  atEnd(t, () => child.stop())
  await child.start()
  return simulatorClient(
    await eventually(() => {
      if (url === null) throw new Error('the simulator has not said where it is')
      return url
    }),
  )
}

/** Long enough that it is nowhere by chance. */
function canary(name: string): string {
  return `canary-${name}-${randomBytes(24).toString('hex')}`
}
