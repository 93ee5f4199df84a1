// Temporal for the embedded service: the server that TEMPORAL_ADDRESS names, else one of our own on a database file.
import type { FolderLock } from '../ledger/embedded/folder-lock.ts'
import { FolderLockedError, lockFolder } from '../ledger/embedded/folder-lock.ts'
import { identify } from '../ledger/embedded/process-identity.ts'
import { DataFolderInUseError } from '../ledger/embedded/start-embedded-ledger.ts'
import { dirname } from 'node:path'
import type { Logger } from '../observability/logger.ts'
import type { TemporalLink, TemporalTarget } from '../temporal/connect.ts'
import { connectTemporal, plainTarget } from '../temporal/connect.ts'
import type { DevServer } from '../temporal/dev-server.ts'
import { startDevServer } from '../temporal/dev-server.ts'
import { findTemporalCli } from '../temporal/find-cli.ts'
import { ensureSearchAttributes, searchAttributeNames } from '../temporal/search-attributes.ts'
import type { DataFolder } from './data-folder.ts'
import type { Teardown } from './teardown.ts'

export interface EmbeddedTemporalOptions {
  /** what TEMPORAL_* names; null: start one */
  target: TemporalTarget | null
  allowPlaintext: boolean
  folder: DataFolder
  /** `TEMPORAL_CLI_PATH` */
  cliPath: string | null
  cliCacheFolder: string
  ports: 'usual' | 'free'
  logger: Logger
  teardown: Teardown
  signal?: AbortSignal | undefined
  onProgress?: ((line: string) => void) | undefined
}

export interface EmbeddedTemporal {
  target: TemporalTarget
  link: TemporalLink
  /** of our own server; null: somebody else's */
  uiUrl: string | null
  /** of our own server; null: somebody else's */
  server: DevServer | null
}

/** Where people and the `temporal` command look first. Taken: free ones, and `dev` prints where everything is. */
const usualPorts = { grpc: 7233, ui: 8233 }
const loopback = '127.0.0.1'

/**
 * In two steps, because what is refused should be refused before anything heavy is started: a server elsewhere that does not answer,
 * a database that another service has. The function that comes back does the rest.
 */
export async function reserveTemporal(options: EmbeddedTemporalOptions): Promise<() => Promise<EmbeddedTemporal>> {
  const { target, folder, teardown } = options
  if (target !== null) {
    const link = await openLink(target, options)
    return () => Promise.resolve({ target, link, uiUrl: null, server: null })
  }
  const lock = await lockDatabase(folder)
  await teardown.add('servers', 'lock of the Temporal database', async () => lock.release())
  return async () => {
    const server = await startServer(options)
    const ownTarget = plainTarget(server.address, server.namespace)
    return { target: ownTarget, link: await openLink(ownTarget, options), uiUrl: server.uiUrl, server }
  }
}

async function openLink(
  target: TemporalTarget,
  { allowPlaintext, teardown, logger }: EmbeddedTemporalOptions,
): Promise<TemporalLink> {
  const link = await connectTemporal(target, { allowPlaintext })
  await teardown.add('links', 'Temporal client', () => link.close())
  await ensureSearchAttributes(link, logger)
  return link
}

async function startServer(options: EmbeddedTemporalOptions): Promise<DevServer> {
  const { folder, teardown, logger } = options
  const cli = await findTemporalCli({
    cliPath: options.cliPath,
    cacheFolder: options.cliCacheFolder,
    signal: options.signal,
    onProgress: options.onProgress,
  })
  for (const { place, why } of cli.passedOver) logger.debug({ place, why }, 'no Temporal CLI here')
  logger.debug({ path: cli.path, source: cli.source }, 'Temporal CLI found')
  const server = await startDevServer({
    cliPath: cli.path,
    dbFilename: folder.temporalDatabase,
    host: loopback,
    port: options.ports === 'usual' ? usualPorts.grpc : 0,
    uiPort: options.ports === 'usual' ? usualPorts.ui : 0,
    arePortsFixed: false,
    namespace: 'default',
    searchAttributes: searchAttributeNames,
    logFile: folder.temporalLog,
  })
  await teardown.add('servers', 'Temporal', () => server.stop())
  return server
}

/** The server itself does not notice a second one on its file. The ledger has a lock of its own, but it need not be embedded. */
async function lockDatabase(folder: DataFolder): Promise<FolderLock> {
  const owner = {
    ...identify(process.pid),
    command: process.argv.slice(0, 3).join(' '),
    startedAt: new Date(performance.timeOrigin).toISOString(),
  }
  try {
    return await lockFolder(dirname(folder.temporalDatabase), owner)
  } catch (error) {
    throw error instanceof FolderLockedError ? new DataFolderInUseError(folder.path, error.holder) : error
  }
}
