// Over real sockets: what only a real server can get wrong.
import assert from 'node:assert/strict'
import { request as httpRequest, METHODS } from 'node:http'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { defaultGatewayLimits } from '../../../src/gateway/limits.ts'
import type { Problem } from '../../../src/gateway/problem.ts'
import { generationSchema, problemSchema } from '../../../src/gateway/schemas.ts'
import { eventually } from '../../helpers/eventually.ts'
import { chunkOf, openRaw, statusOf } from './raw-http.ts'
import { goodRequest, startGateway } from './start-gateway.ts'

const impatient = { headersTimeoutMs: 300, requestTimeoutMs: 500, connectionsCheckingIntervalMs: 50 }
/** the timeout, one look, and room for a busy machine */
const closedWithinMs = 500 + 50 + 1_500

test('the timeouts and limits reach the server', async (t) => {
  const { app } = await startGateway(t, { limits: { requestTimeoutMs: defaultGatewayLimits.requestTimeoutMs } })
  // of an upload; what else may take as long is seen to by the gateway itself
  assert.equal(app.server.requestTimeout, 120_000)
  assert.equal(defaultGatewayLimits.requestTimeoutMs, 10_000)
  assert.equal(app.server.headersTimeout, 5_000)
  assert.equal(app.server.keepAliveTimeout, 65_000)
  assert.equal(app.server.timeout, 75_000)
  assert.equal(app.server.maxRequestsPerSocket, 1_000)
  assert.equal(app.server.maxConnections, 4_000)
  assert.equal(app.initialConfig.bodyLimit, 1024 * 1024)
  assert.equal(defaultGatewayLimits.connectionsCheckingIntervalMs, 1_000)
})

test('a client that drips its headers is answered 408 and closed', async (t) => {
  const gateway = await startGateway(t, { limits: impatient })
  const { port } = await gateway.listen()
  const connection = await openRaw(t, port)
  connection.write('GET /healthz HTTP/1.1\r\nhost: a\r\n')
  const drip = setInterval(() => connection.write('x-a: b\r\n'), 40)
  t.after(() => clearInterval(drip))
  const { text, afterMs } = await connection.closed
  assert.equal(statusOf(text), 408)
  assert.match(text, /application\/problem\+json/)
  assert.match(text, /urn:darkroom:problem:request_timeout/)
  assert.ok(afterMs < closedWithinMs, `${afterMs}`)
})

