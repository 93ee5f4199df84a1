// POST /v1/uploads and the links under which providers fetch what was uploaded.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createFileStore } from '../../../src/storage/file-store.ts'
import type { GatewayLimits } from '../../../src/gateway/limits.ts'
import { createCallbackTokens } from '../../../src/tokens/tokens.ts'
import { createUploadTokens } from '../../../src/tokens/upload-tokens.ts'
import { eventually } from '../../helpers/eventually.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { makePng, samples } from '../storage/samples.ts'
import { chunkOf, openRaw, statusOf } from './raw-http.ts'
import { goodRequest, startGateway } from './start-gateway.ts'
import type { TestGateway } from './start-gateway.ts'

const secret = 'a secret of the test, long enough'
const png = makePng({ width: 31, height: 7 })
const sha256 = createHash('sha256').update(png).digest('hex')
const name = `upload:${sha256}`
const octets = { 'content-type': 'application/octet-stream' }

type Answer = Awaited<ReturnType<TestGateway['app']['inject']>>

interface UploadGateway extends TestGateway {
  /** files in the store's temporary folder */
  leftovers: () => Promise<string[]>
  post: (payload: Buffer | string, headers?: Record<string, string>) => Promise<Answer>
}

async function start(t: TestContext, limits: Partial<GatewayLimits> = {}): Promise<UploadGateway> {
  const store = createFileStore({ folder: await tempFolder(t) })
  const gateway = await startGateway(t, { deps: { store }, limits })
  return {
    ...gateway,
    leftovers: () => readdir(store.tempFolder),
    post: async (payload, headers = octets) => gateway.app.inject({ method: 'POST', url: '/v1/uploads', payload, headers }),
  }
}

test('a picture is stored under the hash of its bytes, with the type and size that the bytes have', async (t) => {
  const { post, app, leftovers } = await start(t)
  const created = await post(png, { 'content-type': 'image/jpeg' })
  assert.equal(created.statusCode, 201, created.body)
  assert.deepEqual(created.json(), {
    upload: name,
    sha256,
    sizeBytes: png.length,
    contentType: 'image/png',
    width: 31,
    height: 7,
  })
  assert.equal(created.headers['location'], `/v1/uploads/${sha256}`)
  const read = await app.inject(`/v1/uploads/${sha256}`)
  assert.deepEqual(read.json(), { ...created.json<object>(), createdAt: '2026-11-28T12:00:00.000Z' })
  assert.deepEqual(await leftovers(), [])
})

test('the same bytes again are the same upload', async (t) => {
  const { post, ledger, leftovers } = await start(t)
  const first = await post(png)
  const second = await post(png, { 'content-type': 'image/png' })
  assert.deepEqual([first.statusCode, second.statusCode], [201, 200])
  assert.deepEqual(second.json(), first.json())
  assert.deepEqual(ledger.calls, ['addUpload', 'addUpload'])
  assert.deepEqual(await leftovers(), [])
})

test('JPEG and WebP are pictures, too', async (t) => {
  const { post } = await start(t)
  for (const [bytes, type] of [
    [samples.baselineJpeg, 'image/jpeg'],
    [samples.lossyWebp, 'image/webp'],
  ] as const) {
    assert.equal((await post(bytes)).json<{ contentType: string }>().contentType, type)
  }
})

test('what is no whole picture is refused with what it is, and nothing of it stays', async (t) => {
  const { post, ledger, leftovers } = await start(t)
  for (const [bytes, status, detail] of [
    [Buffer.from('<html>'), 415, 'Nothing was stored: this is an HTML page, not a PNG, JPEG or WebP picture.'],
    [Buffer.from('GIF89a…'), 415, 'Nothing was stored: this is a GIF picture, not a PNG, JPEG or WebP picture.'],
    [png.subarray(0, 60), 422, 'Nothing was stored: ends at byte 60, in the middle of the picture.'],
    [makePng({ width: 20_000, height: 20_000 }), 422, /^Nothing was stored: 20000 × 20000 pixels are more than the 100000000/],
    [Buffer.alloc(0), 422, 'Nothing was stored: no bytes came.'],
  ] as const) {
    const answer = await post(bytes)
    const problem = answer.json<{ detail: string; status: number }>()
    assert.equal(answer.statusCode, status, problem.detail)
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
    if (typeof detail === 'string') assert.equal(problem.detail, detail)
    else assert.match(problem.detail, detail)
  }
  assert.equal(ledger.calls.includes('addUpload'), false)
  assert.deepEqual(await leftovers(), [])
})

