// darkroom compare from pictures of this machine: what is sent and when, what is written down, what a later process uses.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Comparison } from '../../../../src/cli/compare/comparison.ts'
import { describeParameters, describeStart, startPicturesOf } from '../../../../src/cli/compare/describe-request.ts'
import { describeFidelity } from '../../../../src/cli/compare/describe.ts'
import { renderPage } from '../../../../src/cli/compare/page/page.ts'
import { embedPictures } from '../../../../src/cli/compare/page/pictures.ts'
import { summarise } from '../../../../src/cli/compare/summarise.ts'
import { tempFolder } from '../../../helpers/temp-folder.ts'
import { makePng } from '../../storage/samples.ts'
import type { CliRun } from '../cli-run.ts'
import { cliRun } from '../cli-run.ts'
import type { ScriptedAnswer, SeenRequest } from '../scripted-gateway.ts'
import { scriptedGateway } from '../scripted-gateway.ts'
import { sampleComparison } from './sample-comparison.ts'

const png = makePng({ width: 31, height: 7 })
const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const name = `upload:${sha256Of(png)}`

interface Tried {
  folder: string
  path: string
  seen: SeenRequest[]
  compare: (...args: string[]) => Promise<CliRun>
  written: () => Promise<Comparison[]>
  /** what is gone, the gateway no longer has */
  uploads: Set<string>
}

const refusal = (status: number, detail: string): ScriptedAnswer => ({
  status,
  json: { type: `urn:darkroom:problem:${status === 404 ? 'not_found' : 'x'}`, title: 'x', status, detail, instance: 'x' },
})

/** Takes uploads and looks at plans; whoever asks for a picture is refused, or `accepts` says otherwise. */
async function setUp(t: TestContext, { mode = 'mock', plan = {} }: { mode?: string; plan?: object } = {}): Promise<Tried> {
  const folder = await tempFolder(t)
  const path = join(folder, 'fox.png')
  await writeFile(path, png)
  const uploads = new Set<string>()
  const { url, seen } = await scriptedGateway(t, (request) => {
    const { method, url: at } = request
    if (at === '/v1/providers')
      return { json: { accounts: ['kie', 'defapi'].map((provider) => ({ provider, account: 'a', mode })) } }
    if (at.startsWith('/v1/plans'))
      return {
        json: { plan: { route: [], decisions: [], policy: {}, budgets: [], missingUploads: namesIn(request, uploads), ...plan } },
      }
    if (at === '/v1/uploads') {
      uploads.add(sha256Of(png))
      return { status: 201, json: { upload: name } }
    }
    if (at.startsWith('/v1/uploads/'))
      return uploads.has(at.slice('/v1/uploads/'.length)) ? { json: { upload: name } } : refusal(404, 'There is no such upload.')
    return method === 'GET' ? refusal(404, 'There is no such generation.') : refusal(422, 'not in this test')
  })
  const comparisons = join(folder, 'comparisons')
  return {
    folder,
    path,
    seen,
    uploads,
    compare: (...args) => cliRun(['compare', '--url', url, ...args], { env: { DARKROOM_DATA_DIR: folder } }),
    async written() {
      const names = (await readdir(comparisons).catch(() => [])).filter((file) => file.endsWith('.json'))
      return Promise.all(
        names.map(async (file): Promise<Comparison> => JSON.parse(await readFile(join(comparisons, file), 'utf8'))),
      )
    },
  }
}

function namesIn({ body }: SeenRequest, uploads: ReadonlySet<string>): string[] {
  return [...new Set(body.match(/upload:[0-9a-f]{64}/g))].filter((each) => !uploads.has(each.slice('upload:'.length)))
}

const pathsOf = (seen: readonly SeenRequest[]): string[] =>
  seen
    .filter(({ method, url }) => method === 'POST' || url.startsWith('/v1/uploads'))
    .map(({ method, url }) => `${method} ${url.slice(0, 20)}`)

