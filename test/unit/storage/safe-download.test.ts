import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { downloadImage } from '../../../src/storage/safe-download.ts'
import { eventually } from '../../helpers/eventually.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { assertFails, prepare, sendPicture } from './download-trial.ts'
import { startRaw } from './local-servers.ts'
import { makePng, pngChunk, samples } from './samples.ts'

test('a whole picture is downloaded unchanged, hashed, measured and typed by its bytes', async (t) => {
  const jpeg = Buffer.concat([samples.baselineJpeg, Buffer.from('tail')])
  const { web, folder, download } = await prepare(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'image/PNG; charset=x', 'content-length': jpeg.length }).end(jpeg)
  })
  const { tempPath, ...picture } = await download()
  assert.deepEqual(picture, {
    sha256: createHash('sha256').update(jpeg).digest('hex'),
    sizeBytes: jpeg.length,
    contentType: 'image/jpeg',
    width: 8,
    height: 6,
    provenance: 'none',
    declaredType: 'image/png',
    trailingBytes: 4,
  })
  assert.deepEqual(await readdir(folder), [tempPath.slice(folder.length + 1)])
  assert.deepEqual(await readFile(tempPath), jpeg)
  await eventually(() => assert.equal(web.openSockets(), 0))
})

test('a picture without a length, in many pieces, comes through', async (t) => {
  const png = makePng({ extra: [pngChunk('tEXt', Buffer.alloc(50_000, 'x'))] })
  const { download } = await prepare(t, (_request, response) => {
    for (let at = 0; at < png.length; at += 1_000) response.write(png.subarray(at, at + 1_000))
    response.end()
  })
  const picture = await download()
  assert.equal(picture.sizeBytes, png.length)
  assert.equal(picture.declaredType, null)
})

test('the request looks like a browser, asks for plain bytes, and carries nothing of ours', async (t) => {
  const seen: Record<string, unknown>[] = []
  const { web, download } = await prepare(t, (request, response) => {
    seen.push({ method: request.method, url: request.url, ...request.headers })
    sendPicture(request, response)
  })
  await download('/x.png?sig=1')
  const { 'user-agent': userAgent, accept, host, ...rest } = seen[0] ?? {}
  assert.match(String(userAgent), /^Mozilla\/5\.0 /)
  assert.match(String(accept), /^image\//)
  assert.equal(host, web.host)
  assert.deepEqual(rest, { method: 'GET', url: '/x.png?sig=1', 'accept-encoding': 'identity', connection: 'keep-alive' })
})

test('another user agent can be given', async (t) => {
  const { download } = await prepare(
    t,
    (request, response) => void response.writeHead(request.headers['user-agent'] === 'mine/1' ? 200 : 403).end(makePng()),
    { userAgent: 'mine/1' },
  )
  await download()
})

test('any status but 200 is an error that carries it', async (t) => {
  for (const status of [201, 204, 206, 300, 304, 400, 401, 403, 404, 410, 429, 500, 503]) {
    const set = await prepare(
      t,
      (_request, response) => void response.writeHead(status).end(status === 204 ? undefined : makePng()),
    )
    await assertFails(set, { code: 'http_status', httpStatus: status })
  }
})

test('pages, documents and drawings are refused, whatever type they claim', async (t) => {
  for (const body of [
    '<!doctype html><p>not found',
    '<svg onload=alert(1)>',
    '%PDF-1.7',
    'PK\u0003\u0004',
    '{"code":404}',
    gzipSync(makePng()),
  ]) {
    const set = await prepare(t, (_request, response) => void response.writeHead(200, { 'content-type': 'image/png' }).end(body))
    await assertFails(set, { code: 'wrong_type' })
  }
})

test('an empty answer is refused', async (t) => {
  await assertFails(await prepare(t, (_request, response) => void response.end()), {
    code: 'truncated',
    message: /no bytes came/,
  })
})

test('compressed answers are refused before they are read, so that no bomb unfolds', async (t) => {
  const bomb = gzipSync(Buffer.alloc(20_000_000))
  for (const encoding of ['gzip', 'br', 'deflate', 'zstd', 'x-gzip', 'gzip, identity', '']) {
    const set = await prepare(t, (_request, response) => void response.writeHead(200, { 'content-encoding': encoding }).end(bomb))
    await assertFails(set, { code: 'content_encoded' })
  }
  const plain = await prepare(
    t,
    (_request, response) => void response.writeHead(200, { 'content-encoding': 'Identity' }).end(makePng()),
  )
  await plain.download()
})

test('an endless answer is cut off at the limit', async (t) => {
  let sentBytes = 0
  const set = await prepare(t, (_request, response) => {
    response.write(makePng().subarray(0, 60))
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(10_000))) sentBytes += 10_000
    }
    response.on('drain', more)
    more()
  })
  await assertFails(set, { code: 'too_large', message: /more than the 100000 bytes/ })
  assert.ok(sentBytes < 20_000_000, `the server could send ${sentBytes} bytes`)
})