test('a client that drips its body is closed, to the callback door as well, and nothing is kept', async (t) => {
  const gateway = await startGateway(t, { limits: impatient })
  const { port } = await gateway.listen()
  for (const path of ['/v1/generations', `/v1/callbacks/defapi/${gateway.tokenOf({})}`]) {
    const connection = await openRaw(t, port)
    connection.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`)
    const drip = setInterval(() => connection.write(' '), 40)
    t.after(() => clearInterval(drip))
    const { afterMs } = await connection.closed
    assert.ok(afterMs < closedWithinMs, `${path} ${afterMs}`)
  }
  assert.deepEqual(gateway.ledger.calls, [])
})

test('while a hundred clients drip, a healthy one is served', async (t) => {
  const gateway = await startGateway(t, { limits: impatient })
  const { port, url } = await gateway.listen()
  const slow = await Promise.all(Array.from({ length: 100 }, () => openRaw(t, port)))
  for (const connection of slow) connection.write('POST /v1/generations HTTP/1.1\r\nhost: a\r\n')
  assert.equal((await fetch(`${url}/healthz`)).status, 200)
  const ends = await Promise.all(slow.map(({ closed }) => closed))
  assert.deepEqual([...new Set(ends.map(({ text }) => statusOf(text)))], [408])
})

test('headers beyond the limit are answered 431', async (t) => {
  const gateway = await startGateway(t)
  const { port } = await gateway.listen()
  const connection = await openRaw(t, port)
  connection.write(`GET /healthz HTTP/1.1\r\nhost: a\r\nx-a: ${'b'.repeat(20_000)}\r\n\r\n`)
  const { text } = await connection.closed
  assert.equal(statusOf(text), 431)
  assert.match(text, /urn:darkroom:problem:headers_too_large/)
})

for (const [what, bytes] of [
  ['no HTTP at all', 'hello\r\n\r\n'],
  [
    'two lengths for one body',
    'POST /v1/generations HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['two different content lengths', 'POST /v1/generations HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n'],
  [
    'a broken chunk',
    'POST /v1/generations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
  ],
  ['a space before the colon', 'GET /healthz HTTP/1.1\r\nhost : a\r\n\r\n'],
  ['a bare line feed in a header', 'GET /healthz HTTP/1.1\r\nhost: a\r\nx-a: b\nx-c: d\r\n\r\n'],
] as const) {
  test(`${what} is answered 400 and closed`, async (t) => {
    const gateway = await startGateway(t)
    const { port } = await gateway.listen()
    const connection = await openRaw(t, port)
    connection.write(bytes)
    const { text } = await connection.closed
    assert.equal(statusOf(text), 400)
    assert.deepEqual(gateway.ledger.calls, [])
  })
}

for (const [what, path, limit] of [
  ['a callback', 'callback', defaultGatewayLimits.callbackBodyBytes],
  ['a request', '/v1/generations', defaultGatewayLimits.apiBodyBytes],
] as const) {
  test(`${what} in chunks without a length is counted while it comes in, and cut off at the limit`, async (t) => {
    const gateway = await startGateway(t)
    const { port } = await gateway.listen()
    const target = path === 'callback' ? `/v1/callbacks/defapi/${gateway.tokenOf({})}` : path
    const head = `POST ${target} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`
    const json = path === 'callback' ? '{"taskId":"t"}' : JSON.stringify(goodRequest)
    const fitting = `${json}${' '.repeat(limit - json.length)}`

    const within = await openRaw(t, port)
    within.write(head + chunkOf(fitting.slice(0, 100_000)) + chunkOf(fitting.slice(100_000)) + chunkOf(''))
    await eventually(() => assert.ok(within.received().includes('\r\n\r\n')))
    assert.equal(statusOf(within.received()), path === 'callback' ? 200 : 202)
    const callsBefore = gateway.ledger.calls.length

    // one byte too many, and the end of the body never comes
    const beyond = await openRaw(t, port)
    beyond.write(head + chunkOf(fitting) + chunkOf(' '))
    const { text } = await beyond.closed
    assert.equal(statusOf(text), 413)
    assert.match(text, /urn:darkroom:problem:body_too_large/)
    assert.equal(gateway.ledger.calls.length, callsBefore)
  })
}

test('a body that says it is too long is refused before it is sent', async (t) => {
  const gateway = await startGateway(t)
  const { port } = await gateway.listen()
  const connection = await openRaw(t, port)
  const path = `/v1/callbacks/defapi/${gateway.tokenOf({})}`
  connection.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 262145\r\n\r\n`)
  const { text } = await connection.closed
  assert.equal(statusOf(text), 413)
})

test('a body that ends before its length leaves nothing behind', async (t) => {
  const gateway = await startGateway(t)
  const { port, url } = await gateway.listen()
  const connection = await openRaw(t, port)
  const path = `/v1/callbacks/defapi/${gateway.tokenOf({})}`
  connection.write(
    `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"taskId":"t"}`,
  )
  connection.destroy()
  assert.equal((await fetch(`${url}/healthz`)).status, 200)
  assert.deepEqual(gateway.ledger.hints, [])
})