suite('compare from a file', () => {
  test('sends it after the look at the plans and before the first run, which names it', async (t) => {
    const { compare, path, seen, written } = await setUp(t)
    const run = await compare('--reference', path, '--mask', path, '-m', 'ideogram-v3', '--providers', 'kie', '--runs', '2')
    assert.deepEqual(
      pathsOf(seen),
      ['POST /v1/plans?uploadSize', `GET /v1/uploads/${name.slice(7, 15)}`, 'POST /v1/uploads', 'POST /v1/generations'],
      run.stderr,
    )
    const asked: Record<string, unknown> = JSON.parse(seen.at(-1)?.body ?? '')
    assert.deepEqual([asked['referenceImages'], asked['mask']], [[name], name])
    const [comparison] = await written()
    assert.deepEqual(comparison?.pictures, [
      { sha256: sha256Of(png), name: 'fox.png', sizeBytes: png.length, contentType: 'image/png', width: 31, height: 7 },
    ])
    assert.match(run.stderr, /Each starts from fox\.png \(upload:[0-9a-f]{12}…\), with the mask fox\.png/)
  })

  test('with real keys sends, copies and writes nothing before the yes', async (t) => {
    const { compare, path, seen, folder } = await setUp(t, { mode: 'live' })
    const run = await compare('-r', path, '--runs', '2', '--max-cost', '1', '--assume-price', 'defapi=0.03')
    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, /Nothing was asked for\. Say --yes/)
    assert.deepEqual(pathsOf(seen), ['POST /v1/plans?uploadSize', 'POST /v1/plans?uploadSize'])
    assert.deepEqual(await readdir(folder), ['fox.png'])
  })

  test('that is none, or no picture, is refused before the gateway is asked for anything', async (t) => {
    const { compare, folder, path, seen } = await setUp(t)
    const nowhere = await compare('-r', join(folder, 'owl.png'))
    assert.match(nowhere.stderr, /^--reference: there is no file .*owl\.png\.\n$/)
    await writeFile(path, 'words')
    const words = await compare('--mask', path, '-m', 'ideogram-v3', '--providers', 'kie')
    assert.match(words.stderr, /^--mask: .*fox\.png is not a whole picture/)
    assert.deepEqual([nowhere.exitCode, words.exitCode, seen.length], [2, 2, 0])
  })

  test('an upload that the gateway does not have is said, and nothing is written down', async (t) => {
    const { compare, path, seen, written } = await setUp(t)
    const other = `upload:${'a'.repeat(64)}`
    const run = await compare('-r', path, '-r', other)
    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, new RegExp(`has no ${other}, so nothing was asked for`))
    assert.deepEqual(pathsOf(seen), ['POST /v1/plans?uploadSize'])
    assert.deepEqual(await written(), [])
  })

  test('gone on with, it is the same picture, whatever stands under its name now, sent again if the gateway lost it', async (t) => {
    const { compare, path, seen, written, uploads } = await setUp(t)
    await compare('-r', path, '--runs', '2')
    await writeFile(path, makePng({ width: 3, height: 3 }))
    const [{ id } = sampleComparison()] = await written()
    for (const isLost of [false, true]) {
      if (isLost) uploads.clear()
      seen.length = 0
      await compare('--resume', id)
      const sent = seen.filter(({ method, url }) => method === 'POST' && url === '/v1/uploads')
      assert.equal(sent.length, isLost ? 1 : 0)
      assert.equal(sent[0]?.headers['content-length'] ?? String(png.length), String(png.length))
      const asked: Record<string, unknown> = JSON.parse(seen.at(-1)?.body ?? '')
      assert.deepEqual(asked['referenceImages'], [name])
    }
  })

  test('gone here and at the gateway, nothing more is asked for', async (t) => {
    const { compare, path, seen, written, uploads, folder } = await setUp(t)
    await compare('-r', path, '--runs', '2')
    const [{ id } = sampleComparison()] = await written()
    uploads.clear()
    seen.length = 0
    await rm(join(folder, 'comparisons', 'pictures'), { recursive: true })
    const run = await compare('--resume', id)
    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, /does not have fox\.png, and it is gone here, too: .*comparisons\/pictures\/[0-9a-f]{64}/)
    assert.deepEqual(
      seen.filter(({ method }) => method === 'POST'),
      [],
    )
  })

  test('is not changed by another one for a comparison that has begun', async (t) => {
    const { compare, path } = await setUp(t)
    const run = await compare('--resume', 'cmp_01M8GZD3HWQAV2TF4WPCRNDZ55', '-r', path, '--mask', path)
    assert.match(run.stderr, /leave out --reference, --mask/)
  })
})

