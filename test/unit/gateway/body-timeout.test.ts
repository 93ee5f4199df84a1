// Bodies behind an answer: Node reads on, for as long as they come.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../../helpers/eventually.ts'
import { chunkOf, openRaw, statusOf } from './raw-http.ts'
import { startGateway } from './start-gateway.ts'

const impatient = { headersTimeoutMs: 300, requestTimeoutMs: 500, connectionsCheckingIntervalMs: 50 }
/** the timeout, one look, and room for a busy machine */
const closedWithinMs = 500 + 50 + 1_500

test('a body that never ends is closed in time also behind its answer, while a connection without one stays open', async (t) => {
  const gateway = await startGateway(t, { limits: impatient })
  const { port } = await gateway.listen()
  const healthy = await openRaw(t, port)
  healthy.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n')
  for (const path of ['/v1/models', '/nothing']) {
    const connection = await openRaw(t, port)
    connection.write(`GET ${path} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n`)
    const drip = setInterval(() => connection.write(chunkOf('x')), 40)
    t.after(() => clearInterval(drip))
    const { text, afterMs } = await connection.closed
    assert.ok(statusOf(text) > 0, text)
    assert.ok(afterMs < closedWithinMs, `${path} ${afterMs}`)
  }
  healthy.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n')
  await eventually(() => assert.equal(healthy.received().match(/HTTP\/1\.1 200/g)?.length, 2))
})

test('a body that comes late, but to its end, behind an answer does no harm to the requests after it', async (t) => {
  const gateway = await startGateway(t, { limits: impatient })
  const { port } = await gateway.listen()
  const connection = await openRaw(t, port)
  connection.write('GET /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n')
  await eventually(() => assert.equal(statusOf(connection.received()), 200))
  connection.write('late!')
  await new Promise((resolve) => setTimeout(resolve, impatient.requestTimeoutMs + 100))
  connection.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n')
  await eventually(() => assert.equal(connection.received().match(/HTTP\/1\.1 200/g)?.length, 2))
})
