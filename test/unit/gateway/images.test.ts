import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import type { Problem } from '../../../src/gateway/problem.ts'
import { eventually } from '../../helpers/eventually.ts'
import { startGateway } from './start-gateway.ts'

test('a picture is served unchanged, with the type found in its bytes and nothing a browser could run', async (t) => {
  const gateway = await startGateway(t)
  const sha256 = gateway.addImage('gen_1', 3)
  const answer = await gateway.app.inject('/v1/generations/gen_1/images/3')
  assert.equal(answer.statusCode, 200)
  assert.deepEqual(answer.rawPayload, gateway.pngBytes)
  const expected = {
    'content-type': 'image/png',
    'content-length': String(gateway.pngBytes.length),
    'content-security-policy': "sandbox; default-src 'none'",
    'content-disposition': 'inline; filename="gen_1-3.png"',
    'cache-control': 'private, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    etag: `"${sha256}"`,
  }
  const headers = new Map(Object.entries(answer.headers))
  for (const [name, value] of Object.entries(expected)) assert.equal(headers.get(name), value, name)
  assert.equal(headers.get('access-control-allow-origin'), undefined)
})

test('HEAD has the headers of GET and no body', async (t) => {
  const gateway = await startGateway(t)
  gateway.addImage('gen_1')
  const { url } = await gateway.listen()
  const [get, head] = await Promise.all(
    ['GET', 'HEAD'].map((method) => fetch(`${url}/v1/generations/gen_1/images/0`, { method })),
  )
  assert.equal(head?.status, 200)
  assert.equal((await head?.arrayBuffer())?.byteLength, 0)
  await get?.arrayBuffer()
  for (const name of ['content-type', 'content-length', 'etag', 'cache-control', 'content-security-policy']) {
    assert.equal(head?.headers.get(name), get?.headers.get(name), name)
  }
  assert.equal(head?.headers.get('content-length'), String(gateway.pngBytes.length))
})

test('HEAD does not read the picture and leaves no file open', async (t) => {
  let reads = 0
  const stream = new Readable({ read: () => void (reads += 1) })
  const gateway = await startGateway(t, { deps: { store: { open: async () => ({ sizeBytes: 1_000, stream }) } } })
  gateway.addImage('gen_1')
  const answer = await gateway.app.inject({ method: 'HEAD', url: '/v1/generations/gen_1/images/0' })
  assert.equal(answer.statusCode, 200)
  assert.equal(answer.headers['content-length'], '1000')
  assert.equal(stream.destroyed, true)
  assert.equal(reads, 0)
})

test('who has the picture already is told so without its bytes', async (t) => {
  const gateway = await startGateway(t)
  const sha256 = gateway.addImage('gen_1')
  for (const tag of [`"${sha256}"`, `W/"${sha256}"`, `"other", "${sha256}"`, '*']) {
    const answer = await gateway.app.inject({ url: '/v1/generations/gen_1/images/0', headers: { 'if-none-match': tag } })
    assert.equal(answer.statusCode, 304, tag)
    assert.equal(answer.body, '')
    assert.equal(answer.headers.etag, `"${sha256}"`)
  }
  const other = await gateway.app.inject({ url: '/v1/generations/gen_1/images/0', headers: { 'if-none-match': '"other"' } })
  assert.equal(other.statusCode, 200)
})

test('a picture of an id with a colon gets a name that every file system takes', async (t) => {
  const gateway = await startGateway(t)
  gateway.addImage('orders:7')
  const answer = await gateway.app.inject('/v1/generations/orders:7/images/0')
  assert.equal(answer.headers['content-disposition'], 'inline; filename="orders-7-0.png"')
})

for (const index of ['1', '00', '-1', '+0', '0x0', '1e0', '0.0', '99999', '%30%00', '%2e%2e', 'NaN', 'latest']) {
  test(`picture ${index} does not exist`, async (t) => {
    const gateway = await startGateway(t)
    gateway.addImage('gen_1')
    const answer = await gateway.app.inject(`/v1/generations/gen_1/images/${index}`)
    assert.equal(answer.statusCode, 404)
    assert.equal(answer.headers['cache-control'], 'no-store')
  })
}

test('a picture whose bytes are gone is 404, not cached, and an error in the log', async (t) => {
  const gateway = await startGateway(t, { deps: { store: { open: async () => null } } })
  gateway.addImage('gen_1')
  const answer = await gateway.app.inject('/v1/generations/gen_1/images/0')
  assert.equal(answer.statusCode, 404)
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.equal(answer.headers.etag, undefined)
  assert.ok(gateway.log.some((line) => line.includes('not in the result store')))
})

test('a store that does not answer is 503, and says nothing of its inside', async (t) => {
  const open = async (): Promise<never> => {
    throw new Error('EACCES: permission denied, open /var/lib/secret-folder/ab/cd')
  }
  const gateway = await startGateway(t, { deps: { store: { open } } })
  gateway.addImage('gen_1')
  const answer = await gateway.app.inject('/v1/generations/gen_1/images/0')
  assert.equal(answer.statusCode, 503)
  assert.equal(answer.json<Problem>().type, 'urn:darkroom:problem:storage_unavailable')
  assert.doesNotMatch(answer.body, /EACCES|secret-folder/)
})

test('the file behind a picture is closed when the reader leaves in the middle', async (t) => {
  const chunk = Buffer.alloc(64 * 1024)
  let stream: Readable | undefined
  const open = async () => {
    stream = new Readable({ read: () => void stream?.push(chunk) })
    return { sizeBytes: 1_000_000_000, stream }
  }
  const gateway = await startGateway(t, { deps: { store: { open } } })
  gateway.addImage('gen_1')
  const { url } = await gateway.listen()
  const leave = new AbortController()
  const answer = await fetch(`${url}/v1/generations/gen_1/images/0`, { signal: leave.signal })
  await answer.body?.getReader().read()
  leave.abort()
  await eventually(() => assert.equal(stream?.destroyed, true))
})

test('a file that breaks in the middle breaks the answer, so that nobody takes a part for the whole', async (t) => {
  const open = async () => {
    async function* bytes(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(10)
      throw new Error('EIO')
    }
    return { sizeBytes: 1_000, stream: Readable.from(bytes()) }
  }
  const gateway = await startGateway(t, { deps: { store: { open } } })
  gateway.addImage('gen_1')
  const { url } = await gateway.listen()
  await assert.rejects(fetch(`${url}/v1/generations/gen_1/images/0`).then((answer) => answer.arrayBuffer()))
})
