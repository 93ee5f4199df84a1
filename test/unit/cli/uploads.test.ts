import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { makePng, pngChunk, samples } from '../storage/samples.ts'
import { cliRun } from './cli-run.ts'
import { sampleGeneration } from './sample-generation.ts'
import { scriptedGateway } from './scripted-gateway.ts'
import type { SeenRequest } from './scripted-gateway.ts'

const png = makePng({ width: 31, height: 7 })
const nameOf = (bytes: Uint8Array): string => `upload:${createHash('sha256').update(bytes).digest('hex')}`
const name = nameOf(png)

async function fileOf(t: TestContext, bytes: Uint8Array, fileName = 'fox.png'): Promise<string> {
  const path = join(await tempFolder(t), fileName)
  await writeFile(path, bytes)
  return path
}

/** Knows no upload, takes every one, and completes each generation at once. */
function answerAs(uploaded: (request: SeenRequest) => string = () => name) {
  return (request: SeenRequest) => {
    if (request.url.startsWith('/v1/uploads/')) return { status: 404, json: { detail: 'There is no such upload.' } }
    if (request.url === '/v1/uploads') return { status: 201, json: { upload: uploaded(request) } }
    return { json: sampleGeneration() }
  }
}

const pathsOf = (seen: readonly SeenRequest[]): string[] => seen.map(({ method, url }) => `${method} ${url.slice(0, 20)}`)

test('generate with a file sends the picture first, and names it in the request', async (t) => {
  const { url, seen } = await scriptedGateway(t, answerAs())
  const path = await fileOf(t, png)
  const run = await cliRun([
    'generate',
    'fox',
    '--reference',
    path,
    '-r',
    'https://pictures.example/owl.png',
    '--url',
    url,
    '--no-wait',
  ])
  assert.equal(run.exitCode, 0, run.stderr)
  assert.deepEqual(pathsOf(seen), [`GET /v1/uploads/${name.slice(7, 15)}`, 'POST /v1/uploads', 'POST /v1/generations'])
  assert.equal(seen[1]?.headers['content-type'], 'image/png')
  assert.equal(seen[1].headers['content-length'], String(png.length))
  const request: unknown = JSON.parse(seen[2]?.body ?? '')
  assert.deepEqual(request, {
    model: 'nano-banana',
    prompt: 'fox',
    referenceImages: [name, 'https://pictures.example/owl.png'],
  })
})

test('a mask may be a file, too, and the same file is sent once', async (t) => {
  const { url, seen } = await scriptedGateway(t, answerAs())
  const path = await fileOf(t, png)
  const args = ['generate', 'fox', '-m', 'ideogram-v3', '-r', path, '--mask', path, '--url', url, '--no-wait']
  const run = await cliRun(args)
  assert.equal(run.exitCode, 0, run.stderr)
  assert.equal(seen.filter(({ method, url: to }) => method === 'POST' && to === '/v1/uploads').length, 1)
  const request: { mask?: string } = JSON.parse(seen.at(-1)?.body ?? '{}')
  assert.equal(request.mask, name)
})

test('what the gateway has already is not sent again, and a name passes as it is', async (t) => {
  const known = (request: SeenRequest) => (request.method === 'GET' ? { json: { upload: name } } : { json: sampleGeneration() })
  const { url, seen } = await scriptedGateway(t, known)
  const path = await fileOf(t, png)
  const run = await cliRun(['generate', 'fox', '-r', path, '-r', nameOf(Buffer.from('other')), '--url', url, '--no-wait'])
  assert.equal(run.exitCode, 0, run.stderr)
  assert.deepEqual(pathsOf(seen), [`GET /v1/uploads/${name.slice(7, 15)}`, 'POST /v1/generations'])
})

test('a request that is wrong sends no picture', async (t) => {
  const { url, seen } = await scriptedGateway(t, answerAs())
  const run = await cliRun(['generate', 'fox', '-r', await fileOf(t, png), '-a', '7:5', '--url', url])
  assert.equal(run.exitCode, 2)
  assert.match(run.stderr, /nothing was sent/)
  assert.deepEqual(seen, [])
})