const file = { sha256: sha256Of(png), name: 'fox.png', sizeBytes: png.length, contentType: 'image/png', width: 31, height: 7 }
const startsFrom = sampleComparison({
  request: {
    model: 'nano-banana',
    referenceImages: [name, 'https://a.example/owl.png?signature=sesame', `upload:${'b'.repeat(64)}`],
    mask: name,
    aspectRatio: '16:9',
    providerOptions: { kie: { style: 'flat', maskUrl: 'https://a.example/m.png?signature=sesame' } },
  },
  pictures: [file],
})

suite('what a comparison starts from', () => {
  test('is named: files by their name, uploads by their beginning, addresses without a query that may be a key', () => {
    const owner = `upload:${sha256Of(png).slice(0, 12)}…`
    assert.equal(
      describeStart(startsFrom),
      `fox.png (${owner}), https://a.example/owl.png?… and upload:bbbbbbbbbbbb…, with the mask fox.png (${owner})`,
    )
    assert.equal(describeStart(sampleComparison()), null)
    assert.deepEqual(
      startPicturesOf(startsFrom).map(({ role }) => role),
      ['reference', 'reference', 'reference', 'mask'],
    )
    assert.deepEqual(describeParameters(startsFrom), [
      'model nano-banana',
      'aspectRatio 16:9',
      'providerOptions {"kie":{"style":"flat","maskUrl":"https://a.example/m.png?…"}}',
    ])
  })

  test('is no address with its query, either, where nobody could check the native field that it stands in', () => {
    const asked = '"https://a.example/m.png?signature=ses…'
    const fidelity = { level: 'exact' as const, changes: [{ field: 'providerOptions.kie.over', asked, sent: asked, why: 'x' }] }
    const [summary] = summarise(startsFrom, { generations: new Map(), stopped: null }, new Date()).providers
    assert.ok(summary !== undefined)
    assert.equal(describeFidelity({ ...summary, fidelity }), 'exact: kie.over "https://a.example/m.png?… unchecked')
  })

  test('is on the page: files are shown, the rest is named, and nothing is fetched', async () => {
    const report = summarise(startsFrom, { generations: new Map(), stopped: null }, new Date())
    const sources = { readImage: async () => png, readReference: async (sha256: string) => (sha256 === file.sha256 ? png : null) }
    const page = renderPage(report, await embedPictures(report, sources))
    const [start = ''] = /<h2>Started from<\/h2>[^]*?(?=<h2>)/.exec(page) ?? []
    assert.equal(start.match(/<img src="data:image\/png;base64,[^"]+" width="31" height="7"/g)?.length, 2)
    assert.match(start, /https:\/\/a\.example\/owl\.png\?…/)
    assert.match(start, /upload:bbbbbbbbbbbb…/)
    assert.doesNotMatch(page, /sesame|<img src="http|<link|url\(/)
    assert.doesNotMatch(
      renderPage({ ...report, request: { model: 'z-image' } }, await embedPictures(report, sources)),
      /Started from/,
    )
  })

  test('too large for the page, or gone, is named with its size', async () => {
    const report = summarise(startsFrom, { generations: new Map(), stopped: null }, new Date())
    const sources = { readImage: async () => png, readReference: async () => png }
    for (const embedded of [
      await embedPictures(report, sources, png.length),
      await embedPictures(report, { ...sources, readReference: async () => null }),
    ]) {
      assert.equal(embedded.references.size, 0)
      assert.match(renderPage(report, embedded), new RegExp(`not in this file \\(${png.length} B\\)`))
    }
  })
})
