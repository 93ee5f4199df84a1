// A size in pixels: sent as it is where the provider takes one, else as the nearest ratio and the smallest resolution that is enough.
import { nearestRatio } from './aspect-ratio.ts'
import type { NativeModel } from './model-schema.ts'
import { sizeOfResolution } from './map-parameters.ts'
import { change, choicesOf } from './native-draft.ts'
import type { Draft } from './native-draft.ts'

interface Sides {
  width: number
  height: number
}

export function sidesOf(size: string): Sides | null {
  const match = /^(\d{2,5})x(\d{2,5})$/.exec(size)
  return match === null ? null : { width: Number(match[1]), height: Number(match[2]) }
}

type SizeRule = NonNullable<NonNullable<NativeModel['parameters']['size']>['rule']>

/** For sides that are multiples already. */
function keeps({ width, height }: Sides, rule: SizeRule): boolean {
  const [long, short] = [Math.max(width, height), Math.min(width, height)]
  const pixels = width * height
  return long <= rule.maxSide && long <= short * rule.maxRatio && pixels >= rule.minPixels && pixels <= rule.maxPixels
}

/** The size that this native model would be sent; null where it takes none like it. */
function pixelsFor(native: NativeModel, asked: string): string | null {
  const parameter = native.parameters.size
  const sides = sidesOf(asked)
  if (parameter === undefined || sides === null) return null
  const field = native.fields[parameter.field]
  if (field?.type === 'string' && field.values?.includes(asked) === true) return asked
  const { rule } = parameter
  if (rule === undefined) return null
  const round = (side: number): number => Math.max(1, Math.round(side / rule.multipleOf)) * rule.multipleOf
  const rounded = { width: round(sides.width), height: round(sides.height) }
  return keeps(rounded, rule) ? `${rounded.width}x${rounded.height}` : null
}

/** `2K` names a picture whose long side has about 2 × 1024 pixels. */
const pixelsPerK = 1024

/** The smallest resolution with that many pixels on the long side, else the best there is. */
function resolutionFor(native: NativeModel, longSide: number): { name: string; enough: boolean } | null {
  const parameter = native.parameters.resolution
  // Sizes by ratio are given by a field for sizes, and that one has been tried.
  if (parameter === undefined || !('field' in parameter)) return null
  const named = [...choicesOf(native, 'resolution').keys()]
    .filter((name) => sizeOfResolution(name) < Infinity)
    .toSorted((a, b) => sizeOfResolution(a) - sizeOfResolution(b))
  const name = named.find((candidate) => sizeOfResolution(candidate) * pixelsPerK >= longSide) ?? named.at(-1)
  return name === undefined ? null : { name, enough: sizeOfResolution(name) * pixelsPerK >= longSide }
}

export function mapSize(draft: Draft): void {
  const { native, request } = draft
  const asked = request.size
  const sides = asked === undefined ? null : sidesOf(asked)
  if (asked === undefined || sides === null) return
  const field = native.parameters.size?.field
  const pixels = pixelsFor(native, asked)
  if (field !== undefined && pixels !== null) {
    draft.input[field] = pixels
    if (pixels !== asked) change(draft, 'adapted', 'size', asked, pixels, 'takes no such size for this model')
    return
  }
  const ratio = nearestRatio(`${sides.width}:${sides.height}`, [...choicesOf(native, 'aspectRatio').keys()])
  const resolution = resolutionFor(native, Math.max(sides.width, sides.height))
  draft.wanted = { aspectRatio: ratio?.ratio, resolution: resolution?.name }
  const sent = [ratio?.ratio, resolution?.name].filter((part) => part !== undefined).join(' at ')
  const level = ratio?.sameComposition === true && resolution?.enough !== false ? 'adapted' : 'degraded'
  const what = field === undefined ? 'takes no size in pixels' : 'takes no such size'
  change(draft, level, 'size', asked, sent === '' ? null : sent, `${what} for this model`)
}
