// What the three walks share: reading that cannot run past the end, and the two ends a walk can have.
import type { ImageDefect } from './image-check.ts'

/** What a walk found. `endAt` is the offset behind the last byte of the picture. */
export interface Structure {
  width: number
  height: number
  endAt: number
}

/** Ends a walk. Never leaves `checkImage`. */
export class Defect extends Error {
  readonly defect: ImageDefect
  constructor(defect: ImageDefect, message: string) {
    super(message)
    this.defect = defect
  }
}

export function damaged(message: string): never {
  throw new Defect('damaged', message)
}

export class Bytes {
  readonly buffer: Buffer
  readonly maxPixels: number
  constructor(buffer: Buffer, maxPixels: number) {
    this.buffer = buffer
    this.maxPixels = maxPixels
  }

  /** Call before reading `length` bytes at `at`. */
  need(at: number, length: number): void {
    if (at + length > this.buffer.length) {
      throw new Defect('truncated', `ends at byte ${this.buffer.length}, in the middle of the picture`)
    }
  }

  /** Four letters, as PNG chunks and RIFF chunks are named. */
  name(at: number): string {
    return this.buffer.toString('latin1', at, at + 4)
  }

  /** Refuses a size nobody should decode (a bomb), before anybody tries. */
  checkSize(width: number, height: number): void {
    if (width === 0 || height === 0) damaged(`says it is ${width} × ${height} pixels`)
    if (width * height > this.maxPixels) {
      throw new Defect('too_many_pixels', `${width} × ${height} pixels are more than the ${this.maxPixels} that are allowed`)
    }
  }
}
