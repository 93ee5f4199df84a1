// The whole service in one process tree: Temporal, ledger, simulator when nothing real shall be asked, workers, gateway.
// One call starts it, one shutdown path ends it.
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { ImageReport } from '../contract/index.ts'
import { createGateway } from '../gateway/create-gateway.ts'
import { createGenerationStarter } from '../gateway/generation-starter.ts'
import type { EmbeddedLedger } from '../ledger/embedded/start-embedded-ledger.ts'
import { startEmbeddedLedger } from '../ledger/embedded/start-embedded-ledger.ts'
import type { Logger } from '../observability/logger.ts'
import type { SimulatorOptions } from '../simulator/options.ts'
import type { Simulator } from '../simulator/simulator.ts'
import { startSimulator } from '../simulator/simulator.ts'
import { createFileStore } from '../storage/file-store.ts'
import type { TemporalTarget } from '../temporal/connect.ts'
import { loadWorkflowBundle } from '../worker/workflow-bundle.ts'
import type { TemporalUi } from './compose-service.ts'
import { composeService, openLedger } from './compose-service.ts'
import type { DataFolder } from './data-folder.ts'
import { prepareDataFolder, readOrMakeCallbackSecret } from './data-folder.ts'
import type { EmbeddedTemporal, EmbeddedTemporalOptions } from './embedded-temporal.ts'
import { reserveTemporal } from './embedded-temporal.ts'
import { listenGateway } from './listen-gateway.ts'
import { openMetrics } from './open-metrics.ts'
import { reachLedger } from './reach-ledger.ts'
import { requireProvider, withSimulator } from './mock-providers.ts'
import { runWorkers } from './run-workers.ts'
import { startTogether } from './start-parts.ts'
import { Teardown } from './teardown.ts'
import type { ServiceEnd } from './watch-parts.ts'
import { watchParts } from './watch-parts.ts'

export interface EmbeddedServiceOptions {
  config: Config
  /** what TEMPORAL_* names; null: an embedded server */
  temporalTarget: TemporalTarget | null
  logger: Logger
  overrides?: EmbeddedOverrides
  /** stops a start that is under way */
  signal?: AbortSignal
  /** told what is being waited for, in a few words */
  onProgress?: (line: string) => void
}

export interface EmbeddedOverrides {
  /** of the Temporal server: the usual ones if they are free, or any. Default: usual */
  temporalPorts?: 'usual' | 'free'
  /** of the Temporal CLI and the workflow bundle; default: `bin/` in the data folder */
  cacheFolder?: string
  /** a ledger is copied from there instead of made anew; see the embedded ledger */
  ledgerTemplateFolder?: string
  simulator?: SimulatorOptions
}

export interface EmbeddedService {
  urls: { gateway: string; metrics: string | null; temporalUi: string | null; simulator: string | null }
  addresses: { temporal: string; namespace: string; dataFolder: string }
  simulator: Simulator | null
  /** path of a stored picture */
  locateImage: (image: Pick<ImageReport, 'sha256' | 'contentType'>) => string | null
  stop: () => Promise<void>
  /** resolves when everything has ended, wanted or not */
  closed: Promise<ServiceEnd>
}

/** A part gets this long to end: a drained worker needs up to 10 s, a request in flight up to 25 s. */
const stepTimeoutMs = 30_000
/** Activities that run when the end is asked for: polls stop at once, a paid POST is booked, and its outcome survives a kill anyway. */
const shutdownGraceMs = 2_000

export async function startEmbeddedService(options: EmbeddedServiceOptions): Promise<EmbeddedService> {
  const teardown = new Teardown(options.logger, stepTimeoutMs)
  try {
    options.signal?.throwIfAborted()
    const service = await startAll(options, teardown)
    options.signal?.throwIfAborted()
    return service
  } catch (error) {
    await teardown.run()
    throw error
  }
}

