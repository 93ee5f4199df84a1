import assert from 'node:assert/strict'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { checkImage, checkImageFile } from '../../../src/storage/image-check.ts'
import type { ImageDefect } from '../../../src/storage/image-check.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { makePng, makeWebp, pngChunk, samples, withJpegSegment } from './samples.ts'

const wholePictures: Record<string, { bytes: Buffer; contentType: string; width: number; height: number }> = {
  'an RGB PNG': { bytes: makePng(), contentType: 'image/png', width: 8, height: 6 },
  'a PNG with several data chunks and text': {
    bytes: makePng({ extra: [pngChunk('tEXt', Buffer.from('taskId\u0000abc', 'latin1')), pngChunk('IDAT', Buffer.alloc(0))] }),
    contentType: 'image/png',
    width: 8,
    height: 6,
  },
  'a baseline JPEG': { bytes: samples.baselineJpeg, contentType: 'image/jpeg', width: 8, height: 6 },
  'a progressive JPEG': { bytes: samples.progressiveJpeg, contentType: 'image/jpeg', width: 8, height: 6 },
  'a JPEG with restart markers': { bytes: samples.restartJpeg, contentType: 'image/jpeg', width: 24, height: 8 },
  'a JPEG with a whole JPEG as its thumbnail': {
    bytes: withJpegSegment(samples.baselineJpeg, 0xe1, samples.progressiveJpeg),
    contentType: 'image/jpeg',
    width: 8,
    height: 6,
  },
  'a JPEG with fill bytes before a marker': {
    bytes: Buffer.concat([samples.baselineJpeg.subarray(0, 2), Buffer.from([0xff, 0xff]), samples.baselineJpeg.subarray(2)]),
    contentType: 'image/jpeg',
    width: 8,
    height: 6,
  },
  'a JPEG with stuffed bytes in its scan': {
    bytes: Buffer.concat([
      samples.baselineJpeg.subarray(0, -4),
      Buffer.from([0xff, 0x00, 0xff, 0x00]),
      samples.baselineJpeg.subarray(-4),
    ]),
    contentType: 'image/jpeg',
    width: 8,
    height: 6,
  },
  'a lossy WebP': { bytes: samples.lossyWebp, contentType: 'image/webp', width: 8, height: 6 },
  'a lossless WebP': { bytes: samples.losslessWebp, contentType: 'image/webp', width: 8, height: 6 },
  'a WebP with alpha': { bytes: samples.alphaWebp, contentType: 'image/webp', width: 8, height: 6 },
  'an animated WebP': { bytes: samples.animatedWebp, contentType: 'image/webp', width: 8, height: 6 },
  'a WebP with XMP': { bytes: samples.xmpWebp, contentType: 'image/webp', width: 8, height: 6 },
}

function defectOf(bytes: Uint8Array): ImageDefect | 'none' {
  const verdict = checkImage(bytes)
  return verdict.ok ? 'none' : verdict.defect
}

for (const [name, { bytes, contentType, width, height }] of Object.entries(wholePictures)) {
  test(`${name} is accepted with its type and size`, () => {
    const verdict = checkImage(bytes)
    assert.ok(verdict.ok, JSON.stringify(verdict))
    const { provenance: _, ok: __, ...rest } = verdict
    assert.deepEqual(rest, { contentType, width, height, sizeBytes: bytes.length, trailingBytes: 0 })
  })

  test(`every proper prefix of ${name} is refused`, () => {
    for (let length = 0; length < bytes.length; length += 1) {
      const defect = defectOf(bytes.subarray(0, length))
      assert.equal(defect, 'truncated', `${length} of ${bytes.length}`)
    }
  })

  test(`bytes behind the end of ${name} are counted, not refused`, () => {
    const verdict = checkImage(Buffer.concat([bytes, Buffer.from('<script>')]))
    assert.ok(verdict.ok)
    assert.equal(verdict.trailingBytes, 8)
  })

  test(`no changed bit makes the check of ${name} throw or change its type`, () => {
    for (let at = 0; at < bytes.length; at += 1) {
      for (const bit of [0x01, 0x10, 0x80]) {
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ bit
        const verdict = checkImage(changed)
        if (verdict.ok) assert.equal(verdict.contentType, contentType)
      }
    }
  })
}

