// Where a sequence gets its choices from: a seeded generator for the million, a tape for fast-check, which knows how to shorten one.

/** A whole number in [0, count). 0 is the mildest choice everywhere, so that a shortened tape is a simpler story. */
export type Choose = (count: number) => number

/** mulberry32, started from both numbers: any sequence of a run can be played alone. */
export function seededChoices(seed: number, sequence: number): Choose {
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(sequence + 1, 0xc2b2ae35)) | 0
  return (count) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * count)
  }
}

/** Past its end a tape says 0. */
export function tapeChoices(tape: readonly number[]): Choose {
  let at = 0
  return (count) => {
    const value = tape[at] ?? 0
    at += 1
    return value % count
  }
}

export function pickOf<T>(choose: Choose, list: readonly [T, ...T[]]): T {
  return list[choose(list.length)] ?? list[0]
}
