// Is this a whole PNG, JPEG or WebP? A magic number is not integrity: a PNG cut at 60 % still starts like one. So every container is walked
// to its last byte, without decoding a pixel. What a walk cannot see: one changed byte inside the compressed scan of a JPEG or WebP.
import { open } from 'node:fs/promises'
import { Bytes, Defect } from './image-bytes.ts'
import type { Structure } from './image-bytes.ts'
import { walkJpeg } from './jpeg-walk.ts'
import { walkPng } from './png-walk.ts'
import type { CheckedImage } from './result-store.ts'
import { walkWebp } from './webp-walk.ts'

/** Why bytes are not a picture that we store. */
export type ImageDefect = 'wrong_type' | 'truncated' | 'damaged' | 'too_large' | 'too_many_pixels'

export type ImageVerdict =
  | (Pick<CheckedImage, 'sizeBytes' | 'contentType' | 'width' | 'height' | 'provenance'> & {
      ok: true
      /** bytes behind the end of the picture: kept, since bytes are stored unchanged, but worth a warning */
      trailingBytes: number
    })
  | { ok: false; defect: ImageDefect; message: string }

/** 32 MiB: a 4K picture as PNG is about 25 MB; providers' pictures are far smaller. */
export const maxImageBytes = 32 * 1024 * 1024

/** 100 megapixels: 6 times the largest picture on offer (4096²), and 400 MB for whoever decodes it. Seen as a bomb: 16,000² in 750 kB. */
export const maxImagePixels = 100_000_000

const walks: Readonly<Record<CheckedImage['contentType'], (bytes: Bytes) => Structure>> = {
  'image/png': walkPng,
  'image/jpeg': walkJpeg,
  'image/webp': walkWebp,
}

/** Never throws. */
export function checkImage(input: Uint8Array, limits: { maxPixels?: number } = {}): ImageVerdict {
  const bytes = new Bytes(Buffer.from(input.buffer, input.byteOffset, input.byteLength), limits.maxPixels ?? maxImagePixels)
  const type = readType(bytes.buffer)
  if (typeof type !== 'string') return { ok: false, ...type }
  try {
    const { width, height, endAt } = walks[type](bytes)
    const sizeBytes = bytes.buffer.length
    const provenance = findProvenance(bytes.buffer)
    return { ok: true, contentType: type, sizeBytes, width, height, provenance, trailingBytes: sizeBytes - endAt }
  } catch (error) {
    if (error instanceof Defect) return { ok: false, defect: error.defect, message: error.message }
    throw error
  }
}

/** Reads the whole file, unless it is too large. */
export async function checkImageFile(
  path: string,
  limits: { maxPixels?: number; maxBytes?: number } = {},
): Promise<ImageVerdict> {
  const { maxBytes = maxImageBytes } = limits
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (size > maxBytes)
      return { ok: false, defect: 'too_large', message: `${size} bytes are more than the ${maxBytes} that are allowed` }
    return checkImage(await file.readFile(), limits)
  } finally {
    await file.close()
  }
}

const signatures: readonly [Buffer, CheckedImage['contentType']][] = [
  [Buffer.from('89504e470d0a1a0a', 'hex'), 'image/png'],
  [Buffer.from('ffd8ff', 'hex'), 'image/jpeg'],
]

/** What comes instead of a picture, for the message. */
const others: readonly [RegExp, string][] = [
  [/^\s*<(?:!doctype html|html|head|body|script)/i, 'an HTML page'],
  [/^\s*<(?:[^]*<)?svg[\s>]/i, 'an SVG drawing'],
  [/^\s*<\?xml/i, 'an XML document'],
  [/^\s*[{[]/, 'JSON'],
  [/^%PDF-/, 'a PDF document'],
  [/^PK/, 'a zip archive'],
  [/^GIF8/, 'a GIF picture'],
  [/^[^]{4}ftypavi[fs]/, 'an AVIF picture'],
  [/^[^]{4}ftyp/, 'an MP4 or HEIF file'],
]

function readType(buffer: Buffer): CheckedImage['contentType'] | { defect: ImageDefect; message: string } {
  if (buffer.length === 0) return { defect: 'truncated', message: 'no bytes came' }
  for (const [signature, type] of signatures) {
    if (buffer.subarray(0, signature.length).equals(signature)) return type
    if (signature.subarray(0, buffer.length).equals(buffer))
      return { defect: 'truncated', message: `only ${buffer.length} bytes came` }
  }
  const start = buffer.subarray(0, 512).toString('latin1')
  if (/^RIFF[^]{4}WEBP/.test(start)) return 'image/webp'
  if (buffer.length < 12 && /^R(?:I(?:F(?:F[^]{0,7})?)?)?$/.test(start)) {
    return { defect: 'truncated', message: `only ${buffer.length} bytes came` }
  }
  const other = others.find(([pattern]) => pattern.test(start))?.[1] ?? 'something else'
  return { defect: 'wrong_type', message: `this is ${other}, not a PNG, JPEG or WebP picture` }
}

// A C2PA manifest store is a JUMBF superbox whose description box begins with type `jumd` and a UUID that spells `c2pa`. Eight bytes in a row:
// the four of `c2pa` alone would turn up by chance in one of 130 pictures of 32 MiB.
const c2paMark = Buffer.from('jumdc2pa', 'latin1')
const xmpMarks = ['http://ns.adobe.com/xap/1.0/', 'XML:com.adobe.xmp', '<x:xmpmeta'].map((mark) => Buffer.from(mark, 'latin1'))

function findProvenance(buffer: Buffer): CheckedImage['provenance'] {
  if (buffer.includes(c2paMark)) return 'c2pa'
  return xmpMarks.some((mark) => buffer.includes(mark)) ? 'xmp' : 'none'
}
