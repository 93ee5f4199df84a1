import assert from 'node:assert/strict'
import { connect, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { buildConnector } from 'undici'
import { DownloadError } from '../../../src/storage/download-error.ts'
import {
  checkPublicUrl,
  createGuardedConnector,
  isPublicAddress,
  parseAllowedHosts,
  parseFetchUrl,
} from '../../../src/storage/url-guard.ts'
import type { GuardOptions, LookupAddresses } from '../../../src/storage/url-guard.ts'
import { startTrap } from './local-servers.ts'
import { addressSpellings, localNameSpellings, refusedLinks } from './spellings.ts'

/** As undici hands it to the connector. */
const normalised = (host: string): string => new URL(`https://${host}/`).hostname
const bare = (host: string): string => normalised(host).replaceAll(/[[\]]/g, '')
const literals = [...new Set(addressSpellings.map(bare))]

/** What a connector does with one place: the socket it hands over, or its error. */
function tryConnect(connector: buildConnector.connector, hostname: string, port: number): Promise<Socket | Error> {
  return new Promise((resolve) => {
    connector({ hostname, host: hostname, protocol: 'http:', port: String(port) }, (error, socket) => resolve(error ?? socket))
  })
}

const guard = (options: Partial<GuardOptions> = {}): buildConnector.connector =>
  createGuardedConnector({ allowed: [], connectTimeoutMs: 2_000, ...options })

function assertRefused(outcome: Socket | Error, what: string): void {
  assert.ok(
    outcome instanceof DownloadError,
    `${what} got through, or failed for another reason: ${outcome instanceof Error ? outcome.message : 'a socket'}`,
  )
  assert.equal(outcome.code, 'url_refused', what)
}

const answering =
  (...addresses: string[]): LookupAddresses =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address, family: isIP(address) })))

test('the list of spellings is long enough, and each entry really is an address', () => {
  assert.ok(addressSpellings.length + localNameSpellings.length >= 60)
  for (const spelling of addressSpellings) assert.notEqual(isIP(bare(spelling)), 0, spelling)
})