test('a form, JSON or no type at all is answered with what is wanted', async (t) => {
  const { post } = await start(t)
  for (const type of ['application/x-www-form-urlencoded', 'application/json', 'multipart/form-data; boundary=a', 'text/plain']) {
    const answer = await post(png, { 'content-type': type })
    assert.equal(answer.statusCode, 415, type)
    assert.match(answer.json<{ detail: string }>().detail, /Send the picture itself as the body/)
  }
})

test('one that says it is too large is refused unread, one that grows too large while it comes is cut; both are told the limit', async (t) => {
  const gateway = await start(t, { uploadBytes: 1_000 })
  const promised = await gateway.post(Buffer.alloc(1_001))
  assert.equal(promised.statusCode, 413)
  assert.match(promised.json<{ detail: string }>().detail, /at most 1000 bytes .*this one has 1001/)
  const { port } = await gateway.listen()
  const connection = await openRaw(t, port)
  connection.write('POST /v1/uploads HTTP/1.1\r\nhost: a\r\ncontent-type: image/png\r\ntransfer-encoding: chunked\r\n\r\n')
  connection.write(chunkOf('x'.repeat(900)))
  await eventually(async () => assert.equal((await gateway.leftovers()).length, 1))
  connection.write(chunkOf('x'.repeat(900)))
  const { text } = await connection.closed
  assert.equal(statusOf(text), 413, text)
  assert.match(text, /at most 1000 bytes/)
  assert.match(text, /connection: close/i)
  assert.deepEqual(await gateway.leftovers(), [])
})

test('a caller who goes away in the middle leaves nothing behind, and no bug in the log', async (t) => {
  const gateway = await start(t)
  const { port } = await gateway.listen()
  const connection = await openRaw(t, port)
  connection.write(`POST /v1/uploads HTTP/1.1\r\nhost: a\r\ncontent-type: image/png\r\ncontent-length: ${png.length}\r\n\r\n`)
  connection.write(png.subarray(0, 50))
  await eventually(async () => assert.equal((await gateway.leftovers()).length, 1))
  connection.destroy()
  await eventually(async () => assert.deepEqual(await gateway.leftovers(), []))
  assert.equal(
    gateway.log.some((line) => line.includes('a bug')),
    false,
    gateway.log.join('\n'),
  )
  assert.equal(gateway.ledger.calls.includes('addUpload'), false)
})

test('a slow upload may take longer than other requests, but not for ever', async (t) => {
  const limits = { headersTimeoutMs: 200, requestTimeoutMs: 300, uploadTimeoutMs: 1_500, connectionsCheckingIntervalMs: 50 }
  const gateway = await start(t, limits)
  const { port } = await gateway.listen()
  const slow = await openRaw(t, port)
  slow.write(
    `POST /v1/uploads HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: image/png\r\ncontent-length: ${png.length}\r\n\r\n`,
  )
  slow.write(png.subarray(0, 50))
  const stuck = await openRaw(t, port)
  stuck.write('POST /v1/uploads HTTP/1.1\r\nhost: a\r\ncontent-type: image/png\r\ncontent-length: 5000\r\n\r\n')
  stuck.write(png.subarray(0, 50))
  // Longer than any other body may take.
  await new Promise((resolve) => setTimeout(resolve, 600))
  slow.write(png.subarray(50))
  assert.equal(statusOf((await slow.closed).text), 201)
  const { text, afterMs } = await stuck.closed
  assert.equal(statusOf(text), 408, text)
  assert.ok(afterMs >= 1_000 && afterMs < 6_000, `${afterMs}`)
  await eventually(async () => assert.deepEqual(await gateway.leftovers(), []))
})

test('more than are allowed at once are told to come back', async (t) => {
  const gateway = await start(t, { maxUploads: 1 })
  const { port, url } = await gateway.listen()
  const first = connect({ host: '127.0.0.1', port })
  t.after(() => first.destroy())
  first.write('POST /v1/uploads HTTP/1.1\r\nhost: a\r\ncontent-type: image/png\r\ncontent-length: 5000\r\n\r\nx')
  await eventually(async () => assert.equal((await gateway.leftovers()).length, 1))
  const second = await fetch(`${url}/v1/uploads`, { method: 'POST', body: new Uint8Array(png), headers: octets })
  assert.equal(second.status, 429)
  assert.equal(second.headers.get('retry-after'), '2')
  first.destroy()
  await eventually(async () => assert.equal((await gateway.post(png)).statusCode, 201))
})