async function startAll(options: EmbeddedServiceOptions, teardown: Teardown): Promise<EmbeddedService> {
  const { config, logger, overrides = {} } = options
  if (!config.mockAi) requireProvider(config)
  const folder = await prepareDataFolder(config.dataFolder)
  const startTemporal = await reserveTemporal(temporalOptions(options, folder, teardown))
  const store = createFileStore({ folder: join(folder.path, 'images') })
  const [temporal, ledgerProcess, simulator, callbackSecret, workflowBundle] = await startTogether([
    startTemporal(),
    startLedgerProcess(options, folder, teardown),
    config.mockAi ? startMock({ ...mockOptions(config), ...overrides.simulator }, teardown) : Promise.resolve(null),
    config.callbackSecret === null ? readOrMakeCallbackSecret(folder.path) : Promise.resolve(config.callbackSecret.reveal()),
    loadWorkflowBundle(overrides.cacheFolder ?? folder.cacheFolder),
    store.checkWritable(),
  ])
  const temporalUi = chooseUi(config, temporal)
  const ledger = openLedger(connectionOf(config, ledgerProcess), temporalUi)
  await teardown.add('links', 'ledger connections', () => ledger.close())
  const effective = simulator === null ? config : withSimulator(config, simulator)
  const composed = composeService({ config: effective, ledger, store, logger, callbackSecret, temporalUi })

  let callbackBaseUrl = config.publicUrl
  const starter = createGenerationStarter({ client: temporal.link.client })
  const app = await createGateway(composed.gatewayDeps(starter, () => callbackBaseUrl))
  await teardown.add('front', 'gateway', () => app.close())
  const gatewayUrl = await listenGateway(app, config.http)
  // The simulator is on this machine, whatever the world sees of the gateway.
  if (simulator !== null) callbackBaseUrl = gatewayUrl
  const metricsUrl = await openMetrics({ composed, config, logger, teardown })
  const workers = await runWorkers({
    target: temporal.target,
    allowPlaintext: config.temporalPlaintext,
    workflowBundle,
    createActivities: (workflows) => composed.createActivities(callbackBaseUrl, workflows),
    rates: composed.rates,
    timings: config.timings,
    shutdownGraceMs,
    logger,
    teardown,
  })
  return {
    urls: { gateway: gatewayUrl, metrics: metricsUrl, temporalUi: temporalUi?.url ?? null, simulator: simulator?.url ?? null },
    addresses: { temporal: temporal.link.address, namespace: temporal.link.namespace, dataFolder: folder.path },
    simulator,
    locateImage: ({ sha256, contentType }) => store.locate(sha256, contentType),
    stop: () => teardown.run(),
    closed: watchParts(
      [
        { name: 'Temporal', ended: temporal.server?.ended },
        { name: 'the ledger', ended: ledgerProcess?.exited.then(({ code, signal }) => signal ?? `exit code ${code}`) },
        { name: 'the workers', ended: workers.done },
      ],
      teardown,
      logger,
    ),
  }
}

function temporalOptions(options: EmbeddedServiceOptions, folder: DataFolder, teardown: Teardown): EmbeddedTemporalOptions {
  const { config, overrides = {}, signal, onProgress } = options
  return {
    target: options.temporalTarget,
    allowPlaintext: config.temporalPlaintext,
    folder,
    cliPath: config.temporalCliPath,
    cliCacheFolder: overrides.cacheFolder ?? folder.cacheFolder,
    ports: overrides.temporalPorts ?? 'usual',
    logger: options.logger,
    teardown,
    signal,
    onProgress,
  }
}

/** Null where DATABASE_URL names a ledger; that one is brought up to date. */
async function startLedgerProcess(
  { config, overrides = {} }: EmbeddedServiceOptions,
  folder: DataFolder,
  teardown: Teardown,
): Promise<EmbeddedLedger | null> {
  if (config.databaseUrl !== null) {
    await reachLedger(config.databaseUrl)
    return null
  }
  const { ledgerTemplateFolder: templateFolder } = overrides
  const ledger = await startEmbeddedLedger({
    dataFolder: folder.path,
    ...(templateFolder === undefined ? {} : { templateFolder }),
  })
  await teardown.add('servers', 'ledger', () => ledger.stop())
  return ledger
}

function connectionOf(config: Config, ledgerProcess: EmbeddedLedger | null): Parameters<typeof openLedger>[0] {
  if (ledgerProcess !== null) return ledgerProcess.connection
  return { connectionString: config.databaseUrl?.reveal() ?? '' }
}

function mockOptions({ mock: { temperament, seed } }: Config): SimulatorOptions {
  return { temperament, ...(seed === null ? {} : { seed }) }
}

async function startMock(options: SimulatorOptions, teardown: Teardown): Promise<Simulator> {
  const simulator = await startSimulator(options)
  await teardown.add('servers', 'simulator', () => simulator.close())
  return simulator
}

function chooseUi(config: Config, { link, uiUrl }: EmbeddedTemporal): TemporalUi | null {
  const url = config.temporalUiUrl ?? uiUrl
  return url === null ? null : { url, namespace: link.namespace }
}
