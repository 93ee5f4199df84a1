// The production shape: a worker and a gateway as processes of their own, around one database and one Temporal server.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Generation } from '../../../src/contract/index.ts'
import { findFreePort } from '../../../src/temporal/ports.ts'
import { testLedger } from '../../helpers/ledger.ts'
import { startTestSimulator } from '../../helpers/simulator.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { testTemporal } from '../../helpers/temporal.ts'
import { startCliProcess } from './cli-process.ts'

test('a worker and a gateway that share a database make a picture through a callback, and SIGTERM drains them', async (t) => {
  const [temporal, { connection }, simulator] = await Promise.all([
    testTemporal(t),
    testLedger(t, { backend: 'embedded' }),
    startTestSimulator(t),
  ])
  const port = await findFreePort('127.0.0.1')
  const gatewayUrl = `http://127.0.0.1:${port}`
  const env = {
    DARKROOM_DATA_DIR: await tempFolder(t),
    // pg takes the folder of a Unix socket as host
    DATABASE_URL: `postgres://postgres@localhost:${connection.port}/postgres?host=${encodeURIComponent(connection.host ?? '')}`,
    TEMPORAL_ADDRESS: temporal.address,
    MOCK_AI: 'true',
    KIE_BASE_URL: simulator.kieUrl,
    KIE_UPLOAD_BASE_URL: simulator.kieUploadUrl,
    DEFAPI_BASE_URL: simulator.defapiUrl,
    DARKROOM_DOWNLOAD_ALLOW: new URL(simulator.filesUrl).host,
    DARKROOM_PUBLIC_URL: gatewayUrl,
    DARKROOM_CALLBACK_SECRET: 'the-same-for-all-processes-0123456789',
    DARKROOM_HTTP_PORT: String(port),
  }
  const worker = startCliProcess(t, ['worker'], env)
  const gateway = startCliProcess(t, ['gateway'], env)
  await gateway.until(() => assert.match(gateway.stderr(), /The gateway listens at/))
  await worker.until(() => assert.match(worker.stderr(), /Workers poll/))

  const generate = startCliProcess(t, ['generate', 'two processes', '--json'], { DARKROOM_URL: gatewayUrl })
  assert.equal(await generate.ended, 0, generate.stderr())
  const generation: Generation = JSON.parse(generate.stdout())
  assert.equal(generation.servedBy?.provider, 'kie')
  assert.equal(generation.mode, 'mock')
  // The first poll would have come after a minute: the callback found its way through a gateway that sealed nothing itself.
  assert.ok((generation.timings.totalMs ?? Infinity) < 50_000)

  for (const cli of [gateway, worker]) {
    cli.kill('SIGTERM')
    assert.equal(await cli.ended, 0, cli.stderr())
    assert.equal(cli.stdout(), '')
  }
})