test('a disk or a ledger that is away is a 503', async (t) => {
  const { post, ledger } = await start(t)
  ledger.isDown = true
  assert.equal((await post(png)).statusCode, 503)
  const broken = await startGateway(t, { deps: { store: { tempFolder: '/dev/null/nowhere' } } })
  const answer = await broken.app.inject({ method: 'POST', url: '/v1/uploads', payload: png, headers: octets })
  assert.equal(answer.statusCode, 503)
  assert.equal(answer.json<{ type: string }>().type, 'urn:darkroom:problem:storage_unavailable')
  assert.equal(answer.body.includes('/dev/null'), false)
})

test('a disk that fails once the whole picture is here is our trouble as well: 503, one line in the log, nothing left', async (t) => {
  const folder = await tempFolder(t)
  const store = createFileStore({ folder })
  await writeFile(join(folder, sha256.slice(0, 2)), 'a file where a folder should be')
  const gateway = await startGateway(t, { deps: { store } })
  const { url } = await gateway.listen()
  const overHttp = await fetch(`${url}/v1/uploads`, { method: 'POST', body: new Uint8Array(png), headers: octets })
  const injected = await gateway.app.inject({ method: 'POST', url: '/v1/uploads', payload: png, headers: octets })
  assert.deepEqual([overHttp.status, injected.statusCode], [503, 503])
  assert.equal(injected.json<{ type: string }>().type, 'urn:darkroom:problem:storage_unavailable')
  const told = gateway.log.filter((line) => /ENOTDIR.*an upload cannot be stored/.test(line))
  assert.equal(told.length, 2, gateway.log.join('\n'))
  assert.deepEqual(await readdir(store.tempFolder), [])
})

test('an unknown upload, and what cannot be one, is a 404', async (t) => {
  const { app, ledger } = await start(t)
  for (const wrong of ['f'.repeat(64), 'abc', '..%2f..%2fetc%2fpasswd', `${sha256}x`]) {
    assert.equal((await app.inject(`/v1/uploads/${wrong}`)).statusCode, 404, wrong)
  }
  assert.deepEqual(ledger.calls, ['readUploads'], 'only what could be one is looked up')
})

test('a request that names an upload is accepted when it is here, and refused by its field when it is not', async (t) => {
  const { app, post, ledger, temporal } = await start(t)
  const ask = (changes: object) => app.inject({ method: 'POST', url: '/v1/generations', payload: { ...goodRequest, ...changes } })
  const refused = await ask({ referenceImages: [name] })
  assert.equal(refused.statusCode, 422)
  assert.deepEqual(refused.json<{ errors: unknown }>().errors, [
    {
      field: 'referenceImages.0',
      message: `referenceImages.0 names an upload that is not here: send the picture to POST /v1/uploads first (upload:${sha256.slice(0, 12)}…)`,
    },
  ])
  assert.deepEqual([ledger.generations.size, temporal.startCalls.length], [0, 0])
  await post(png)
  const accepted = await ask({ referenceImages: [name, 'https://pictures.example/owl.png'] })
  assert.equal(accepted.statusCode, 202, accepted.body)
  const [started] = [...temporal.started.values()]
  assert.deepEqual(started?.referenceImages, [name, 'https://pictures.example/owl.png'])
})

test('a repeat under the same key is the earlier generation, also where its upload has been removed since', async (t) => {
  const { app, ledger } = await start(t)
  await ledger.addUpload({ sha256, sizeBytes: png.length, contentType: 'image/png', width: 31, height: 7 })
  const ask = (key: string) =>
    app.inject({
      method: 'POST',
      url: '/v1/generations',
      payload: { ...goodRequest, referenceImages: [name] },
      headers: { 'idempotency-key': key },
    })
  const first = await ask('order 17')
  ledger.readUploads = async () => []
  const repeat = await ask('order 17')
  assert.equal(repeat.statusCode, 202, repeat.body)
  assert.equal(repeat.headers['idempotent-replayed'], 'true')
  assert.equal(repeat.json<{ id: string }>().id, first.json<{ id: string }>().id)
  assert.equal((await ask('order 18')).statusCode, 422)
})

