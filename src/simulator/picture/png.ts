// Writes an 8-bit RGB PNG: IHDR, tEXt chunks, IDAT, IEND.
import { promisify } from 'node:util'
import { crc32, deflate } from 'node:zlib'
import type { Canvas } from './canvas.ts'

const deflateAsync = promisify(deflate)

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const FILTER_UP = 2
// Level 4 is half the time of the default 6 for 5 % more bytes on these pictures.
const DEFLATE_LEVEL = 4

function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(data.length + 12)
  bytes.writeUInt32BE(data.length, 0)
  bytes.write(type, 4, 'latin1')
  bytes.set(data, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8)
  return bytes
}

function header(canvas: Canvas): Buffer {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(canvas.width, 0)
  data.writeUInt32BE(canvas.height, 4)
  data.set([8, 2, 0, 0, 0], 8) // 8 bits per channel, RGB, deflate, adaptive filters, not interlaced
  return data
}

/** Each row as its difference to the row above: gradients and ridges become runs of small numbers. */
function filteredRows(canvas: Canvas): Buffer {
  const stride = canvas.width * 3
  const rows = Buffer.alloc((stride + 1) * canvas.height)
  const { pixels } = canvas
  for (let y = 0; y < canvas.height; y += 1) {
    const target = y * (stride + 1)
    const source = y * stride
    rows[target] = FILTER_UP
    for (let i = 0; i < stride; i += 1) {
      const above = y === 0 ? 0 : (pixels[source - stride + i] ?? 0)
      rows[target + 1 + i] = (pixels[source + i] ?? 0) - above
    }
  }
  return rows
}

export async function encodePng(canvas: Canvas, texts: Record<string, string>): Promise<Buffer> {
  const compressed = await deflateAsync(filteredRows(canvas), { level: DEFLATE_LEVEL })
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header(canvas)),
    ...Object.entries(texts).map(([key, text]) => chunk('tEXt', Buffer.from(`${key}\u0000${text}`, 'latin1'))),
    chunk('IDAT', compressed),
    chunk('IEND', new Uint8Array(0)),
  ])
}