test('every changed bit of a PNG is refused', () => {
  const png = makePng({ extra: [pngChunk('tEXt', Buffer.from('a\u0000b'))] })
  for (let at = 0; at < png.length; at += 1) {
    for (let bit = 1; bit < 256; bit *= 2) {
      const changed = Buffer.from(png)
      changed[at] = (changed[at] ?? 0) ^ bit
      assert.notEqual(defectOf(changed), 'none', `byte ${at} bit ${bit}`)
    }
  }
})

test('what is no PNG, JPEG or WebP is named and refused', () => {
  for (const [bytes, kind] of [
    ['<!DOCTYPE html><html><body>404</body></html>', 'an HTML page'],
    ['\n  <html><svg></svg></html>', 'an HTML page'],
    ['<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', 'an SVG drawing'],
    ['<?xml version="1.0"?>\n<!-- x --><!DOCTYPE svg>\n<svg>', 'an SVG drawing'],
    ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'an XML document'],
    ['{"code":404,"msg":"expired"}', 'JSON'],
    ['%PDF-1.7\n%âãÏÓ', 'a PDF document'],
    ['PK\u0003\u0004\u0014\u0000', 'a zip archive'],
    ['GIF89a\u0001\u0000\u0001\u0000', 'a GIF picture'],
    ['\u0000\u0000\u0000\u001cftypavif\u0000\u0000', 'an AVIF picture'],
    ['error code: 1010', 'something else'],
    ['RIFF\u0010\u0000\u0000\u0000WAVEfmt \u0000\u0000', 'something else'],
    [gzipSync(makePng()), 'something else'],
    [Buffer.alloc(1_000), 'something else'],
  ] as const) {
    const verdict = checkImage(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
    assert.deepEqual(verdict, { ok: false, defect: 'wrong_type', message: `this is ${kind}, not a PNG, JPEG or WebP picture` })
  }
})

test('text that would make a careless pattern slow is refused at once', () => {
  const startedAt = performance.now()
  for (const text of ['<!---->'.repeat(5_000), ' '.repeat(50_000), '<'.repeat(50_000), `<?xml${' '.repeat(50_000)}`]) {
    assert.equal(defectOf(Buffer.from(text)), 'wrong_type')
  }
  assert.ok(performance.now() - startedAt < 2_000)
})

test('a header that promises too many pixels is refused before anything else is read', () => {
  const jpegOf = (width: number, height: number): Buffer => {
    const jpeg = Buffer.from(samples.baselineJpeg)
    const frameAt = jpeg.indexOf(Buffer.from([0xff, 0xc0]))
    assert.notEqual(frameAt, -1)
    jpeg.writeUInt16BE(height, frameAt + 5)
    jpeg.writeUInt16BE(width, frameAt + 7)
    return jpeg
  }
  const losslessOf = (width: number, height: number): Uint8Array => {
    const data = Buffer.from(samples.losslessWebp.subarray(20))
    data.writeUInt32LE(((width - 1) | ((height - 1) << 14)) >>> 0, 1)
    return data
  }
  const canvasOf = (width: number, height: number): Buffer => {
    const canvas = Buffer.alloc(10)
    canvas.writeUIntLE(width - 1, 4, 3)
    canvas.writeUIntLE(height - 1, 7, 3)
    return canvas
  }
  const lossless = samples.losslessWebp.subarray(20)
  for (const [name, bytes, expected] of [
    ['PNG', makePng({ width: 16_000, height: 16_000 }), 'too_many_pixels'],
    ['PNG of the largest numbers', makePng({ width: 0x7f_ff_ff_ff, height: 0x7f_ff_ff_ff }), 'too_many_pixels'],
    ['PNG one row over', makePng({ width: 10_000, height: 10_001 }), 'too_many_pixels'],
    ['PNG at the cap', makePng({ width: 10_000, height: 10_000 }), 'none'],
    ['only the header of a PNG', makePng({ width: 16_000, height: 16_000 }).subarray(0, 40), 'too_many_pixels'],
    ['JPEG', jpegOf(65_000, 65_000), 'too_many_pixels'],
    ['lossless WebP', makeWebp([['VP8L', losslessOf(16_000, 16_000)]]), 'too_many_pixels'],
    [
      'WebP canvas',
      makeWebp([
        ['VP8X', canvasOf(16_000_000, 16_000_000)],
        ['VP8L', lossless],
      ]),
      'too_many_pixels',
    ],
    [
      'WebP that hides a large picture behind a small canvas',
      makeWebp([
        ['VP8X', canvasOf(8, 6)],
        ['VP8L', losslessOf(9_000, 9_000)],
      ]),
      'damaged',
    ],
    ['PNG without width', makePng({ width: 0 }), 'damaged'],
    ['JPEG without height', jpegOf(8, 0), 'damaged'],
  ] as const) {
    assert.equal(defectOf(bytes), expected, name)
  }
  const small = checkImage(makePng(), { maxPixels: 47 })
  assert.deepEqual(small, { ok: false, defect: 'too_many_pixels', message: '8 × 6 pixels are more than the 47 that are allowed' })
})