test('a length over the limit is refused before a byte of the body is read', async (t) => {
  const set = await prepare(t, (_request, response) => response.writeHead(200, { 'content-length': 100_001 }).flushHeaders())
  await assertFails(set, { code: 'too_large', message: /has 100001 bytes, 100000 are allowed/ })
})

test('a picture of exactly the limit is taken, one byte more is not', async (t) => {
  const png = makePng({ extra: [pngChunk('tEXt', Buffer.alloc(1_000))] })
  const exact = await prepare(t, (_request, response) => void response.end(png), { limits: { maxBytes: png.length } })
  assert.equal((await exact.download()).sizeBytes, png.length)
  for (const headers of [{}, { 'content-length': png.length }]) {
    const over = await prepare(t, (_request, response) => void response.writeHead(200, headers).end(png), {
      limits: { maxBytes: png.length - 1 },
    })
    await assertFails(over, { code: 'too_large' })
  }
})

test('lengths that lie are refused: too long, too short, twice, not a number', async (t) => {
  const png = makePng()
  const head = (length: string): string => `HTTP/1.1 200 OK\r\n${length}\r\n\r\n`
  for (const [length, code] of [
    [`content-length: ${png.length + 10}`, 'truncated'],
    [`content-length: ${png.length - 10}`, 'truncated'],
    ['content-length: 0', 'truncated'],
    [`content-length: ${png.length}\r\ncontent-length: ${png.length + 1}`, 'network'],
    ['content-length: -5', 'network'],
    ['content-length: 99999999999999999999', 'network'],
    ['content-length: 12abc', 'network'],
  ] as const) {
    const raw = await startRaw(t, (socket) => void socket.end(Buffer.concat([Buffer.from(head(length)), png])))
    await assertFails(await prepare(t, raw), { code })
  }
})

test('a picture cut anywhere is refused, with a length, in chunks, or ended by closing the connection', async (t) => {
  const png = makePng()
  for (const cutAt of [1, 7, 8, 40, Math.floor(png.length / 2), png.length - 12, png.length - 1]) {
    const part = png.subarray(0, cutAt)
    for (const [how, bytes] of [
      ['length', Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${png.length}\r\n\r\n`), part])],
      [
        'chunks',
        Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${png.length.toString(16)}\r\n`), part]),
      ],
      ['close', Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n'), part])],
    ] as const) {
      const raw = await startRaw(t, (socket) => void socket.end(bytes))
      const error = await assertFails(await prepare(t, raw), { code: 'truncated' })
      assert.notEqual(error.message, '', how)
    }
  }
})

test('too many pixels and damaged pictures are refused', async (t) => {
  const bomb = makePng({ width: 16_000, height: 16_000 })
  await assertFails(await prepare(t, (_request, response) => void response.end(bomb)), { code: 'too_many_pixels' })
  const flipped = makePng()
  flipped[60] = (flipped[60] ?? 0) ^ 1
  await assertFails(await prepare(t, (_request, response) => void response.end(flipped)), {
    code: 'damaged',
    message: /checksum/,
  })
  await assertFails(await prepare(t, sendPicture, { limits: { maxPixels: 47 } }), { code: 'too_many_pixels' })
})

test('a temporary folder that cannot be written is our trouble, with its own code', async (t) => {
  const folder = await tempFolder(t)
  await writeFile(join(folder, 'file'), '')
  const { web } = await prepare(t, sendPicture)
  await assert.rejects(downloadImage(`${web.origin}/x.png`, { tempFolder: join(folder, 'file'), allow: [web.host] }), {
    name: 'DownloadError',
    code: 'storage',
    message: /temporary folder \((EEXIST|ENOTDIR)\)/,
  })
  await downloadImage(`${web.origin}/x.png`, { tempFolder: join(folder, 'made', 'here'), allow: [web.host] })
})
