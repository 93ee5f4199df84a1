import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { suite, test } from 'node:test'
import {
  connectTemporal,
  connectWorker,
  isLoopbackAddress,
  plainTarget,
  PlaintextTemporalError,
  readTemporalTarget,
  TemporalUnreachableError,
} from '../../../src/temporal/connect.ts'
import { ensureSearchAttributes, hasSearchAttributes, searchAttributeNames } from '../../../src/temporal/search-attributes.ts'
import { createLogger } from '../../../src/observability/logger.ts'
import { atEnd } from '../../helpers/at-end.ts'
import { prepareTemporalCli, testTemporal } from '../../helpers/temporal.ts'
import { startDevServer } from '../../../src/temporal/dev-server.ts'
import { eventually } from '../../helpers/eventually.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { join } from 'node:path'

const read = (env: NodeJS.ProcessEnv): ReturnType<typeof readTemporalTarget> => readTemporalTarget(env, { disableFile: true })

test('without an address there is no target, and an empty variable is an unset one', () => {
  assert.equal(read({}), null)
  assert.equal(read({ TEMPORAL_ADDRESS: '' }), null)
})

test('TEMPORAL_* means what it means to every other Temporal program', () => {
  assert.deepEqual(read({ TEMPORAL_ADDRESS: 'host:7233' }), { ...plainTarget('host:7233', 'default') })
  const cloud = read({ TEMPORAL_ADDRESS: 'host:7233', TEMPORAL_NAMESPACE: 'pictures', TEMPORAL_API_KEY: 'key' })
  assert.equal(cloud?.namespace, 'pictures')
  assert.equal(cloud?.apiKey, 'key')
  assert.equal(cloud?.tls, true)
})

test('loopback addresses are known in every spelling, and nothing else is one', () => {
  for (const address of ['localhost:7233', 'localhost', '127.0.0.1:7233', '127.1.2.3:1', '[::1]:7233', '[::ffff:127.0.0.1]:1']) {
    assert.ok(isLoopbackAddress(address), address)
  }
  for (const address of [
    'temporal:7233',
    '10.0.0.1:7233',
    '128.0.0.1:1',
    '[::2]:1',
    'localhost.example.com:1',
    '127.0.0.1.example.com:1',
  ]) {
    assert.ok(!isLoopbackAddress(address), address)
  }
})

// Each waits out a connection: at the same time, so that together they cost one.
suite('unreachable servers', { concurrency: true }, () => {
  test('plain text to another machine is refused before a socket is opened, unless allowed', async () => {
    const target = plainTarget('temporal.example.com:7233', 'default')
    for (const connect of [connectTemporal, connectWorker]) {
      await assert.rejects(connect(target), (error) => {
        assert.ok(error instanceof PlaintextTemporalError)
        assert.match(error.message, /TEMPORAL_ADDRESS=temporal\.example\.com:7233 .*TEMPORAL_TLS/)
        return true
      })
    }
    // A key without TLS would be readable, too.
    await assert.rejects(connectTemporal({ ...target, apiKey: 'key', tls: false }), PlaintextTemporalError)
    await assert.rejects(
      connectTemporal({ ...target, address: 'no-such-host.invalid:1' }, { allowPlaintext: true }),
      TemporalUnreachableError,
    )
  })

  test('an unreachable server is an error within five seconds that names TEMPORAL_ADDRESS and why', async () => {
    for (const connect of [connectTemporal, connectWorker]) {
      const beforeMs = performance.now()
      await assert.rejects(connect(plainTarget('127.0.0.1:1', 'default')), (error) => {
        assert.ok(error instanceof TemporalUnreachableError)
        assert.match(error.message, /TEMPORAL_ADDRESS=127\.0\.0\.1:1 \(nothing listens there\)/)
        return true
      })
      assert.ok(performance.now() - beforeMs < 5_000)
    }
  })

  test('something else that listens at the address is not taken for Temporal', async (t) => {
    const server = createServer((_, response) => response.end('hello'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    atEnd(t, () => server.close())
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    const beforeMs = performance.now()
    for (const connect of [connectTemporal, connectWorker]) {
      await assert.rejects(connect(plainTarget(`127.0.0.1:${address.port}`, 'default')), (error) => {
        assert.ok(error instanceof TemporalUnreachableError)
        assert.match(error.message, /something listens there, but does not answer as Temporal/)
        return true
      })
    }
    assert.ok(performance.now() - beforeMs < 10_000)
  })
})

test('a namespace that does not exist is an error that says how to make it', async (t) => {
  const temporal = await testTemporal(t)
  await assert.rejects(connectTemporal(plainTarget(temporal.address, 'nowhere')), (error) => {
    assert.ok(error instanceof TemporalUnreachableError)
    assert.match(error.message, /has no namespace "nowhere"\. Set TEMPORAL_NAMESPACE/)
    return true
  })
})

test('search attributes are missed with one log line, registered once, and then known', async (t) => {
  const folder = await tempFolder(t)
  const server = await startDevServer({
    cliPath: await prepareTemporalCli(),
    dbFilename: null,
    host: '127.0.0.1',
    port: 0,
    uiPort: null,
    namespace: 'default',
    searchAttributes: [],
    logFile: join(folder, 'temporal.log'),
  })
  atEnd(t, () => server.stop())
  const link = await connectTemporal(plainTarget(server.address, 'default'))
  atEnd(t, () => link.close())
  const lines: string[] = []
  const logger = createLogger({ level: 'info', name: 'test', format: 'json', destination: { write: (line) => lines.push(line) } })
  assert.equal(await hasSearchAttributes(link, logger), false)
  assert.equal(lines.length, 1)
  for (const name of searchAttributeNames) assert.match(lines.join(''), new RegExp(name))
  assert.equal(await ensureSearchAttributes(link, logger), true)
  // The server's own cache of attributes follows a moment later.
  await eventually(async () => assert.equal(await hasSearchAttributes(link, logger), true))
  assert.equal(await ensureSearchAttributes(link, logger), true)
})

test('the embedded server knows the search attributes from the start', async (t) => {
  const temporal = await testTemporal(t)
  const logger = createLogger({ level: 'silent', name: 'test' })
  assert.equal(await hasSearchAttributes(temporal, logger), true)
})
