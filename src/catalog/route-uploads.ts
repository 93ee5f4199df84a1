// What uploads mean for the route: which provider cannot be sent pictures of ours, or not such large ones.
import type { GenerationRequest, ProviderName } from '../contract/index.ts'
import type { KnownUpload } from './check-uploads.ts'
import type { NativeModel } from './model-schema.ts'
import { inMib, misfitsOf } from './picture-limits.ts'

export interface RouteUploads {
  known: readonly KnownUpload[]
  /** why a provider cannot be sent these pictures just now, as the end of a sentence */
  obstacles: ReadonlyMap<ProviderName, string>
}

/** As the end of a sentence that begins with the provider; null where nothing is in the way. */
export function uploadObstacle(
  native: NativeModel,
  provider: ProviderName,
  request: GenerationRequest,
  uploads: RouteUploads | undefined,
): string | null {
  if (uploads === undefined) return null
  const [misfit] = misfitsOf(provider, native, request, uploads.known)
  if (misfit !== undefined) return `wants ${misfit.field} to have ${misfit.limit}, and it has ${misfit.has}`
  return uploads.obstacles.get(provider) ?? null
}

/** How pictures reach a provider: it keeps a copy, or takes a link of ours, or the bytes inside the request up to these sizes. */
interface Receiver {
  name: ProviderName
  references: { kind: 'copy' } | { kind: 'link_or_data'; maxDataBytes: { each: number; all: number } }
}

/** `known`: those of the named uploads that are here. `canLink`: providers can reach us for them. */
export function routeUploads(
  known: readonly KnownUpload[],
  { providers, canLink }: { providers: Iterable<Receiver>; canLink: boolean },
): RouteUploads {
  return { known, obstacles: canLink ? new Map() : dataObstacles(sizesOf(known), providers) }
}

/** Each once, however often it is named. */
const sizesOf = (known: readonly KnownUpload[]): number[] => [
  ...new Map(known.map(({ sha256, sizeBytes }) => [sha256, sizeBytes])).values(),
]

/** Why providers cannot be sent these pictures inside a request, as ends of sentences. */
function dataObstacles(sizesBytes: readonly number[], providers: Iterable<Receiver>): Map<ProviderName, string> {
  const obstacles = new Map<ProviderName, string>()
  for (const { name, references } of providers) {
    if (references.kind !== 'link_or_data') continue
    const { each, all } = references.maxDataBytes
    const sumBytes = sizesBytes.reduce((sum, sizeBytes) => sum + sizeBytes, 0)
    const isTooLarge = sumBytes > all || sizesBytes.some((sizeBytes) => sizeBytes > each)
    const limits = `${inMib(each)} each and ${inMib(all)} together`
    if (isTooLarge)
      obstacles.set(name, `cannot reach this service for the pictures, and inside a request it is sent at most ${limits}`)
  }
  return obstacles
}