test('an upload that no provider of the route would take is refused with the limit, and nothing is reserved', async (t) => {
  const { app, ledger } = await start(t)
  await ledger.addUpload({ sha256, sizeBytes: 20 * 1024 * 1024, contentType: 'image/png', width: 4_000, height: 4_000 })
  const payload = { ...goodRequest, referenceImages: [name], route: { providers: ['kie'] } }
  const answer = await app.inject({ method: 'POST', url: '/v1/generations', payload })
  assert.equal(answer.statusCode, 422)
  assert.match(answer.body, /too large for nano-banana: it has 20 MiB, and must have at most 10 MiB at Kie; DefAPI may take it/)
  assert.equal(ledger.generations.size, 0)
})

// ---- links for providers ----

const tokens = createUploadTokens({ current: secret })

test('a link gives the bytes as they are, until it expires, to be kept no longer', async (t) => {
  const { app, post } = await start(t)
  await post(png)
  const token = tokens.seal({ sha256, expiresAtMs: Date.now() + 60_000 })
  const answer = await app.inject(`/v1/uploads/${sha256}/${token}`)
  assert.equal(answer.statusCode, 200)
  assert.deepEqual(answer.rawPayload, png)
  assert.equal(answer.headers['content-type'], 'image/png')
  assert.equal(answer.headers['content-length'], String(png.length))
  assert.equal(answer.headers['x-content-type-options'], 'nosniff')
  assert.match(String(answer.headers['content-security-policy']), /sandbox/)
  const maxAge = Number(/^private, max-age=(\d+)$/.exec(String(answer.headers['cache-control']))?.[1])
  assert.ok(maxAge > 0 && maxAge <= 60, String(answer.headers['cache-control']))
  const head = await app.inject({ method: 'HEAD', url: `/v1/uploads/${sha256}/${token}` })
  assert.deepEqual([head.statusCode, head.rawPayload.length, head.headers['content-length']], [200, 0, String(png.length)])
})

test('every other link is the same 404, and costs no look at the ledger', async (t) => {
  const { app, post, ledger, log } = await start(t)
  await post(png)
  const good = tokens.seal({ sha256, expiresAtMs: Date.now() + 60_000 })
  const expired = tokens.seal({ sha256, expiresAtMs: Date.now() - 1_000 })
  const ofAnother = tokens.seal({ sha256: 'f'.repeat(64), expiresAtMs: Date.now() + 60_000 })
  const ofCallback = createCallbackTokens({ current: secret }).seal({ generationId: 'gen_1', item: 0, attempt: 1 })
  const forged = createUploadTokens({ current: 'another secret, long enough' }).seal({ sha256, expiresAtMs: Date.now() + 60_000 })
  for (const [what, token] of Object.entries({ expired, ofAnother, ofCallback, forged, nonsense: 'x', cut: good.slice(0, -1) })) {
    const answer = await app.inject(`/v1/uploads/${sha256}/${token}`)
    assert.equal(answer.statusCode, 404, what)
    assert.equal(answer.json<{ detail: string }>().detail, 'There is nothing here.', what)
    assert.equal(answer.headers['cache-control'], 'no-store', what)
  }
  assert.deepEqual(ledger.calls, ['addUpload'])
  assert.equal(
    log.some((line) => line.includes(good)),
    false,
  )
})

test('a link opens no callback door, and a good link to a picture that is gone is a 404', async (t) => {
  const { app, ledger } = await start(t)
  const token = tokens.seal({ sha256, expiresAtMs: Date.now() + 60_000 })
  const payload = '{"taskId":"task-1"}'
  const headers = { 'content-type': 'application/json' }
  const callback = await app.inject({ method: 'POST', url: `/v1/callbacks/defapi/${token}`, payload, headers })
  assert.equal(callback.statusCode, 404)
  assert.equal((await app.inject(`/v1/uploads/${sha256}/${token}`)).statusCode, 404)
  await ledger.addUpload({ sha256, sizeBytes: 9, contentType: 'image/png', width: 1, height: 1 })
  assert.equal((await app.inject(`/v1/uploads/${sha256}/${token}`)).statusCode, 404, 'the row alone is no picture')
})
