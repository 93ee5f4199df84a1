// An RGB raster with the few operations the painter needs. Colours are [red, green, blue], 0..255.
import type { Random } from '../random.ts'

export type Colour = readonly [number, number, number]

// 4 x 4 ordered dither: hides the steps of a gradient and, unlike grain, still compresses.
const BAYER = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5].map((value) => (value + 0.5) / 16)

export class Canvas {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8ClampedArray

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.pixels = new Uint8ClampedArray(width * height * 3)
  }

  /** Writes a colour, dithered, since the channels are fractions. */
  set(x: number, y: number, red: number, green: number, blue: number): void {
    const at = (y * this.width + x) * 3
    const threshold = BAYER[(y & 3) * 4 + (x & 3)] ?? 0.5
    this.pixels[at] = Math.floor(red + threshold)
    this.pixels[at + 1] = Math.floor(green + threshold)
    this.pixels[at + 2] = Math.floor(blue + threshold)
  }

  /** Lays a colour over what is there; `alpha` 0..1. Points outside are ignored. */
  blend(x: number, y: number, colour: Colour, alpha: number): void {
    if (alpha <= 0 || x < 0 || y < 0 || x >= this.width || y >= this.height) return
    const at = (y * this.width + x) * 3
    const { pixels } = this
    // The alpha is capped and the channels written out one by one: this is the inner loop of every picture.
    const share = alpha < 1 ? alpha : 1
    const red = pixels[at] ?? 0
    const green = pixels[at + 1] ?? 0
    const blue = pixels[at + 2] ?? 0
    pixels[at] = red + (colour[0] - red) * share
    pixels[at + 1] = green + (colour[1] - green) * share
    pixels[at + 2] = blue + (colour[2] - blue) * share
  }

  /** A disc with a soft edge of `softPx`. */
  disc(centreX: number, centreY: number, radius: number, softPx: number, colour: Colour, alpha = 1): void {
    const reach = radius + softPx
    for (let y = Math.floor(centreY - reach); y <= centreY + reach; y += 1) {
      for (let x = Math.floor(centreX - reach); x <= centreX + reach; x += 1) {
        const distance = Math.hypot(x - centreX, y - centreY)
        this.blend(x, y, colour, alpha * Math.min(1, Math.max(0, (reach - distance) / softPx)))
      }
    }
  }

  /** Copies another canvas in at a place; it must fit. */
  paste(other: Canvas, left: number, top: number): void {
    for (let y = 0; y < other.height; y += 1) {
      const row = other.pixels.subarray(y * other.width * 3, (y + 1) * other.width * 3)
      this.pixels.set(row, ((top + y) * this.width + left) * 3)
    }
  }
}

export function mix(from: Colour, to: Colour, share: number): Colour {
  return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share, from[2] + (to[2] - from[2]) * share]
}

export function colour(hex: string): Colour {
  const value = Number.parseInt(hex.slice(1), 16)
  return [value >> 16, (value >> 8) & 0xff, value & 0xff]
}

/** Smooth noise on a line, 0..1, made of `octaves` of a random lattice. */
export function lineNoise(random: Random, octaves: number): (x: number) => number {
  const lattice = Float64Array.from({ length: 256 }, () => random())
  return (x) => {
    let sum = 0
    let total = 0
    for (let octave = 0, scale = 1, weight = 1; octave < octaves; octave += 1, scale *= 2, weight *= 0.5) {
      const position = x * scale + octave * 17.3
      const cell = Math.floor(position)
      const share = position - cell
      const smooth = share * share * (3 - 2 * share)
      const low = lattice[cell & 255] ?? 0
      sum += weight * (low + ((lattice[(cell + 1) & 255] ?? 0) - low) * smooth)
      total += weight
    }
    return sum / total
  }
}

/** Smooth noise on a plane, 0..1. */
export function planeNoise(random: Random, octaves: number): (x: number, y: number) => number {
  const lattice = Float64Array.from({ length: 4096 }, () => random())
  const at = (x: number, y: number): number => lattice[((y & 63) << 6) | (x & 63)] ?? 0
  return (x, y) => {
    let sum = 0
    let total = 0
    for (let octave = 0, scale = 1, weight = 1; octave < octaves; octave += 1, scale *= 2, weight *= 0.5) {
      const positionX = x * scale + octave * 13.7
      const positionY = y * scale + octave * 7.1
      const cellX = Math.floor(positionX)
      const cellY = Math.floor(positionY)
      const shareX = positionX - cellX
      const shareY = positionY - cellY
      const smoothX = shareX * shareX * (3 - 2 * shareX)
      const smoothY = shareY * shareY * (3 - 2 * shareY)
      const top = at(cellX, cellY) + (at(cellX + 1, cellY) - at(cellX, cellY)) * smoothX
      const bottom = at(cellX, cellY + 1) + (at(cellX + 1, cellY + 1) - at(cellX, cellY + 1)) * smoothX
      sum += weight * (top + (bottom - top) * smoothY)
      total += weight
    }
    return sum / total
  }
}
