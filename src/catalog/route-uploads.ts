// What uploads mean for the route: which provider cannot be sent pictures of ours, or not such large ones.
import type { ProviderName } from '../contract/index.ts'
import { maxReferenceSizeBytes } from './list-models.ts'
import type { NativeModel } from './model-schema.ts'
import { inMb } from './reference-sizes.ts'

export interface RouteUploads {
  /** in the order of `referenceImages`; null: not an upload */
  sizesBytes: readonly (number | null)[]
  /** why a provider cannot be sent these pictures just now, as the end of a sentence */
  obstacles: ReadonlyMap<ProviderName, string>
}

/** As the end of a sentence that begins with the provider; null where nothing is in the way. */
export function uploadObstacle(native: NativeModel, provider: ProviderName, uploads: RouteUploads | undefined): string | null {
  if (uploads === undefined) return null
  const largest = Math.max(0, ...uploads.sizesBytes.map((sizeBytes) => sizeBytes ?? 0))
  const limit = maxReferenceSizeBytes(native)
  if (limit !== null && largest > limit) return `takes reference images of at most ${inMb(limit)}; one has ${inMb(largest)}`
  return uploads.obstacles.get(provider) ?? null
}