test('every other method on a path that exists is 405 with what is allowed; on one that does not it is 404', async (t) => {
  const gateway = await startGateway(t)
  const { port } = await gateway.listen()
  const ask = (method: string, path: string) =>
    new Promise<{ status: number; allow: string | undefined; type: string | undefined }>((resolve, reject) => {
      const request = httpRequest({ port, host: '127.0.0.1', method, path, agent: false }, (response) => {
        response.resume()
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            allow: response.headers.allow,
            type: response.headers['content-type'],
          }),
        )
      })
      request.once('error', reject).end()
    })
  for (const [path, allow] of [
    ['/v1/generations', 'GET, HEAD, POST'],
    ['/v1/generations/gen_1', 'GET, HEAD'],
    ['/v1/generations/gen_1/cancel', 'POST'],
    ['/v1/generations/gen_1/images/0', 'GET, HEAD'],
    ['/v1/callbacks/kie/token', 'POST'],
    ['/v1/models', 'GET, HEAD'],
    ['/openapi.json', 'GET, HEAD'],
    ['/healthz?a=b', 'GET, HEAD'],
    ['/readyz', 'GET, HEAD'],
  ] as const) {
    // CONNECT is not a request for a path
    for (const method of METHODS.filter((each) => each !== 'CONNECT' && !allow.split(', ').includes(each))) {
      const answer = await ask(method, path)
      assert.equal(answer.status, 405, `${method} ${path}`)
      assert.equal(answer.allow, allow, `${method} ${path}`)
    }
  }
  for (const path of [
    '/',
    '/v1',
    '/v1/generations/',
    '/v1/generations//images/0',
    '/v2/generations',
    '/metrics',
    '/docs',
    '/healthz/',
  ]) {
    for (const method of ['GET', 'POST', 'PROPFIND']) {
      const answer = await ask(method, path)
      assert.equal(answer.status, 404, `${method} ${path}`)
      assert.equal(answer.allow, undefined)
      assert.match(answer.type ?? '', /^application\/problem\+json/)
    }
  }
  assert.deepEqual(gateway.ledger.calls, [])
})

test('a refused method is answered without reading its body', async (t) => {
  const gateway = await startGateway(t)
  const { port } = await gateway.listen()
  const connection = await openRaw(t, port)
  connection.write('PUT /v1/generations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n')
  const { text } = await connection.closed
  assert.equal(statusOf(text), 405)
  assert.match(text, /\r\nconnection: close\r\n/i)
})

test('an answer whose request had no body, or was read to its end, leaves the connection open', async (t) => {
  const gateway = await startGateway(t)
  const { port } = await gateway.listen()
  const connection = await openRaw(t, port)
  connection.write('GET /nowhere HTTP/1.1\r\nhost: a\r\n\r\n')
  await eventually(() => assert.match(connection.received(), /not_found/))
  connection.write('POST /v1/generations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}')
  await eventually(() => assert.match(connection.received(), /invalid_request/))
  connection.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n')
  await eventually(() => assert.match(connection.received(), /alive/))
})

test('close answers who waits at once, lets requests in flight end, and then nobody is served', async (t) => {
  const gateway = await startGateway(t)
  const { url } = await gateway.listen()
  const waiting = fetch(`${url}/v1/generations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=60' },
    body: JSON.stringify(goodRequest),
  })
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  await eventually(() => assert.ok(gateway.ledger.calls.length > 3))
  gateway.temporal.before = () => held
  const callback = fetch(`${url}/v1/callbacks/defapi/${gateway.tokenOf({})}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"taskId":"t"}',
  })
  await eventually(() => assert.equal(gateway.ledger.hints.length, 1))

  const begunMs = performance.now()
  let isClosed = false
  const closed = gateway.app.close().then(() => {
    isClosed = true
  })
  const answer = await waiting
  assert.equal(answer.status, 202)
  assert.equal(answer.headers.get('connection'), 'close', 'so that the client sends nothing more on it')
  assert.equal(generationSchema.parse(await answer.json()).status, 'planning')
  assert.ok(performance.now() - begunMs < 5_000)
  assert.equal(isClosed, false, 'the callback is still on its way to Temporal')
  assert.equal(gateway.temporal.isSettled, false)
  release()
  assert.equal((await callback).status, 200)
  await closed
  assert.ok(performance.now() - begunMs < 5_000, 'connections that have become idle are closed, not waited for')
  assert.equal(gateway.temporal.wakes.length, 1)
  assert.equal(gateway.temporal.isSettled, true, 'the connection to Temporal may be closed now')
  await assert.rejects(fetch(`${url}/healthz`))
})

test('a picture on its way is sent to its end while the gateway closes, and its connection is closed behind it', async (t) => {
  let finish: () => void = () => {}
  const open = async () => {
    const stream = new PassThrough()
    stream.write(Buffer.alloc(10))
    finish = () => void stream.end(Buffer.alloc(10))
    return { sizeBytes: 20, stream }
  }
  const gateway = await startGateway(t, { deps: { store: { open } } })
  gateway.addImage('gen_1')
  const { url } = await gateway.listen()
  const answer = await fetch(`${url}/v1/generations/gen_1/images/0`)
  const begunMs = performance.now()
  const closed = gateway.app.close()
  await eventually(() => assert.equal(gateway.app.server.listening, false))
  finish()
  assert.equal((await answer.arrayBuffer()).byteLength, 20)
  await closed
  assert.ok(performance.now() - begunMs < 5_000)
})