test('containers that contradict themselves are refused as damaged', () => {
  const jpeg = samples.baselineJpeg
  const scanAt = jpeg.indexOf(Buffer.from([0xff, 0xda]))
  const frameAt = jpeg.indexOf(Buffer.from([0xff, 0xc0]))
  const frame = jpeg.subarray(frameAt, frameAt + 19)
  const longFrame = Buffer.concat([frame, Buffer.alloc(1)]).fill(18, 3, 4) // says 18 bytes, has 18, needs 17
  const scanHead = jpeg.subarray(scanAt, scanAt + 14)
  const end = Buffer.from([0xff, 0xd9])
  const lossless = samples.losslessWebp.subarray(20)
  const frameHead = Buffer.alloc(16)
  const header = Buffer.alloc(13)
  for (const [name, bytes] of [
    ['a PNG without data', Buffer.concat([makePng().subarray(0, 33), pngChunk('IEND', Buffer.alloc(0))])],
    ['a PNG with two headers', makePng({ extra: [pngChunk('IHDR', header)] })],
    ['a palette PNG without palette', makePng({ header: [8, 3, 0, 0, 0] })],
    ['a PNG of an impossible depth', makePng({ header: [4, 2, 0, 0, 0] })],
    ['a PNG with an unknown interlace', makePng({ header: [8, 2, 0, 0, 2] })],
    ['a PNG whose end has content', Buffer.concat([makePng().subarray(0, -12), pngChunk('IEND', Buffer.from('x'))])],
    [
      'a PNG that does not begin with its header',
      Buffer.concat([makePng().subarray(0, 8), pngChunk('tEXt', Buffer.alloc(13)), makePng().subarray(33)]),
    ],
    ['a JPEG that is only begin and end', Buffer.concat([jpeg.subarray(0, 2), end])],
    ['a JPEG without a scan', Buffer.concat([jpeg.subarray(0, scanAt), end])],
    ['a JPEG with an empty scan', Buffer.concat([jpeg.subarray(0, scanAt), scanHead, end])],
    ['a JPEG whose scan comes before its frame', Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(scanAt)])],
    ['a JPEG with two frames', Buffer.concat([jpeg.subarray(0, frameAt), frame, jpeg.subarray(frameAt)])],
    ['a JPEG that begins again', Buffer.concat([jpeg.subarray(0, scanAt), jpeg.subarray(0, 2), jpeg.subarray(scanAt)])],
    [
      'a JPEG with a segment of no length',
      Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe0, 0, 1]), jpeg.subarray(2)]),
    ],
    ['a JPEG with text where a marker belongs', Buffer.concat([jpeg.subarray(0, 3), Buffer.from('text'), jpeg.subarray(3)])],
    [
      'a WebP of metadata only',
      makeWebp([
        ['VP8X', Buffer.alloc(10)],
        ['XMP ', Buffer.from('<x/>')],
      ]),
    ],
    [
      'a WebP that begins with metadata',
      makeWebp([
        ['EXIF', Buffer.alloc(10)],
        ['VP8L', lossless],
      ]),
    ],
    [
      'a WebP with a short header',
      makeWebp([
        ['VP8X', Buffer.alloc(8)],
        ['VP8L', lossless],
      ]),
    ],
    [
      'a WebP frame inside a frame',
      makeWebp([
        ['VP8X', Buffer.alloc(10)],
        ['ANMF', Buffer.concat([frameHead, makeWebp([['ANMF', frameHead]]).subarray(12)])],
      ]),
    ],
    [
      'a WebP with a frame that is too short beside a picture',
      makeWebp([
        ['VP8X', samples.animatedWebp.subarray(20, 30)],
        ['ANMF', Buffer.alloc(4)],
        ['VP8L', lossless],
      ]),
    ],
    ['a lossy WebP whose first part is longer than itself', Buffer.from(samples.lossyWebp).fill(0xff, 22, 23)],
    ['a lossless WebP of another version', makeWebp([['VP8L', Buffer.from(lossless).fill(0xe0, 4, 5)]])],
    [
      'a JPEG frame header with a byte too many',
      Buffer.concat([jpeg.subarray(0, frameAt), longFrame, jpeg.subarray(frameAt + 19)]),
    ],
    [
      'a WebP whose frame has no header',
      makeWebp([
        ['VP8X', Buffer.alloc(10)],
        ['ANMF', Buffer.alloc(4)],
      ]),
    ],
    ['a lossless WebP with a wrong signature', makeWebp([['VP8L', Buffer.alloc(20)]])],
    ['a lossy WebP without a key frame', makeWebp([['VP8 ', Buffer.alloc(20)]])],
    ['a WebP chunk longer than its file', Buffer.from(makeWebp([['VP8L', lossless]])).fill(0xff, 16, 20)],
    ['a WebP that says it is nearly empty', Buffer.from(samples.lossyWebp).fill(0, 5, 8).fill(4, 4, 5)],
  ] as const) {
    assert.equal(defectOf(bytes), 'damaged', name)
  }
})

