// How sure a share is that was counted in a sample.

export interface Interval {
  from: number
  to: number
}

/**
 * Wilson's score interval for a share. Not the textbook `p ± z √(p(1-p)/n)`, which says "100 % ± 0" of five successes in five tries. `z`: the
 * normal deviate, 1.96 for 95 %. Null for no tries.
 */
export function shareInterval(successes: number, tries: number, z: number): Interval | null {
  if (tries === 0) return null
  const share = successes / tries
  const scale = 1 + z ** 2 / tries
  const centre = (share + z ** 2 / (2 * tries)) / scale
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / tries + z ** 2 / (4 * tries ** 2))
  // All or none is the end of the scale; the sum above misses it by the last binary digit.
  return { from: successes === 0 ? 0 : centre - half, to: successes === tries ? 1 : centre + half }
}
