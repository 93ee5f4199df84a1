// Aspect ratios as callers write them: `16:9`, or `auto` for "the provider chooses".

/** Width divided by height; null for `auto` and for anything that is not a ratio. */
function ratioOf(value: string): number | null {
  const match = /^(\d{1,5}):(\d{1,5})$/.exec(value)
  if (match === null) return null
  const [width, height] = [Number(match[1]), Number(match[2])]
  return width > 0 && height > 0 ? width / height : null
}

/**
 * Up to this factor between the two ratios the picture keeps its composition: 16:9 → 3:2 is 1.19, 3:4 → 2:3 is 1.13.
 * Beyond it more than a fifth of the picture would have to be cut to get what was asked.
 */
const sameCompositionFactor = 1.25

/** The supported ratio nearest to the asked one, by how much one would have to be cut to give the other; null: nothing to compare. */
export function nearestRatio(asked: string, supported: readonly string[]): { ratio: string; sameComposition: boolean } | null {
  const target = ratioOf(asked)
  if (target === null) return null
  let nearest: { ratio: string; factor: number } | null = null
  for (const candidate of supported) {
    const value = ratioOf(candidate)
    if (value === null) continue
    const factor = Math.max(value / target, target / value)
    if (nearest === null || factor < nearest.factor) nearest = { ratio: candidate, factor }
  }
  return nearest === null ? null : { ratio: nearest.ratio, sameComposition: nearest.factor <= sameCompositionFactor }
}
