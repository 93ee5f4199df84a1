// Everything that looks random in the simulator is a pure function of its seed and a name, so that a run can be repeated
// although requests arrive in another order.
import { createHash } from 'node:crypto'

export type Random = () => number

type Part = string | number

export function hexOf(...parts: Part[]): string {
  return createHash('sha256').update(parts.join('\u0000')).digest('hex')
}

/** Numbers in [0, 1): mulberry32, small and good enough for pictures and durations. */
export function randomOf(...parts: Part[]): Random {
  let state = Number.parseInt(hexOf(...parts).slice(0, 8), 16)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random()
}

export function pick<T>(random: Random, list: readonly [T, ...T[]]): T {
  return list[Math.floor(random() * list.length)] ?? list[0]
}