test('without the guard the spellings do reach the loopback, so that the traps below can catch something', async (t) => {
  const trap = await startTrap(t)
  for (const spelling of ['2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '①②⑦.⓪.⓪.①', '0']) {
    const outcome = await tryConnect(buildConnector({ timeout: 2_000 }), bare(spelling), trap.port)
    assert.ok(!(outcome instanceof Error), spelling)
    outcome.destroy()
  }
  assert.equal(trap.connections, 5)
})

test('no spelling of a private address passes the check of the link, and none is fetched', () => {
  for (const spelling of [...addressSpellings, ...localNameSpellings]) {
    const link = `https://${spelling}/x.png`
    assert.throws(() => parseFetchUrl(link, []), { code: 'url_refused', message: /address|local name/ }, spelling)
    assert.equal(checkPublicUrl(link).ok, false, spelling)
  }
})

test('direct: the connector refuses every literal before a connection is made', async (t) => {
  const trap = await startTrap(t)
  for (const spelling of addressSpellings) {
    assertRefused(await tryConnect(guard(), normalised(spelling), trap.port), spelling)
    assertRefused(await tryConnect(guard(), bare(spelling), trap.port), spelling)
  }
  assert.equal(trap.connections, 0)
})

test('by DNS: a name that resolves to a private address is refused, also when it hides behind public ones', async (t) => {
  const trap = await startTrap(t)
  for (const literal of literals) {
    for (const addresses of [[literal], ['8.8.8.8', literal], [literal, '2606:4700::1111'], ['1.1.1.1', '8.8.8.8', literal]]) {
      assertRefused(
        await tryConnect(guard({ lookup: answering(...addresses) }), 'pictures.example.com', trap.port),
        addresses.join(' '),
      )
    }
  }
  assert.equal(trap.connections, 0)
})

test('by the system resolver: localhost is refused', async (t) => {
  const trap = await startTrap(t)
  assertRefused(await tryConnect(guard(), 'localhost', trap.port), 'localhost')
  assert.equal(trap.connections, 0)
})

test('by rebinding: each answer is judged, not only the first one', async (t) => {
  const trap = await startTrap(t)
  for (const literal of literals) {
    let asked = 0
    const flipping: LookupAddresses = (hostname) => answering((asked += 1) % 2 === 1 ? '8.8.8.8' : literal)(hostname)
    // stands for a client that looks up once to check and again to connect: it gets the second answer only through the guard
    const buildBase: typeof buildConnector = (options) => (place, callback) => {
      const lookup = options !== undefined && 'lookup' in options ? options.lookup : undefined
      assert.ok(lookup !== undefined)
      lookup(place.hostname, { all: true }, (error) => {
        assert.equal(error, null)
        lookup(place.hostname, { all: true }, (secondError) => {
          if (secondError !== null) return callback(secondError, null)
          const socket = connect({ host: '127.0.0.1', port: trap.port })
          socket.once('connect', () => callback(null, socket))
        })
      })
    }
    assertRefused(await tryConnect(guard({ lookup: flipping, buildBase }), 'rebind.example.com', trap.port), literal)
    assert.equal(asked, 2)
  }
  assert.equal(trap.connections, 0)
})

test('a name is looked up once per connection, and what was judged is what is connected to', async (t) => {
  const trap = await startTrap(t)
  let asked = 0
  const lookup: LookupAddresses = (hostname) => {
    asked += 1
    return answering('127.0.0.1')(hostname)
  }
  const allowed = parseAllowedHosts([`pictures.example.com:${trap.port}`])
  const outcome = await tryConnect(guard({ lookup, allowed }), 'pictures.example.com', trap.port)
  assert.ok(!(outcome instanceof Error))
  outcome.destroy()
  assert.equal(asked, 1)
  assert.equal(trap.connections, 1)
})

test('where a connection ends up in a private place after all, not a byte is sent', async (t) => {
  const trap = await startTrap(t)
  const sockets: Socket[] = []
  const buildBase: typeof buildConnector = () => (_place, callback) => {
    const socket = connect({ host: '127.0.0.1', port: trap.port })
    sockets.push(socket)
    socket.once('connect', () => callback(null, socket))
  }
  assertRefused(await tryConnect(guard({ buildBase }), 'pictures.example.com', trap.port), 'reached address')
  assert.deepEqual(
    sockets.map((socket) => socket.destroyed),
    [true],
  )
  assert.equal(trap.bytes, 0)
})

test('after the signal has aborted no connection is begun, not even to an allowed host', async (t) => {
  const trap = await startTrap(t)
  const allowed = parseAllowedHosts(['127.0.0.1'])
  const outcome = await tryConnect(guard({ allowed, signal: AbortSignal.abort() }), '127.0.0.1', trap.port)
  assert.ok(outcome instanceof DownloadError && outcome.code === 'timeout')
  assert.equal(trap.connections, 0)
})

test('a name without an address, or that cannot be looked up, is an error and not a crash', async () => {
  const nothing = await tryConnect(guard({ lookup: answering() }), 'pictures.example.com', 443)
  assert.ok(nothing instanceof DownloadError && nothing.code === 'network')
  const failing = await tryConnect(guard({ lookup: () => Promise.reject(new Error('SERVFAIL')) }), 'pictures.example.com', 443)
  assert.ok(failing instanceof Error && failing.message === 'SERVFAIL')
})

test('links that are wrong by their form are refused, and no refusal repeats a secret', () => {
  for (const link of refusedLinks) {
    assert.throws(() => parseFetchUrl(link, []), { name: 'DownloadError', code: 'url_refused' }, link)
    assert.equal(checkPublicUrl(link).ok, false, link)
  }
  for (const link of [
    'http://example.com/x.png?sig=canary#canary',
    'https://user:canary@example.com/',
    `https://127.0.0.1/x?canary`,
  ]) {
    assert.throws(
      () => parseFetchUrl(link, []),
      (error) => error instanceof DownloadError && !String(error.stack).includes('canary') && error.cause === undefined,
    )
  }
})

test('public links are let through as they are', () => {
  for (const link of [
    'https://tempfile.aiquickdraw.com/r/abc_1776862567_Ab12.png',
    'https://example.com:443/x.png?X-Amz-Signature=abc',
    'https://EXAMPLE.com./x.png',
    'https://8.8.8.8/x.png',
    'https://[2606:4700:4700::1111]/x.png',
    'https://bücher.example/ä.png',
    'https://locals.example.com/x.png',
    'https://mylocalhost.com/x.png',
  ]) {
    assert.equal(parseFetchUrl(link, []).href, new URL(link).href)
    assert.deepEqual(checkPublicUrl(link), { ok: true, url: new URL(link) })
  }
})

test('another port is refused for our own fetches, and fine in a link that the provider fetches', () => {
  for (const port of ['22', '80', '8080', '8443']) {
    assert.throws(() => parseFetchUrl(`https://example.com:${port}/x.png`, []), { code: 'url_refused', message: /port 443/ })
    assert.equal(checkPublicUrl(`https://example.com:${port}/x.png`).ok, true)
  }
})

test('an allowed host may be private, plain http and on its own port, and allows nothing else', () => {
  const allowed = parseAllowedHosts(['127.0.0.1:9000', 'minio.internal', '[::1]:9001', 'CDN.Example.com:80'])
  for (const link of [
    'http://127.0.0.1:9000/x.png',
    'https://2130706433:9000/x.png',
    'http://minio.internal/x.png',
    'https://minio.internal:1234/x.png',
    'http://[::1]:9001/x.png',
    'http://cdn.example.com/x.png',
  ]) {
    assert.ok(parseFetchUrl(link, allowed) instanceof URL, link)
  }
  for (const link of [
    'http://127.0.0.1/x.png',
    'http://127.0.0.1:9001/x.png',
    'http://127.0.0.2:9000/x.png',
    'http://other.internal/x.png',
    'http://evil.minio.internal/x.png',
    'http://user:pw@minio.internal/x.png',
    'ftp://minio.internal/x.png',
    'http://cdn.example.com:8080/x.png',
  ]) {
    assert.throws(() => parseFetchUrl(link, allowed), { code: 'url_refused' }, link)
  }
  assert.equal(checkPublicUrl('http://127.0.0.1:9000/x.png', ['127.0.0.1:9000']).ok, true)
})

test('a malformed entry in the list of allowed hosts is named', () => {
  for (const entry of [
    '',
    'http://host',
    'host:port',
    'host:70000',
    '::1',
    'a b',
    'user@host',
    'host/path',
    'host:1:2',
    '[::1',
  ]) {
    assert.throws(() => parseAllowedHosts([entry]), { name: 'RangeError', message: /is not host or host:port/ }, entry)
  }
})

test('only addresses that anybody on the internet may have are public', () => {
  for (const address of literals) assert.equal(isPublicAddress(address), false, address)
  for (const text of ['', 'localhost', '127.1', '1.2.3', 'fe80::1%eth0', '2606:4700::1111%1x '])
    assert.equal(isPublicAddress(text), false, text)
  for (const address of ['1.1.1.1', '8.8.8.8', '172.15.0.1', '172.32.0.1', '2606:4700::1111', '2a00:1450::1', '::ffff:8.8.8.8']) {
    assert.equal(isPublicAddress(address), true, address)
  }
})
