import { crc32 } from 'node:zlib'
import { damaged } from './image-bytes.ts'
import type { Bytes, Structure } from './image-bytes.ts'

/** Bit depths that each colour type may have (PNG specification, table 11.1). */
const bitDepths: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
}

/** Signature, then chunks of length, name, data and CRC, from IHDR to IEND. */
export function walkPng(bytes: Bytes): Structure {
  const { buffer } = bytes
  const header = readHeader(bytes)
  let hasPalette = false
  let hasData = false
  for (let at = 8; ;) {
    bytes.need(at, 12)
    const length = buffer.readUInt32BE(at)
    const name = bytes.name(at + 4)
    if (!/^[A-Za-z]{4}$/.test(name) || length > 0x7f_ff_ff_ff) damaged(`no PNG chunk at byte ${at}`)
    bytes.need(at, 12 + length)
    const dataEnd = at + 8 + length
    if (crc32(buffer.subarray(at + 4, dataEnd)) !== buffer.readUInt32BE(dataEnd))
      damaged(`the checksum of PNG chunk ${name} is wrong`)
    at = dataEnd + 4
    if (name === 'IHDR' && at !== 33) damaged('a second PNG header')
    if (name === 'PLTE') hasPalette = true
    if (name === 'IDAT') hasData = true
    if (name === 'IEND') {
      if (length !== 0) damaged('the PNG end chunk is not empty')
      if (!hasData) damaged('a PNG without picture data')
      if (header.needsPalette && !hasPalette) damaged('a PNG without its palette')
      return { width: header.width, height: header.height, endAt: at }
    }
  }
}

function readHeader(bytes: Bytes): { width: number; height: number; needsPalette: boolean } {
  const { buffer } = bytes
  bytes.need(8, 25)
  if (buffer.readUInt32BE(8) !== 13 || bytes.name(12) !== 'IHDR') damaged('a PNG without a header')
  const [width, height] = [buffer.readUInt32BE(16), buffer.readUInt32BE(20)]
  bytes.checkSize(width, height)
  const [bitDepth, colourType, compression, filter, interlace] = buffer.subarray(24, 29)
  const isKnown = bitDepths[colourType ?? -1]?.includes(bitDepth ?? -1) === true
  if (!isKnown || compression !== 0 || filter !== 0 || (interlace !== 0 && interlace !== 1))
    damaged('a PNG header that no decoder knows')
  return { width, height, needsPalette: colourType === 3 }
}
