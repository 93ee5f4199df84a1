import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKieProvider } from '../../../src/providers/kie/index.ts'
import { createGetter, maxReplyBytes } from '../../../src/providers/shared/http.ts'
import { httpReply, startRawServer } from './raw-server.ts'
import { startReplyServer } from './reply-fixtures.ts'

const headers = { authorization: 'Bearer secret' }
const ignore = (): void => undefined

test('queries share a connection', async (t) => {
  const server = await startRawServer(t, ignore, (socket) => socket.write(httpReply('{}')))
  const getReply = createGetter()
  for (let count = 0; count < 3; count += 1) {
    assert.equal((await getReply({ url: server.url, headers, timeoutMs: 5_000 })).kind, 'reply')
    // A connection is free again one turn after its reply was read.
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(server.connections, 1)
  assert.match(server.received, /^GET \/api HTTP\/1\.1\r\n/)
})

test('silence, floods, resets and redirects are values, and the key goes nowhere else', async (t) => {
  const getReply = createGetter()
  const silent = await startRawServer(t, ignore)
  const resetting = await startRawServer(t, ignore, (socket) => socket.resetAndDestroy())
  const flooding = await startReplyServer(t)
  flooding.answer(200, Buffer.alloc(maxReplyBytes + 1))
  const other = await startRawServer(t, ignore)
  const redirecting = await startReplyServer(t)
  redirecting.answer(302, '', { location: other.url })

  const silence = await getReply({ url: silent.url, headers, timeoutMs: 200 })
  assert.deepEqual(silence, { kind: 'failed', reason: 'no_answer', message: 'no whole reply within 200 ms', httpStatus: null })
  const reset = await getReply({ url: resetting.url, headers, timeoutMs: 5_000 })
  assert.equal(reset.kind === 'failed' && reset.reason, 'no_answer')
  const flood = await getReply({ url: flooding.baseUrl, headers, timeoutMs: 5_000 })
  assert.deepEqual(flood.kind === 'failed' && [flood.httpStatus, flood.reason], [200, 'no_answer'])
  const redirect = await getReply({ url: redirecting.baseUrl, headers, timeoutMs: 5_000 })
  assert.equal(redirect.kind === 'reply' && redirect.reply.status, 302)
  assert.equal(other.connections, 0)
})

test('a query can be given up from outside, before and during, and says so', async (t) => {
  const silent = await startRawServer(t, ignore)
  const kie = createKieProvider({
    accounts: [{ name: 'default', apiKey: 'k1' }],
    baseUrl: `http://127.0.0.1:${silent.port}`,
    uploadBaseUrl: 'http://127.0.0.1:9',
    webhookHmacKeys: [],
  })
  const during = new AbortController()
  setTimeout(() => during.abort(), 50)
  for (const signal of [AbortSignal.abort(), during.signal]) {
    const startedMs = performance.now()
    const outcome = await kie.query('market', 'abc', { account: 'default', timeoutMs: 10_000, signal })
    assert.equal(outcome.kind === 'unreadable' && outcome.message, 'the caller gave the request up')
    assert.ok(performance.now() - startedMs < 5_000, 'it took too long')
  }
})

test('no host to be reached reads as unreachable', async () => {
  const outcome = await createGetter()({ url: 'http://127.0.0.1:1/', headers, timeoutMs: 5_000 })
  assert.equal(outcome.kind === 'failed' && outcome.reason, 'unreachable')
})