test('a file that is missing, no file, no picture or damaged is one sentence, and nothing is sent', async (t) => {
  const { url, seen } = await scriptedGateway(t, answerAs())
  const folder = await tempFolder(t)
  await mkdir(join(folder, 'folder'))
  await writeFile(join(folder, 'notes.txt'), '{"not": "a picture"}')
  await writeFile(join(folder, 'cut.jpg'), samples.baselineJpeg.subarray(0, 200))
  for (const [file, says] of [
    ['none.png', /^--reference: there is no file .*none\.png\.\n$/],
    ['notes.txt/fox.png', /^--reference: there is no file .*notes\.txt\/fox\.png\.\n$/],
    ['folder', /^--reference: .*folder is no file\.\n$/],
    ['notes.txt', /^--reference: .*notes\.txt is not a whole picture: this is JSON, not a PNG, JPEG or WebP picture\.\n$/],
    ['cut.jpg', /^--reference: .*cut\.jpg is not a whole picture: ends at byte 200, in the middle of the picture\.\n$/],
  ] as const) {
    const run = await cliRun(['generate', 'fox', '-r', join(folder, file), '--url', url])
    assert.equal(run.exitCode, 2, file)
    assert.match(run.stderr, says)
    assert.equal(run.stdout, '')
  }
  assert.deepEqual(seen, [])
})

test('a file that is too large is told the limit, and nothing is sent', async (t) => {
  const { url, seen } = await scriptedGateway(t, answerAs())
  const path = await fileOf(t, Buffer.alloc(33 * 1024 * 1024))
  const run = await cliRun(['upload', path, '--url', url])
  assert.equal(run.exitCode, 2)
  assert.match(run.stderr, /^upload: .*fox\.png is too large: it has 33\.0 MiB, and at most 32 MiB can be uploaded\.\n$/)
  assert.deepEqual(seen, [])
})

test('upload prints the names, one a line, or what is known as JSON', async (t) => {
  const { url } = await scriptedGateway(
    t,
    answerAs((request) => (request.headers['content-type'] === 'image/png' ? name : nameOf(samples.baselineJpeg))),
  )
  const files = [await fileOf(t, png), await fileOf(t, samples.baselineJpeg, 'owl.jpg')]
  const run = await cliRun(['upload', ...files, '--url', url])
  assert.equal(run.exitCode, 0, run.stderr)
  assert.equal(run.stdout, `${name}\n${nameOf(samples.baselineJpeg)}\n`)
  assert.equal(run.stderr, '')
  const asJson = await cliRun(['upload', files[0] ?? '', '--url', url, '--json'])
  assert.deepEqual(JSON.parse(asJson.stdout), {
    uploads: [{ upload: name, sha256: name.slice(7), sizeBytes: png.length, contentType: 'image/png', width: 31, height: 7 }],
  })
})

test('a large one says on stderr how far it is', async (t) => {
  const large = makePng({ extra: [pngChunk('teXt', Buffer.alloc(2_000_000))] })
  const { url } = await scriptedGateway(
    t,
    answerAs(() => nameOf(large)),
  )
  const run = await cliRun(['upload', await fileOf(t, large), '--url', url])
  assert.equal(run.exitCode, 0, run.stderr)
  assert.match(run.stderr, /^sending fox\.png \(2\.0 MiB\): 0 %\n/)
  assert.match(run.stderr, /\nsending fox\.png \(2\.0 MiB\): 100 %\n$/)
  assert.ok(run.stderr.split('\n').length <= 12, 'a line for each tenth at most')
  assert.equal(run.stdout, `${nameOf(large)}\n`)
})

test('what the gateway refuses is said in its own words; a file that changed meanwhile is noticed', async (t) => {
  const refusing = await scriptedGateway(t, ({ method }) =>
    method === 'GET'
      ? { status: 404, json: { detail: 'none' } }
      : { status: 422, json: { detail: 'Nothing was stored: damaged.' } },
  )
  const path = await fileOf(t, png)
  const refused = await cliRun(['upload', path, '--url', refusing.url])
  assert.deepEqual([refused.exitCode, refused.stderr], [2, 'Nothing was stored: damaged.\n'])
  const other = await scriptedGateway(
    t,
    answerAs(() => nameOf(Buffer.from('something else'))),
  )
  const changed = await cliRun(['upload', path, '--url', other.url])
  assert.equal(changed.exitCode, 2)
  assert.match(changed.stderr, /fox\.png changed while it was sent/)
  const away = await cliRun(['upload', path, '--url', 'http://127.0.0.1:1'])
  assert.equal(away.exitCode, 3)
})
