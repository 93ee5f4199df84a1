// How large a reference image may be. The size of what lies behind an address is not known here: who has the bytes asks.
import type { GenerationRequest, ProviderName } from '../contract/index.ts'
import { maxReferenceSizeBytes } from './list-models.ts'
import { chooseNative, findModel, givenIn, providerNames } from './models.ts'
import { providerTitles } from './native-draft.ts'
import { listed } from './request-error.ts'
import type { RequestError } from './request-error.ts'

const bytesPerMb = 1024 * 1024
export const inMb = (sizeBytes: number): string => `${Math.ceil((sizeBytes / bytesPerMb) * 10) / 10} MB`

interface Limit {
  provider: ProviderName
  /** Infinity: not documented */
  maxBytes: number
}

/** Errors of the pictures that no provider of the route would take; `sizesBytes` in the order of `referenceImages`, null where not known. */
export function checkReferenceSizes(request: GenerationRequest, sizesBytes: readonly (number | null)[]): RequestError[] {
  const model = findModel(request.model)
  if (model === null) return []
  const limits = (request.route?.providers ?? providerNames).flatMap((provider): Limit[] => {
    const native = chooseNative(model, provider, givenIn(request))
    return native === null ? [] : [{ provider, maxBytes: maxReferenceSizeBytes(native) ?? Infinity }]
  })
  const largest = Math.max(...limits.map(({ maxBytes }) => maxBytes))
  if (limits.length === 0 || largest === Infinity) return []
  const each = listed(limits.map(({ provider, maxBytes }) => `${inMb(maxBytes)} at ${providerTitles[provider]}`))
  return sizesBytes.flatMap((sizeBytes, at) => {
    if (sizeBytes === null || sizeBytes <= largest) return []
    const field = `referenceImages.${at}`
    return [{ field, message: `${field} is too large for ${model.name}: at most ${each}; it has ${inMb(sizeBytes)}` }]
  })
}