test('frames nested a million deep do not exhaust the stack', () => {
  const depth = 1_000_000
  const nested = Buffer.alloc(8 * depth, Buffer.from('ANMF\u0000\u0000\u0000\u0000', 'latin1'))
  for (let at = 0; at < depth; at += 1) nested.writeUInt32LE(Math.max(0, nested.length - at * 8 - 8), at * 8 + 4)
  assert.equal(
    defectOf(
      makeWebp([
        ['VP8X', Buffer.alloc(10)],
        ['ANMF', nested],
      ]),
    ),
    'damaged',
  )
})

test('provenance is found by its own mark, and not by four letters that happen to stand in a picture', () => {
  const provenanceOf = (bytes: Uint8Array): string => {
    const verdict = checkImage(bytes)
    assert.ok(verdict.ok, JSON.stringify(verdict))
    return verdict.provenance
  }
  const manifest = Buffer.concat([
    Buffer.from('\u0000\u0000\u0000\u0026jumb\u0000\u0000\u0000\u001ejumdc2pa', 'latin1'),
    Buffer.alloc(22),
  ])
  const packet = Buffer.from('http://ns.adobe.com/xap/1.0/\u0000<x:xmpmeta/>', 'latin1')
  assert.equal(provenanceOf(makePng()), 'none')
  assert.equal(provenanceOf(makePng({ extra: [pngChunk('tEXt', Buffer.from('Comment\u0000c2pa jumb', 'latin1'))] })), 'none')
  assert.equal(provenanceOf(makePng({ extra: [pngChunk('caBX', manifest)] })), 'c2pa')
  assert.equal(
    provenanceOf(makePng({ extra: [pngChunk('iTXt', Buffer.from('XML:com.adobe.xmp\u0000\u0000\u0000', 'latin1'))] })),
    'xmp',
  )
  assert.equal(provenanceOf(samples.baselineJpeg), 'none')
  assert.equal(provenanceOf(withJpegSegment(samples.baselineJpeg, 0xeb, manifest)), 'c2pa')
  assert.equal(provenanceOf(withJpegSegment(samples.baselineJpeg, 0xe1, packet)), 'xmp')
  assert.equal(provenanceOf(withJpegSegment(withJpegSegment(samples.baselineJpeg, 0xe1, packet), 0xeb, manifest)), 'c2pa')
  assert.equal(provenanceOf(samples.xmpWebp), 'xmp')
  assert.equal(provenanceOf(samples.lossyWebp), 'none')
})

test('a file is checked like its bytes, and one that is too large is not read', async (t) => {
  const path = join(await tempFolder(t), 'picture')
  await writeFile(path, makePng())
  assert.deepEqual(await checkImageFile(path), checkImage(makePng()))
  await truncate(path, 200 * 1024 * 1024 * 1024)
  assert.deepEqual(await checkImageFile(path), {
    ok: false,
    defect: 'too_large',
    message: `${200 * 1024 ** 3} bytes are more than the ${32 * 1024 ** 2} that are allowed`,
  })
})