test('while it closes, an open connection is told that it is not ready', async (t) => {
  const gateway = await startGateway(t)
  const { port } = await gateway.listen()
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  gateway.temporal.before = () => held
  const connection = await openRaw(t, port)
  // two requests on one connection: the second one is read when the first one has been answered
  connection.write('GET /readyz HTTP/1.1\r\nhost: a\r\n\r\n')
  await eventually(() => assert.ok(gateway.ledger.calls.includes('ping')))
  const closed = gateway.app.close()
  connection.write('GET /readyz HTTP/1.1\r\nhost: a\r\n\r\n')
  release()
  const { text } = await connection.closed
  await closed
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)
  assert.equal(statuses[0], '200')
  // Node may close the connection behind the first answer; what it must not do is say "ready" again
  assert.ok(statuses[1] === undefined || statuses[1] === '503', text)
})

test('a client that never reads to the end is cut when the drain is over', async (t) => {
  const gateway = await startGateway(t, { limits: { drainTimeoutMs: 200, requestTimeoutMs: 60_000, headersTimeoutMs: 50_000 } })
  const { port } = await gateway.listen()
  const connection = await openRaw(t, port)
  connection.write('POST /v1/generations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{')
  // the request is known to the server when a later one has been answered
  await fetch(`http://127.0.0.1:${port}/healthz`)
  const begunMs = performance.now()
  await gateway.app.close()
  const tookMs = performance.now() - begunMs
  assert.ok(tookMs >= 150 && tookMs < 5_000, `${tookMs}`)
  await connection.closed
})

test('an error answer is a problem document with the id that is in its header', async (t) => {
  const gateway = await startGateway(t)
  const { url } = await gateway.listen()
  for (const [path, init] of [
    ['/nowhere', {}],
    ['/v1/generations/gen_none', {}],
    ['/v1/generations?limit=0', {}],
    ['/v1/generations', { method: 'DELETE' }],
    ['/v1/generations', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }],
    ['/v1/generations', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }],
    ['/v1/generations', { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } }],
    ['/v1/generations/%zz', {}],
    [`/v1/generations/${'x'.repeat(1_000)}`, {}],
  ] as const) {
    const answer = await fetch(`${url}${path}`, init)
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, path)
    const problem = problemSchema.parse(await answer.json())
    assert.deepEqual(
      Object.keys(problem).filter((key) => key !== 'errors'),
      ['type', 'title', 'status', 'detail', 'instance'],
    )
    assert.match(problem.type, /^urn:darkroom:problem:[a-z_]+$/)
    assert.equal(problem.status, answer.status)
    assert.match(problem.instance, /^req_[0-9A-Z]{26}$/)
    assert.equal(answer.headers.get('x-request-id'), problem.instance)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(answer.headers.get('referrer-policy'), 'no-referrer')
    assert.equal(answer.headers.get('access-control-allow-origin'), null)
  }
})

test("a caller's own request id is not taken over", async (t) => {
  const gateway = await startGateway(t)
  const answer = await gateway.app.inject({ url: '/healthz', headers: { 'x-request-id': 'mine', 'request-id': 'mine' } })
  assert.match(String(answer.headers['x-request-id']), /^req_/)
})

test('a bug is a 500 that says nothing of the inside, and the log has it under the same id', async (t) => {
  const gateway = await startGateway(t)
  gateway.ledger.readGeneration = async () => {
    throw new TypeError('cannot read hunter2 of undefined')
  }
  const answer = await gateway.app.inject('/v1/generations/gen_1')
  assert.equal(answer.statusCode, 500)
  assert.doesNotMatch(answer.body, /hunter2|TypeError|\.ts/)
  const { instance } = answer.json<Problem>()
  assert.ok(gateway.log.some((line) => line.includes(instance) && line.includes('hunter2')))
})
