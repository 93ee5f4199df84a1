import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, readFile, readdir, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFileStore } from '../../../src/storage/file-store.ts'
import type { CheckedImage, ResultStore } from '../../../src/storage/result-store.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { makePng } from './samples.ts'

type Incoming = Pick<CheckedImage, 'tempPath' | 'sha256' | 'contentType'>

async function receive(
  store: ResultStore,
  bytes: Uint8Array,
  contentType: CheckedImage['contentType'] = 'image/png',
): Promise<Incoming> {
  const tempPath = join(store.tempFolder, `${randomUUID()}.part`)
  await writeFile(tempPath, bytes)
  return { tempPath, sha256: createHash('sha256').update(bytes).digest('hex'), contentType }
}

async function readAll(store: ResultStore, { sha256, contentType }: Incoming): Promise<Buffer> {
  const found = await store.open(sha256, contentType)
  assert.ok(found !== null)
  const bytes = Buffer.concat(await found.stream.toArray())
  assert.equal(found.sizeBytes, bytes.length)
  return bytes
}

test('an adopted picture lies under its address, can be read back, and its temporary file is gone', async (t) => {
  const folder = await tempFolder(t)
  const store = createFileStore({ folder })
  for (const [contentType, ending] of [
    ['image/png', 'png'],
    ['image/jpeg', 'jpg'],
    ['image/webp', 'webp'],
  ] as const) {
    const bytes = Buffer.from(`bytes of ${contentType}`)
    const image = await receive(store, bytes, contentType)
    const { ino } = await stat(image.tempPath)
    await store.adopt(image)
    const path = join(folder, image.sha256.slice(0, 2), `${image.sha256}.${ending}`)
    assert.equal(store.locate(image.sha256, contentType), path)
    assert.deepEqual(await readFile(path), bytes)
    assert.equal((await stat(path)).ino, ino, 'copied, so that half of it could be seen')
    assert.deepEqual(await readAll(store, image), bytes)
  }
  assert.deepEqual(await readdir(store.tempFolder), [])
})

test('storing the same bytes again changes nothing', async (t) => {
  const store = createFileStore({ folder: await tempFolder(t) })
  const first = await receive(store, makePng())
  await store.adopt(first)
  const path = store.locate(first.sha256, first.contentType) ?? ''
  const before = await stat(path)
  await store.adopt(await receive(store, makePng()))
  // a repeat after a kill: its temporary file has become the object already
  await store.adopt(first)
  const after = await stat(path)
  assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs])
  assert.deepEqual(await readdir(store.tempFolder), [])
})

test('an object that a broken disk cut short is replaced by the whole one', async (t) => {
  const store = createFileStore({ folder: await tempFolder(t) })
  const image = await receive(store, makePng())
  await store.adopt(image)
  await writeFile(store.locate(image.sha256, image.contentType) ?? '', 'cut')
  await store.adopt(await receive(store, makePng()))
  assert.deepEqual(await readAll(store, image), makePng())
})

test('many workers that store the same picture at once all succeed, and one object is there', async (t) => {
  const folder = await tempFolder(t)
  const stores = Array.from({ length: 20 }, () => createFileStore({ folder }))
  const images = await Promise.all(stores.map((store) => receive(store, makePng())))
  await Promise.all(stores.map((store, at) => store.adopt(images[at] ?? assert.fail())))
  const [image] = images
  assert.ok(image !== undefined)
  assert.deepEqual(await readdir(join(folder, image.sha256.slice(0, 2))), [`${image.sha256}.png`])
  assert.deepEqual(await readdir(join(folder, '.incoming')), [])
  assert.deepEqual(await readAll(createFileStore({ folder }), image), makePng())
})

test('a picture that is not there, or of another type, is null', async (t) => {
  const store = createFileStore({ folder: await tempFolder(t) })
  const image = await receive(store, makePng())
  assert.equal(await store.open(image.sha256, 'image/png'), null)
  await store.adopt(image)
  assert.equal(await store.open(image.sha256, 'image/webp'), null)
})

test('nothing but a hash and a known type becomes part of a path', async (t) => {
  const folder = await tempFolder(t)
  const store = createFileStore({ folder })
  await writeFile(join(folder, 'secret.png'), 'secret')
  const good = 'a'.repeat(64)
  for (const [sha256, contentType] of [
    ['../secret', 'image/png'],
    ['secret', 'image/png'],
    [`..${'/'.repeat(60)}ab`, 'image/png'],
    [good.toUpperCase(), 'image/png'],
    [`${good}\n`, 'image/png'],
    [good.slice(1), 'image/png'],
    [good, 'image/svg+xml'],
    [good, 'constructor'],
    [good, ''],
  ] as const) {
    assert.equal(store.locate(sha256, contentType), null)
    assert.equal(await store.open(sha256, contentType), null)
  }
  await assert.rejects(
    store.adopt({ tempPath: join(store.tempFolder, 'x'), sha256: '../secret', contentType: 'image/png' }),
    RangeError,
  )
})

