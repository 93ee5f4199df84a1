import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { suite, test } from 'node:test'
import { loadConfig } from '../../../src/config/config.ts'
import type { Generation } from '../../../src/contract/index.ts'
import type { EmbeddedServiceOptions } from '../../../src/dev/embedded-service.ts'
import { startEmbeddedService } from '../../../src/dev/embedded-service.ts'
import { createLogger } from '../../../src/observability/logger.ts'
import { plainTarget } from '../../../src/temporal/connect.ts'
import { atEnd } from '../../helpers/at-end.ts'
import type { Ends } from '../../helpers/at-end.ts'
import { eventually } from '../../helpers/eventually.ts'
import { prepareLedgerTemplate } from '../../helpers/ledger.ts'
import { descendantsOf, nothingRunsOn, processesOf } from '../../helpers/processes.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { prepareTemporalCli, testCacheFolder } from '../../helpers/temporal.ts'

const logger = createLogger({ level: 'fatal', name: 'test' })

async function optionsFor(dataFolder: string, env: Record<string, string> = {}): Promise<EmbeddedServiceOptions> {
  return {
    config: loadConfig({
      MOCK_AI: 'true',
      DARKROOM_DATA_DIR: dataFolder,
      DARKROOM_HTTP_PORT: '0',
      TEMPORAL_CLI_PATH: await prepareTemporalCli(),
      ...env,
    }),
    temporalTarget: null,
    logger,
    overrides: {
      temporalPorts: 'free',
      cacheFolder: testCacheFolder,
      ledgerTemplateFolder: await prepareLedgerTemplate(),
      simulator: { pictureMs: 50, pictureSidePx: 64 },
    },
  }
}

async function start(
  t: Ends,
  dataFolder: string,
  env?: Record<string, string>,
): Promise<Awaited<ReturnType<typeof startEmbeddedService>>> {
  const service = await startEmbeddedService(await optionsFor(dataFolder, env))
  atEnd(t, () => service.stop())
  return service
}

async function generate(gatewayUrl: string, prompt: string): Promise<Generation> {
  const response = await fetch(`${gatewayUrl}/v1/generations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=30' },
    body: JSON.stringify({ model: 'nano-banana', prompt }),
  })
  assert.equal(response.status, 200)
  return JSON.parse(await response.text())
}

test('one call starts a service that makes a picture, keeps it over a restart, and leaves nothing behind', async (t) => {
  const dataFolder = await tempFolder(t)
  const service = await start(t, dataFolder)
  const made = await generate(service.urls.gateway, 'kept')
  assert.equal(made.status, 'completed')
  assert.equal(made.mode, 'mock')
  assert.match(made.links.temporal ?? '', new RegExp(`^${service.urls.temporalUi}/namespaces/default/workflows/${made.id}$`))
  const [image] = made.images
  assert.ok(image !== undefined)
  const bytes = await readFile(service.locateImage(image) ?? '')
  assert.equal(bytes.length, image.sizeBytes)
  // The callback came over HTTP and woke the workflow: nobody waited for the first poll, which is 60 s away.
  const requests = service.simulator?.ledger() ?? []
  assert.equal(requests.length, 1)

  await service.stop()
  assert.deepEqual(await service.closed, { kind: 'stopped' })
  await nothingRunsOn(dataFolder)
  await assert.rejects(fetch(service.urls.gateway))

  const again = await start(t, dataFolder)
  const kept: Generation = JSON.parse(await (await fetch(`${again.urls.gateway}/v1/generations/${made.id}`)).text())
  assert.deepEqual(kept.images, made.images)
})

test('a second service on the same data folder is refused, names the first one, and does it no harm', async (t) => {
  const dataFolder = await tempFolder(t)
  const service = await start(t, dataFolder)
  await assert.rejects(startEmbeddedService(await optionsFor(dataFolder)), (error: Error) => {
    assert.equal(error.name, 'DataFolderInUseError')
    assert.match(error.message, new RegExp(`is in use by process ${process.pid} on `))
    return true
  })
  assert.equal((await generate(service.urls.gateway, 'still here')).status, 'completed')
})

suite('what was started before a failure is stopped again', () => {
  test('the gateway port is in use', async (t) => {
    const taken = createServer().listen(0, '127.0.0.1')
    atEnd(t, () => taken.close())
    await eventually(() => assert.equal(taken.listening, true))
    const address = taken.address()
    assert.ok(typeof address === 'object' && address !== null)
    const dataFolder = await tempFolder(t)
    const starting = startEmbeddedService(await optionsFor(dataFolder, { DARKROOM_HTTP_PORT: String(address.port) }))
    await assert.rejects(starting, (error: Error) => {
      assert.equal(error.name, 'PortInUseError')
      assert.match(error.message, new RegExp(`^Port ${address.port} on 127\\.0\\.0\\.1, .+ DARKROOM_HTTP_PORT\\.$`))
      return true
    })
    await nothingRunsOn(dataFolder)
  })

  test('Temporal is not reachable', async (t) => {
    const dataFolder = await tempFolder(t)
    const options = { ...(await optionsFor(dataFolder)), temporalTarget: plainTarget('127.0.0.1:1', 'default') }
    await assert.rejects(startEmbeddedService(options), { name: 'TemporalUnreachableError' })
    await nothingRunsOn(dataFolder)
  })

  test('the database of DATABASE_URL is not reachable, and its password is in no message', async (t) => {
    const dataFolder = await tempFolder(t)
    const starting = startEmbeddedService(
      await optionsFor(dataFolder, { DATABASE_URL: 'postgres://me:sesame-open@127.0.0.1:1/db' }),
    )
    await assert.rejects(starting, (error: Error) => {
      assert.equal(error.name, 'LedgerUnavailableError')
      assert.match(error.message, /the database at 127\.0\.0\.1:1 \(DATABASE_URL\)/)
      assert.doesNotMatch(error.message, /sesame/)
      return true
    })
    await nothingRunsOn(dataFolder)
  })

  test('somebody stops it while it starts', async (t) => {
    const dataFolder = await tempFolder(t)
    const stop = new AbortController()
    const starting = startEmbeddedService({ ...(await optionsFor(dataFolder)), signal: stop.signal })
    await eventually(async () => assert.notEqual((await processesOf(dataFolder)).length, 0))
    stop.abort()
    await assert.rejects(starting, { name: 'AbortError' })
    await nothingRunsOn(dataFolder)
  })
})

test('without a provider key and without MOCK_AI nothing is started', async (t) => {
  const options = await optionsFor(await tempFolder(t), { MOCK_AI: 'false' })
  await assert.rejects(startEmbeddedService(options), /No provider is configured: set KIE_API_KEY or DEFAPI_KEY, or MOCK_AI=true/)
})

for (const { part, command } of [
  { part: 'Temporal', command: 'server start-dev' },
  { part: 'the ledger', command: 'embedded/child' },
]) {
  test(`when ${part} is killed, the rest is stopped and whoever waits is told`, async (t) => {
    const dataFolder = await tempFolder(t)
    const service = await start(t, dataFolder)
    const family = await descendantsOf(process.pid)
    const victim = family.find((entry) => entry.command.includes(command) && !entry.command.includes('guard'))
    assert.ok(victim !== undefined)
    process.kill(victim.pid, 'SIGKILL')
    const end = await service.closed
    assert.ok(end.kind === 'part_ended')
    assert.equal(end.part, part)
    assert.match(end.why, /SIGKILL/)
    await nothingRunsOn(dataFolder)
  })
}
