// How large a picture may be, in bytes and in pixels. Only of uploads is either known: what lies behind an address is for the provider to see.
import type { GenerationRequest, ProviderName } from '../contract/index.ts'
import type { KnownUpload } from './check-uploads.ts'
import type { NativeModel, PixelLimits } from './model-schema.ts'
import { placeReferences } from './models.ts'
import { dottedPath, thousands } from './request-error.ts'
import { readUploadName } from './upload-name.ts'

/** Rounded up: what is over a limit is never shown as just within it. */
export const inMib = (sizeBytes: number): string => `${Math.ceil((sizeBytes / 2 ** 20) * 10) / 10} MiB`

/** Why a native model does not take one picture, in parts of a sentence. */
export interface Misfit {
  /** where the request names it */
  field: string
  /** `too large` */
  is: string
  /** `at most 10 MiB` */
  limit: string
  /** `11.5 MiB` */
  has: string
}

interface Placed {
  /** in the request */
  field: string
  /** of the native body */
  carrier: string
  value: unknown
}

/** Every picture of a request with the native field that carries it. */
function placedPictures(provider: ProviderName, native: NativeModel, request: GenerationRequest): Placed[] {
  const references = (request.referenceImages ?? []).map((value, at) => ({ field: `referenceImages.${at}`, value }))
  const { mask } = native.parameters
  const options = Object.entries(request.providerOptions?.[provider] ?? {})
  return [
    ...placeReferences(native, references).flatMap(({ field: carrier, images }) =>
      images.map((image) => ({ ...image, carrier })),
    ),
    ...(mask === undefined ? [] : [{ field: 'mask', carrier: mask.field, value: request.mask }]),
    ...options.flatMap(([carrier, given]) => {
      const path = ['providerOptions', provider, carrier]
      if (!Array.isArray(given)) return [{ field: dottedPath(path), carrier, value: given }]
      return given.map((value: unknown, at) => ({ field: dottedPath([...path, at]), carrier, value }))
    }),
  ]
}

/** What a native model is known not to take of the uploads that are known; empty: nothing. */
export function misfitsOf(
  provider: ProviderName,
  native: NativeModel,
  request: GenerationRequest,
  known: readonly KnownUpload[],
): Misfit[] {
  const uploads = new Map(known.map((upload) => [upload.sha256, upload]))
  const pictures = placedPictures(provider, native, request).map(({ value, ...placed }) => ({
    ...placed,
    upload: typeof value === 'string' ? uploads.get(readUploadName(value) ?? '') : undefined,
  }))
  return pictures.flatMap(({ field, carrier, upload }): Misfit[] => {
    if (upload === undefined) return []
    const limits = native.fields[carrier]
    if (limits?.type !== 'url' && limits?.type !== 'urls') return []
    const { maxSizeBytes = Infinity, pixels = {} } = limits
    if (upload.sizeBytes > maxSizeBytes)
      return [{ field, is: 'too large', limit: `at most ${inMib(maxSizeBytes)}`, has: inMib(upload.sizeBytes) }]
    const { width, height } = upload
    if (width === undefined || height === undefined) return []
    // The first in that field, also where it is only known by its address: it is no other one's size that counts.
    const like = pictures.find((other) => other.carrier === pixels.sameSizeAs)
    const wrong = wrongShape({ width, height }, pixels) ?? (like === undefined ? null : otherSize({ width, height }, like))
    return wrong === null ? [] : [{ field, ...wrong, has: `${width} × ${height}` }]
  })
}

interface Sides {
  width: number
  height: number
}

type Wrong = Pick<Misfit, 'is' | 'limit'>

function wrongShape({ width, height }: Sides, limits: PixelLimits): Wrong | null {
  const { minSide = 0, maxSide = Infinity, minPixels = 0, maxPixels = Infinity, maxRatio = Infinity } = limits
  const [short, long, pixels] = [Math.min(width, height), Math.max(width, height), width * height]
  const told = describePixels(limits)
  if (short < minSide) return { is: 'too small', limit: told.sides }
  if (long > maxSide) return { is: 'too large', limit: told.sides }
  if (pixels < minPixels) return { is: 'too small', limit: told.pixels }
  if (pixels > maxPixels) return { is: 'too large', limit: told.pixels }
  return long > short * maxRatio ? { is: 'too narrow', limit: told.ratio } : null
}

/** A JPEG may say that it is to be turned, which nobody here reads: on its side it may well be the same. */
function otherSize(own: Sides, { field, upload }: { field: string; upload: KnownUpload | undefined }): Wrong | null {
  const { width, height } = upload ?? {}
  if (width === undefined || height === undefined) return null
  const isSame = (own.width === width && own.height === height) || (own.width === height && own.height === width)
  return isSame ? null : { is: 'of the wrong size', limit: `the ${width} × ${height} pixels of ${field}` }
}

/** Each as what a picture must have; empty where there is no such limit. */
export function describePixels(limits: PixelLimits): { sides: string; pixels: string; ratio: string } {
  const sides = range(limits.minSide, limits.maxSide)
  const pixels = range(limits.minPixels, limits.maxPixels)
  return {
    sides: sides === '' ? '' : `${sides} pixels on each side`,
    pixels: pixels === '' ? '' : `${pixels} pixels in all`,
    ratio: limits.maxRatio === undefined ? '' : `a shape of at most ${limits.maxRatio}:1`,
  }
}

function range(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return `${thousands(min)} to ${thousands(max)}`
  if (min !== undefined) return `at least ${thousands(min)}`
  return max === undefined ? '' : `at most ${thousands(max)}`
}
