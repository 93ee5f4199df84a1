import { damaged } from './image-bytes.ts'
import type { Bytes, Structure } from './image-bytes.ts'

const marker = { soi: 0xd8, eoi: 0xd9, sos: 0xda } as const

/** Frame headers: C0–CF without DHT (C4), JPG (C8) and DAC (CC). */
function isFrameHeader(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc
}

function isRestart(code: number): boolean {
  return code >= 0xd0 && code <= 0xd7
}

/** SOI, then segments with a length each and scans without one, to EOI. A thumbnail's own EOI lies inside a segment and ends nothing. */
export function walkJpeg(bytes: Bytes): Structure {
  const { buffer } = bytes
  let frame: { width: number; height: number } | null = null
  let hasScan = false
  for (let at = 2; ;) {
    bytes.need(at, 2)
    if (buffer[at] !== 0xff) damaged(`no JPEG marker at byte ${at}`)
    while (buffer[at + 1] === 0xff) bytes.need((at += 1), 2) // fill bytes
    const code = buffer[at + 1] ?? 0
    at += 2
    if (code === marker.eoi) {
      if (frame === null || !hasScan) damaged('a JPEG without a picture')
      return { ...frame, endAt: at }
    }
    if (code === 0x01) continue // TEM stands alone
    if (code < 0xc0 || code === marker.soi || isRestart(code)) damaged(`JPEG marker ${code.toString(16)} where none can be`)
    bytes.need(at, 2)
    const length = buffer.readUInt16BE(at)
    if (length < 2) damaged(`a JPEG segment of ${length} bytes`)
    bytes.need(at, length)
    if (isFrameHeader(code)) {
      if (frame !== null) damaged('a second JPEG frame')
      frame = readFrame(bytes, at, length)
    }
    at += length
    if (code === marker.sos) {
      if (frame === null) damaged('a JPEG scan before its frame')
      const scanEnd = skipScan(bytes, at)
      if (scanEnd === at) damaged('an empty JPEG scan')
      hasScan = true
      at = scanEnd
    }
  }
}

function readFrame(bytes: Bytes, at: number, length: number): { width: number; height: number } {
  const components = bytes.buffer[at + 7] ?? 0
  if (length < 8 || components === 0 || length !== 8 + 3 * components) damaged('a JPEG frame header of the wrong length')
  const frame = { height: bytes.buffer.readUInt16BE(at + 3), width: bytes.buffer.readUInt16BE(at + 5) }
  bytes.checkSize(frame.width, frame.height) // a height of 0 (given later, by DNL) is legal, unknown in practice, and refused
  return frame
}

/** To the next marker that is not a restart: inside a scan FF is written as FF 00. */
function skipScan(bytes: Bytes, start: number): number {
  for (let at = start; ; at += 1) {
    at = bytes.buffer.indexOf(0xff, at)
    if (at === -1) at = bytes.buffer.length
    bytes.need(at, 2)
    const code = bytes.buffer[at + 1] ?? 0
    if (code !== 0x00 && code !== 0xff && !isRestart(code)) return at
  }
}
