import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { DownloadError } from '../../../src/storage/download-error.ts'
import { downloadImage } from '../../../src/storage/safe-download.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { assertFails, prepare, sendPicture } from './download-trial.ts'
import { listen, startTrap } from './local-servers.ts'
import { createSelfSigned } from './self-signed.ts'
import { addressSpellings, localNameSpellings, refusedLinks } from './spellings.ts'

test('up to two redirects are followed, relative ones too, and a third is refused', async (t) => {
  const set = await prepare(t, (request, response) => {
    const left = Number(request.url?.slice(1))
    if (left === 0) return sendPicture(request, response)
    response.writeHead([301, 302, 303, 307, 308][left] ?? 302, {
      location: left % 2 === 0 ? `/${left - 1}` : `http://${request.headers.host}/${left - 1}`,
    })
    response.end('moved')
  })
  assert.equal((await set.download('/2')).width, 8)
  assert.equal(set.web.requests, 3)
  const one = await set.download('/1')
  const other = await set.download('/0')
  for (const { tempPath } of [one, other]) assert.match(tempPath, /\.part$/)
  const strict = await prepare(t, (_request, response) => void response.writeHead(302, { location: '/again' }).end())
  await assertFails(strict, { code: 'redirect_refused', message: /redirects once more after 2/ })
  assert.equal(strict.web.requests, 3)
})

test('a redirect without a readable target is refused', async (t) => {
  for (const locations of [[], ['http://['], ['/a', '/b']]) {
    const set = await prepare(t, (_request, response) => void response.setHeader('location', locations).writeHead(302).end())
    await assertFails(set, { code: 'redirect_refused' })
  }
})

test('by redirect and rebinding: no spelling of a private place is followed, and the traps see nobody', async (t) => {
  const trap = await startTrap(t)
  let location = ''
  const lookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }])
  const set = await prepare(t, (_request, response) => void response.writeHead(302, { location }).end(), { lookup })
  for (const spelling of [...addressSpellings, ...localNameSpellings]) {
    // a header is ASCII: full-width characters go percent-encoded, which the URL parser undoes
    const host = spelling.replaceAll(/[^\w.[\]:%-]+/g, encodeURIComponent)
    for (location of [`https://${host}/x.png`, `https://${host}:${trap.port}/x.png`, `http://${host}:${trap.port}/x.png`]) {
      await assert.rejects(set.download(), { name: 'DownloadError', code: 'url_refused' }, location)
    }
  }
  // public when it was first asked for by somebody else, private now
  location = 'https://rebind.example.com/x.png'
  await assert.rejects(set.download(), { name: 'DownloadError', code: 'url_refused', message: /leads to a private/ })
  assert.deepEqual(await readdir(set.folder), [])
  assert.equal(trap.connections, 0)
})

test('each redirect is held to the same form as the first link, before anything is looked up', async (t) => {
  let location = ''
  const asked: string[] = []
  const lookup = (hostname: string) => {
    asked.push(hostname)
    return Promise.resolve([])
  }
  const set = await prepare(t, (_request, response) => void response.writeHead(302, { location }).end(), { lookup })
  for (location of [
    'http://pictures.example.com/x.png',
    'ftp://pictures.example.com/x.png',
    'https://pictures.example.com:8443/x.png',
    'https://user:password@pictures.example.com/x.png',
    `https://pictures.example.com/${'x'.repeat(2_048)}`,
    'file:///etc/passwd',
    'data:image/png;base64,iVBORw0KGgo=',
  ]) {
    await assertFails(set, { code: 'url_refused' })
  }
  assert.deepEqual(asked, [])
  location = 'https://pictures.example.com/x.png'
  await assertFails(set, { code: 'network', message: /has no address/ })
  assert.deepEqual(asked, ['pictures.example.com'])
})

test('direct and by DNS: nothing private is fetched, and the traps see nobody', async (t) => {
  const trap = await startTrap(t)
  const set = await prepare(t, sendPicture, { lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]) })
  for (const link of [
    ...refusedLinks,
    ...addressSpellings.flatMap((spelling) => [
      `https://${spelling}/x.png`,
      `https://${spelling}:${trap.port}/x.png`,
      `http://${spelling}:${trap.port}/x.png`,
    ]),
    'https://pictures.example.com/x.png',
  ]) {
    const download = downloadImage(link, {
      tempFolder: set.folder,
      allow: [],
      lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    })
    await assert.rejects(download, { name: 'DownloadError', code: 'url_refused' }, link)
  }
  assert.deepEqual(await readdir(set.folder), [])
  assert.equal(trap.connections, 0)
})

test('no message shows a query string, credentials or a fragment', async (t) => {
  const path = '/x.png?X-Amz-Signature=canary#canary'
  const answers: RequestListener[] = [
    (_request, response) => void response.writeHead(403).end(),
    (_request, response) => void response.end('<html>'),
    (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(),
    (_request, response) => response.writeHead(200, { 'content-length': 999_999 }).flushHeaders(),
    (_request, response) => void response.writeHead(302, { location: 'https://127.0.0.1/?canary' }).end(),
    (_request, response) => void response.writeHead(302, { location: '/x?canary' }).end(),
    (_request, response) => void response.writeHead(302, { location: 'http://[?canary' }).end(),
    (_request, response) => void response.writeHead(200, { 'content-length': 500 }).write('x', () => response.destroy()),
    (request) => void request.socket.destroy(),
    () => undefined,
  ]
  for (const answer of answers) {
    const { download } = await prepare(t, answer, { limits: { headersTimeoutMs: 300 } })
    const error: unknown = await download(path).catch((reason: unknown) => reason)
    assert.ok(error instanceof DownloadError)
    for (let link: unknown = error; link instanceof Error; link = link.cause)
      assert.equal(String(link.stack).includes('canary'), false)
  }
})

test('a malformed list of allowed hosts is our own mistake and said so', async (t) => {
  const folder = await tempFolder(t)
  await assert.rejects(downloadImage('https://example.com/x.png', { tempFolder: folder, allow: ['http://x'] }), RangeError)
})

test('over https a certificate that nobody signed is refused, and one that is trusted works', async (t) => {
  const { key, cert } = createSelfSigned()
  const server = createHttpsServer({ key, cert }, sendPicture)
  const port = await listen(t, server, '127.0.0.1')
  const folder = await tempFolder(t)
  const url = `https://127.0.0.1:${port}/x.png`
  await assert.rejects(downloadImage(url, { tempFolder: folder, allow: [`127.0.0.1:${port}`] }), {
    name: 'DownloadError',
    code: 'network',
    message: /certificate/,
  })
  await writeFile(join(folder, 'ca.pem'), cert)
  const module = new URL('../../../src/storage/safe-download.ts', import.meta.url).href
  const program = `const { downloadImage } = await import(${JSON.stringify(module)})
    const picture = await downloadImage(${JSON.stringify(url)}, { tempFolder: ${JSON.stringify(folder)}, allow: ['127.0.0.1:${port}'] })
    process.stdout.write(picture.contentType)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') },
  })
  assert.equal(stdout, 'image/png')
})