test('only a file of the temporary folder is adopted', async (t) => {
  const folder = await tempFolder(t)
  const store = createFileStore({ folder })
  const { sha256, contentType } = await receive(store, makePng())
  const outside = join(folder, 'mine.png')
  await writeFile(outside, makePng())
  for (const tempPath of [
    outside,
    join(store.tempFolder, '..', 'mine.png'),
    join(store.tempFolder, 'sub', 'x'),
    store.tempFolder,
    '',
  ]) {
    await assert.rejects(store.adopt({ tempPath, sha256, contentType }), RangeError)
  }
  assert.deepEqual(await readFile(outside), makePng())
})

test('a missing temporary file is an error, and no object appears', async (t) => {
  const store = createFileStore({ folder: await tempFolder(t) })
  const image = { tempPath: join(store.tempFolder, 'none'), sha256: 'ab'.repeat(32), contentType: 'image/png' } as const
  await assert.rejects(store.adopt(image), { code: 'ENOENT' })
  assert.equal(await store.open(image.sha256, image.contentType), null)
})

test('leftovers older than an hour are removed at the start, younger ones and folders stay', async (t) => {
  const folder = await tempFolder(t)
  const incoming = join(folder, '.incoming')
  await mkdir(join(incoming, 'folder'), { recursive: true })
  const agesMs = { old: 61 * 60_000, young: 59 * 60_000, folder: 99 * 60_000 }
  for (const [name, ageMs] of Object.entries(agesMs)) {
    if (name !== 'folder') await writeFile(join(incoming, name), 'x')
    const then = new Date(Date.now() - ageMs)
    await utimes(join(incoming, name), then, then)
  }
  await symlink('/nowhere/at/all', join(incoming, 'dangling'))
  createFileStore({ folder })
  assert.deepEqual((await readdir(incoming)).sort(), ['dangling', 'folder', 'young'])
})

test('a folder that can be written is checked without leaving anything in it', async (t) => {
  const folder = join(await tempFolder(t), 'made', 'on', 'demand')
  const store = createFileStore({ folder })
  await store.checkWritable()
  assert.deepEqual(await readdir(folder), ['.incoming'])
  assert.deepEqual(await readdir(store.tempFolder), [])
})

test('a folder that cannot be written is named in a sentence', async (t) => {
  const file = join(await tempFolder(t), 'file')
  await writeFile(file, '')
  for (const folder of [file, join(file, 'below')]) {
    await assert.rejects(createFileStore({ folder }).checkWritable(), (error) => {
      assert.ok(error instanceof Error)
      assert.equal(
        error.message.replace(/EEXIST|ENOTDIR/, 'CODE'),
        `Pictures cannot be stored in the folder ${folder}: a part of the path is a file (CODE).`,
      )
      return true
    })
  }
})

test(
  'a folder of somebody else is named in a sentence',
  { skip: process.getuid?.() === 0 && 'root may write everywhere' },
  async (t) => {
    const folder = await tempFolder(t)
    await chmod(folder, 0o555)
    await assert.rejects(
      createFileStore({ folder }).checkWritable(),
      /cannot be stored in the folder .*: this user may not write there \(EACCES\)\.$/,
    )
    await chmod(folder, 0o755)
  },
)

test('killed at any moment, a store has whole objects only, and the same work done again completes it', async (t) => {
  const folder = await tempFolder(t)
  const killAfterMs = async (ms: number): Promise<void> => {
    const worker = fork(new URL('./adopt-forever.ts', import.meta.url), [folder], { execArgv: ['--import', 'tsx'] })
    t.after(() => worker.kill('SIGKILL'))
    await once(worker, 'message')
    await sleep(ms) // waits for nothing: it only picks the moment
    worker.kill('SIGKILL')
    await once(worker, 'exit')
  }
  await Promise.all([0, 3, 7, 11].map(killAfterMs))
  const shards = (await readdir(folder)).filter((name) => name !== '.incoming')
  let objects = 0
  for (const shard of shards) {
    for (const name of await readdir(join(folder, shard))) {
      const bytes = await readFile(join(folder, shard, name))
      assert.equal(`${createHash('sha256').update(bytes).digest('hex')}.png`, name)
      objects += 1
    }
  }
  assert.ok(objects > 0)
  const store = createFileStore({ folder })
  const image = await receive(store, makePng())
  await store.adopt(image)
  assert.deepEqual(await readAll(store, image), makePng())
})
