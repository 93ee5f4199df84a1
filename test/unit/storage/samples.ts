// Small whole pictures. PNGs are encoded here; JPEG and WebP were encoded once with Pillow 13 (an 8 × 6 gradient) and are kept as base64.
import { crc32, deflateSync } from 'node:zlib'

const fromBase64 = (text: string): Buffer => Buffer.from(text, 'base64')

export const samples = {
  /** 8 × 6, baseline */
  baselineJpeg: fromBase64(
    `/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8yb
qmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCAAG
AAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAaEAEAAQUAAAAAAAAAAAAAAAAAAQMEBREx/8QAFQEBAQAAAAAAAAAAAAAAAA
AAAQL/xAAaEQACAgMAAAAAAAAAAAAAAAABAgADERIx/9oADAMBAAIRAxEAPwCdnjKc64AmsBlyY0Wvp2f/2Q==`,
  ),
  /** 8 × 6, progressive: ten scans */
  progressiveJpeg: fromBase64(
    `/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8yb
qmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wgARCAAG
AAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/xAAVAQEBAAAAAAAAAAAAAAAAAAAAAf/aAAwDAQACEAMQAAABkR//xAAXEAADAQ
AAAAAAAAAAAAAAAAAAAQID/9oACAEBAAEFAozR/8QAFxEAAwEAAAAAAAAAAAAAAAAAAAECEf/aAAgBAwEBPwGKeH//xAAXEQADAQAAAAAAAAAA
AAAAAAAAAQIh/9oACAECAQE/AZ1H/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQAGPwJ//8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQ
ABPyEv/9oADAMBAAIAAwAAABAH/8QAFREBAQAAAAAAAAAAAAAAAAAAAEH/2gAIAQMBAT8Qvv/EABYRAQEBAAAAAAAAAAAAAAAAAAEAEf/aAAgB
AgEBPxAGjf/EABcQAAMBAAAAAAAAAAAAAAAAAAABETH/2gAIAQEAAT8QamH/2Q==`,
  ),
  /** 24 × 8, grey, with a restart marker after each block */
  restartJpeg: fromBase64(
    `/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8yb
qmx5moq6T/wAALCAAIABgBAREA/8QAFgAAAwAAAAAAAAAAAAAAAAAAAQQF/8QAFxAAAwEAAAAAAAAAAAAAAAAAAAMFYf/dAAQAAf/aAAgBAQAA
PwCaufh//9BZc3D/0QuZh//Z`,
  ),
  /** 8 × 6 */
  lossyWebp: fromBase64(`UklGRkAAAABXRUJQVlA4IDQAAADQAQCdASoIAAYABABoJbACdAD0MYq6AAD+7OCmKkr9bptqQp/hHVV+3h/jMV4OWat2SeAA`),
  /** 8 × 6 */
  losslessWebp: fromBase64(`UklGRjAAAABXRUJQVlA4TCMAAAAvB0ABALkyRPQ/dhHR/4CCtm2YwCl/jG9jMB5zEBMA5AX6PwA=`),
  /** 8 × 6, extended, lossy with alpha */
  alphaWebp: fromBase64(
    `UklGRogAAABXRUJQVlA4WAoAAAAQAAAABwAABQAAQUxQSCYAAAABLyCQTUMWObRHRDQ2IGQjSadwCq/wCq/w/lqdiP7HYKuDW73qA1ZQOCA8AA
AA0AEAnQEqCAAGAALATCWwAnQA9DoeweAA/vS4Aj7rqmbLuDR7uG52O+oY//D501/v37zwG+bH75wvAAAA`,
  ),
  /** 8 × 6, two frames */
  animatedWebp: fromBase64(
    `UklGRoYAAABXRUJQVlA4WAoAAAACAAAABwAABQAAQU5JTQYAAAAAAAAAAABBTk1GKAAAAAAAAAAAAAcAAAUAAGQAAAJWUDhMEAAAAC8HQAEAB1
CKKHL/AxHR/wBBTk1GKgAAAAAAAAAAAAcAAAUAAGQAAABWUDhMEQAAAC8HQAEAB1CK8hS0/4GI6H8AAA==`,
  ),
  /** 8 × 6, extended, with an XMP packet */
  xmpWebp: fromBase64(
    `UklGRnwAAABXRUJQVlA4WAoAAAAEAAAABwAABQAAVlA4IDAAAACwAQCdASoIAAYAB0CWJbACdAEOrkYAAP7Q6VxCDomvZYlxaw+SQ/uE1hnYML
QAAABYTVAgJQAAADx4OnhtcG1ldGEgeG1sbnM6eD0iYWRvYmU6bnM6bWV0YS8iLz4A`,
  ),
}

export function pngChunk(name: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(12 + data.length)
  chunk.writeUInt32BE(data.length, 0)
  chunk.write(name, 4, 'latin1')
  chunk.set(data, 8)
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length)
  return chunk
}

export interface PngOptions {
  width?: number
  height?: number
  /** bit depth, colour type, compression, filter, interlace */
  header?: [number, number, number, number, number]
  /** chunks between header and data */
  extra?: Buffer[]
  data?: Uint8Array
}

/** An RGB PNG of real pixels; sizes in `width` and `height` may lie. */
export function makePng({ width = 8, height = 6, header = [8, 2, 0, 0, 0], extra = [], data }: PngOptions = {}): Buffer {
  const ihdr = Buffer.alloc(13)
  ihdr.writeUInt32BE(width, 0)
  ihdr.writeUInt32BE(height, 4)
  ihdr.set(header, 8)
  const pixels =
    data ?? deflateSync(Buffer.from(Array.from({ length: 6 * 25 }, (_, at) => (at % 25 === 0 ? 0 : (at * 37) % 256))))
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    pngChunk('IHDR', ihdr),
    ...extra,
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

/** The picture with one more segment right behind its first two bytes. */
export function withJpegSegment(jpeg: Uint8Array, code: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(0xff00 | code, 0)
  head.writeUInt16BE(content.length + 2, 2)
  return Buffer.concat([jpeg.subarray(0, 2), head, content, jpeg.subarray(2)])
}

/** A WebP of these chunks, with the right lengths. */
export function makeWebp(chunks: readonly (readonly [string, Uint8Array])[]): Buffer {
  const parts = chunks.map(([name, data]) => {
    const head = Buffer.alloc(8)
    head.write(name, 0, 'latin1')
    head.writeUInt32LE(data.length, 4)
    return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
  })
  const body = Buffer.concat([Buffer.from('WEBP', 'latin1'), ...parts])
  const size = Buffer.alloc(4)
  size.writeUInt32LE(body.length)
  return Buffer.concat([Buffer.from('RIFF', 'latin1'), size, body])
}
