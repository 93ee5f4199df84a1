import { damaged } from './image-bytes.ts'
import type { Bytes, Structure } from './image-bytes.ts'

interface Size {
  width: number
  height: number
}

/** RIFF with a length of everything, then chunks of name, length, data and an even end. */
export function walkWebp(bytes: Bytes): Structure {
  const { buffer } = bytes
  const endAt = 8 + buffer.readUInt32LE(4)
  if (endAt < 20) damaged('a WebP without a picture')
  bytes.need(0, endAt)
  const first = bytes.name(12)
  if (first !== 'VP8 ' && first !== 'VP8L' && first !== 'VP8X') damaged('a WebP that does not begin with a picture')
  const canvas = first === 'VP8X' ? readCanvas(bytes, endAt) : null
  let picture: Size | null = null
  walkChunks(bytes, { start: 12, end: endAt, isFrame: false }, (size) => {
    // a canvas that differs from its frames is how a bomb would hide behind a small header
    if (canvas !== null && (size.width > canvas.width || size.height > canvas.height))
      damaged('a WebP frame larger than its canvas')
    picture ??= size
  })
  if (picture === null) damaged('a WebP without a picture')
  const { width, height }: Size = canvas ?? picture
  return { width, height, endAt }
}

function walkChunks(
  bytes: Bytes,
  range: { start: number; end: number; isFrame: boolean },
  onPicture: (size: Size) => void,
): void {
  const { start, end, isFrame } = range
  for (let at = start; at < end;) {
    if (at + 8 > end) damaged(`no WebP chunk at byte ${at}`)
    const name = bytes.name(at)
    const length = bytes.buffer.readUInt32LE(at + 4)
    const dataAt = at + 8
    if (!/^[\u0020-\u007e]{4}$/.test(name) || dataAt + length > end)
      damaged(`the WebP chunk at byte ${at} is longer than its file`)
    if (name === 'VP8 ') onPicture(readLossy(bytes, dataAt, length))
    if (name === 'VP8L') onPicture(readLossless(bytes, dataAt, length))
    if (name === 'ANMF') {
      // a frame of an animation: 16 bytes of place and time, then chunks of its own; frames inside frames are only ever an attack
      if (isFrame || length < 16) damaged('a WebP frame where none can be')
      walkChunks(bytes, { start: dataAt + 16, end: dataAt + length, isFrame: true }, onPicture)
    }
    at = dataAt + length + (length % 2)
  }
}

function readCanvas(bytes: Bytes, endAt: number): Size {
  if (bytes.buffer.readUInt32LE(16) !== 10 || endAt < 30) damaged('a WebP header of the wrong length')
  return readSize(bytes, 1 + bytes.buffer.readUIntLE(24, 3), 1 + bytes.buffer.readUIntLE(27, 3))
}

/** VP8 key frame: 3 bytes of tag, the start code, then 14 bits of width and height each (RFC 6386, 9.1). */
function readLossy(bytes: Bytes, at: number, length: number): Size {
  if (length < 10) damaged('a WebP picture without a header')
  const tag = bytes.buffer.readUIntLE(at, 3)
  if ((tag & 1) !== 0 || bytes.buffer.readUIntBE(at + 3, 3) !== 0x9d_01_2a)
    damaged('a WebP picture that does not begin with a key frame')
  if (10 + (tag >> 5) > length) damaged('the first part of a WebP picture is longer than the picture')
  return readSize(bytes, bytes.buffer.readUInt16LE(at + 6) & 0x3f_ff, bytes.buffer.readUInt16LE(at + 8) & 0x3f_ff)
}

/** VP8L: a signature byte, then 14 bits of width − 1, 14 of height − 1, one of alpha, three of version (always 0). */
function readLossless(bytes: Bytes, at: number, length: number): Size {
  if (length < 5 || bytes.buffer[at] !== 0x2f) damaged('a lossless WebP picture without a header')
  const bits = bytes.buffer.readUInt32LE(at + 1)
  if (bits >>> 29 !== 0) damaged('a lossless WebP picture of an unknown version')
  return readSize(bytes, 1 + (bits & 0x3f_ff), 1 + ((bits >>> 14) & 0x3f_ff))
}

function readSize(bytes: Bytes, width: number, height: number): Size {
  bytes.checkSize(width, height)
  return { width, height }
}
