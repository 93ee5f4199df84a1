// A real Temporal server for a test file: in memory or on a database file, on free ports, without UI, gone with the test.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client, Connection } from '@temporalio/client'
import type { NativeConnection } from '@temporalio/worker'
import { connectTemporal, connectWorker, plainTarget } from '../../src/temporal/connect.ts'
import type { DevServer, DevServerOptions } from '../../src/temporal/dev-server.ts'
import { startDevServer } from '../../src/temporal/dev-server.ts'
import { findTemporalCli } from '../../src/temporal/find-cli.ts'
import { searchAttributeNames } from '../../src/temporal/search-attributes.ts'
import { atEnd } from './at-end.ts'
import type { Ends } from './at-end.ts'

/** Shared by all test runs of a machine: the binary is 156 MB. */
export const testCacheFolder = process.env['DARKROOM_TEST_CACHE'] ?? join(tmpdir(), 'darkroom-test-cache')

let cliPath: Promise<string> | undefined

/** Finds or fetches the Temporal CLI, once per process and, under a lock, once per machine. Says on stderr what takes long. */
export function prepareTemporalCli(): Promise<string> {
  cliPath ??= findTemporalCli({
    cliPath: process.env['TEMPORAL_CLI_PATH'] ?? null,
    cacheFolder: testCacheFolder,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  }).then(({ path }) => path)
  return cliPath
}

export interface TestTemporal {
  address: string
  namespace: string
  connection: Connection
  client: Client
  /** Another worker connection; two workers on one task queue may not share one. Closed with the test. */
  connectWorker: () => Promise<NativeConnection>
  /** Ends the server and starts it again on the same address and database file. */
  restart: (options?: { kill?: boolean }) => Promise<void>
  /** the server as it is now */
  readonly server: DevServer
}

export interface TestTemporalOptions {
  /** keep histories in a file, so that they survive a restart; default: in memory, which is faster */
  onFile?: boolean
}

const namespace = 'default'

/** What is started on it later should be ended with `atEnd`, so that it ends before the server. */
export async function testTemporal(t: Ends, options: TestTemporalOptions = {}): Promise<TestTemporal> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-temporal-'))
  atEnd(t, () => rm(folder, { recursive: true, force: true }))
  const serverOptions: DevServerOptions = {
    cliPath: await prepareTemporalCli(),
    dbFilename: options.onFile === true ? join(folder, 'temporal.db') : null,
    host: '127.0.0.1',
    port: 0,
    uiPort: null,
    namespace,
    searchAttributes: searchAttributeNames,
    logFile: join(folder, 'temporal.log'),
  }
  let server = await startDevServer(serverOptions)
  atEnd(t, () => server.stop())
  const { address } = server
  const link = await connectTemporal(plainTarget(address, namespace))
  atEnd(t, () => link.close())
  return {
    address,
    namespace,
    connection: link.connection,
    client: link.client,
    connectWorker: async () => {
      const connection = await connectWorker(plainTarget(address, namespace))
      atEnd(t, () => connection.close())
      return connection
    },
    restart: async ({ kill = false } = {}) => {
      if (kill) process.kill(server.pid, 'SIGKILL')
      await (kill ? server.ended : server.stop())
      server = await startDevServer({ ...serverOptions, port: Number(address.split(':')[1]) })
    },
    get server() {
      return server
    },
  }
}
