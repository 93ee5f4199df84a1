// The pictures are real PNGs: every chunk checks, the size fits the ratio, and the task is named inside.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inflateSync } from 'node:zlib'
import { plainText, textWidth, wrapText } from '../../src/simulator/picture/font.ts'
import { type PictureSpec, pictureSize, renderPicture } from '../../src/simulator/picture/picture.ts'
import { startTestSimulator } from '../helpers/simulator.ts'
import { finishedLink } from './client.ts'

interface Chunk {
  type: string
  data: Buffer
}

/** Bit by bit, as the PNG specification defines it: not the painter's own way. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}

/** Walks the file chunk by chunk and checks every CRC; throws where it is no PNG. */
function chunksOf(bytes: Buffer): Chunk[] {
  assert.deepEqual(bytes.subarray(0, 8), Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]))
  const chunks: Chunk[] = []
  let offset = 8
  while (offset < bytes.length) {
    const length = bytes.readUInt32BE(offset)
    const typed = bytes.subarray(offset + 4, offset + 8 + length)
    assert.equal(bytes.readUInt32BE(offset + 8 + length), crc32(typed), `CRC at ${offset}`)
    chunks.push({ type: typed.toString('latin1', 0, 4), data: typed.subarray(4) })
    offset += 12 + length
  }
  assert.equal(chunks.at(-1)?.type, 'IEND')
  return chunks
}

function textsOf(bytes: Buffer): Record<string, string> {
  const texts = chunksOf(bytes).filter(({ type }) => type === 'tEXt')
  return Object.fromEntries(texts.map(({ data }) => data.toString('latin1').split('\0')))
}

function sizeOf(bytes: Buffer): { width: number; height: number } {
  const header = chunksOf(bytes)[0]?.data ?? assert.fail()
  return { width: header.readUInt32BE(0), height: header.readUInt32BE(4) }
}

const spec: PictureSpec = {
  taskId: 'abc',
  index: 0,
  prompt: 'a red fox in the snow',
  subtitle: 'x',
  ratio: 1,
  grid: false,
  sidePx: 128,
}

test('a downloaded picture is a whole PNG that names its task', async (t) => {
  const simulator = await startTestSimulator(t)
  const link = await finishedLink(simulator, { input: { aspect_ratio: '16:9' } })
  const bytes = Buffer.from(await (await fetch(link)).arrayBuffer())
  assert.deepEqual(textsOf(bytes), { Software: 'darkroom simulator', 'darkroom-task': simulator.ledger()[0]?.taskId })
  const { width, height } = sizeOf(bytes)
  assert.ok(Math.abs(width / height - 16 / 9) < 0.2, `${width} x ${height}`)
})

test('its rows decompress to exactly its size', async () => {
  const bytes = await renderPicture(spec)
  const data = chunksOf(bytes).filter(({ type }) => type === 'IDAT')
  const { width, height } = sizeOf(bytes)
  assert.equal(inflateSync(Buffer.concat(data.map((chunk) => chunk.data))).length, (width * 3 + 1) * height)
})

test('the same task gives the same bytes; another task, prompt or number gives others', async () => {
  const variants = [
    spec,
    { ...spec, taskId: 'abd' },
    { ...spec, prompt: 'a whale' },
    { ...spec, index: 1 },
    { ...spec, grid: true },
  ]
  const files = await Promise.all(variants.map(renderPicture))
  assert.equal(new Set(files.map((bytes) => bytes.toString('base64'))).size, variants.length)
  assert.deepEqual(await renderPicture(spec), files[0])
})

test('sizes keep the area and are multiples of eight', () => {
  assert.deepEqual(pictureSize(1, 768), { width: 768, height: 768 })
  assert.deepEqual(pictureSize(16 / 9, 768), { width: 1024, height: 576 })
  assert.deepEqual(pictureSize(2 / 3, 768), { width: 624, height: 944 })
  assert.deepEqual(pictureSize(1 / 8, 64), { width: 24, height: 184 })
})

test('every theme and every extreme shape can be painted', async () => {
  const prompts = [
    'snow',
    'night',
    'sunset',
    'sea',
    'forest',
    'desert',
    'city',
    'aurora',
    'dawn',
    'summer',
    '',
    '\u{1f98a}'.repeat(300),
  ]
  for (const [index, prompt] of prompts.entries()) {
    const ratio = [1, 8, 1 / 8][index % 3] ?? 1
    chunksOf(await renderPicture({ ...spec, prompt, ratio, sidePx: 64 }))
  }
})

test('text wraps at words, breaks words that are too long, and ends in dots when there is more', () => {
  const lines = wrapText('the quick brown fox jumps over the lazy dog', 60, 9)
  assert.ok(lines.length > 2 && lines.every((line) => textWidth(line) <= 60))
  assert.equal(lines.join(' '), 'the quick brown fox jumps over the lazy dog')
  assert.ok(wrapText('x'.repeat(200), 60, 99).every((line) => textWidth(line) <= 60))
  const cut = wrapText('the quick brown fox jumps over the lazy dog', 60, 2)
  assert.equal(cut.length, 2)
  assert.match(cut[1] ?? '', /\.\.\.$/)
  assert.equal(plainText('“Café” – naïve'), '"Cafe" - naive')
})
