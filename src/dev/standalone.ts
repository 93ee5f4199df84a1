// The service in parts, each a process of its own, as production runs it: any number of workers and gateways around one Postgres and one
// Temporal server that somebody else runs.
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { createGateway } from '../gateway/create-gateway.ts'
import { createGenerationStarter } from '../gateway/generation-starter.ts'
import type { Logger } from '../observability/logger.ts'
import { createFileStore } from '../storage/file-store.ts'
import type { TemporalLink, TemporalTarget } from '../temporal/connect.ts'
import { connectTemporal } from '../temporal/connect.ts'
import { loadWorkflowBundle } from '../worker/workflow-bundle.ts'
import type { ComposedService } from './compose-service.ts'
import { composeService, openLedger } from './compose-service.ts'
import type { DataFolder } from './data-folder.ts'
import { prepareDataFolder, readOrMakeCallbackSecret } from './data-folder.ts'
import { listenGateway } from './listen-gateway.ts'
import { MissingSettingError, requireProvider, withNamedSimulator } from './mock-providers.ts'
import { openMetrics } from './open-metrics.ts'
import { reachLedger } from './reach-ledger.ts'
import { runWorkers } from './run-workers.ts'
import { startTogether } from './start-parts.ts'
import { Teardown } from './teardown.ts'
import type { ServiceEnd } from './watch-parts.ts'
import { watchParts } from './watch-parts.ts'

export interface StandaloneOptions {
  config: Config
  temporalTarget: TemporalTarget
  logger: Logger
}

export interface StandaloneService {
  stop: () => Promise<void>
  /** resolves when it has ended, wanted or not */
  closed: Promise<ServiceEnd>
}

/** Longest time that a part may take to end. */
const stepTimeoutMs = {
  /** a paid POST that is on its way takes at most 60 s, and is booked after it; its outcome would survive a kill, but must then be looked up */
  worker: 70_000,
  /** a request in flight is given 25 s; orchestrators commonly kill after 30 s */
  gateway: 28_000,
}

export async function startWorkerProcess(options: StandaloneOptions): Promise<StandaloneService> {
  const { logger, temporalTarget } = options
  const config = options.config.mockAi ? withNamedSimulator(options.config) : options.config
  requireProvider(config)
  return withTeardown(new Teardown(logger, stepTimeoutMs.worker), async (teardown) => {
    const folder = await prepareDataFolder(config.dataFolder)
    const [{ composed }, workflowBundle] = await startTogether([
      openParts(options, config, folder, teardown),
      loadWorkflowBundle(folder.cacheFolder),
    ])
    await openMetrics({ composed, config, logger, teardown })
    const workers = await runWorkers({
      target: temporalTarget,
      allowPlaintext: config.temporalPlaintext,
      workflowBundle,
      createActivities: (workflows) => composed.createActivities(config.publicUrl, workflows),
      rates: composed.rates,
      timings: config.timings,
      logger,
      teardown,
    })
    return { closed: watchParts([{ name: 'the workers', ended: workers.done }], teardown, logger) }
  })
}

export async function startGatewayProcess(options: StandaloneOptions): Promise<StandaloneService & { url: string }> {
  const { config, logger, temporalTarget } = options
  return withTeardown(new Teardown(logger, stepTimeoutMs.gateway), async (teardown) => {
    const folder = await prepareDataFolder(config.dataFolder)
    const [{ composed }, link] = await startTogether([
      openParts(options, config, folder, teardown),
      openTemporal(temporalTarget, config, teardown),
    ])
    const app = await createGateway(composed.gatewayDeps(createGenerationStarter({ client: link.client })))
    await teardown.add('front', 'gateway', () => app.close())
    const url = await listenGateway(app, config.http)
    await openMetrics({ composed, config, logger, teardown })
    return { url, closed: watchParts([], teardown, logger) }
  })
}

/** Starts with one shutdown path: what was started before a failure is stopped again. */
async function withTeardown<T>(
  teardown: Teardown,
  start: (teardown: Teardown) => Promise<T>,
): Promise<T & Pick<StandaloneService, 'stop'>> {
  try {
    return { ...(await start(teardown)), stop: () => teardown.run() }
  } catch (error) {
    await teardown.run()
    throw error
  }
}

async function openTemporal(target: TemporalTarget, config: Config, teardown: Teardown): Promise<TemporalLink> {
  const link = await connectTemporal(target, { allowPlaintext: config.temporalPlaintext })
  await teardown.add('links', 'Temporal client', () => link.close())
  return link
}

/** Ledger, store and what is composed of them. */
async function openParts(
  options: StandaloneOptions,
  config: Config,
  folder: DataFolder,
  teardown: Teardown,
): Promise<{ composed: ComposedService }> {
  const { logger, temporalTarget } = options
  if (config.databaseUrl === null) {
    throw new MissingSettingError(
      'DATABASE_URL is not set: workers and gateways share one Postgres. On a single machine `darkroom dev` runs everything without one.',
    )
  }
  await reachLedger(config.databaseUrl)
  const temporalUi = config.temporalUiUrl === null ? null : { url: config.temporalUiUrl, namespace: temporalTarget.namespace }
  const ledger = openLedger({ connectionString: config.databaseUrl.reveal() }, temporalUi)
  await teardown.add('links', 'ledger connections', () => ledger.close())
  const store = createFileStore({ folder: join(folder.path, 'images') })
  await store.checkWritable()
  const callbackSecret = await chooseCallbackSecret(config, folder)
  return { composed: composeService({ config, ledger, store, logger, callbackSecret, temporalUi }) }
}

/** Gateways must open what workers have sealed: with a public address they need one secret, and nobody can guess it for them. */
async function chooseCallbackSecret(config: Config, folder: DataFolder): Promise<string> {
  if (config.callbackSecret !== null) return config.callbackSecret.reveal()
  if (config.publicUrl === null) return readOrMakeCallbackSecret(folder.path)
  throw new MissingSettingError(
    'DARKROOM_CALLBACK_SECRET is not set: with DARKROOM_PUBLIC_URL every worker and gateway needs the same one. Make it with: openssl rand -hex 32',
  )
}
