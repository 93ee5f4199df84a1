// Whether the uploads that a request names are there and small enough. Asked before anything is reserved or sent.
import type { GenerationRequest } from '../contract/index.ts'
import { checkReferenceSizes } from './reference-sizes.ts'
import type { RequestError } from './request-error.ts'
import { readUploadName, uploadName, uploadsIn } from './upload-name.ts'

export interface KnownUpload {
  sha256: string
  sizeBytes: number
}

/** Errors by field; none where the request may go on. `known`: those of the named uploads that the ledger has. */
export function checkUploads(request: GenerationRequest, known: readonly KnownUpload[]): RequestError[] {
  const here = new Set(known.map(({ sha256 }) => sha256))
  const missing = uploadsIn(request).filter(({ sha256 }) => !here.has(sha256))
  if (missing.length > 0) return missing.map(({ field, sha256 }) => ({ field, message: unknownMessage(field, sha256) }))
  return checkUploadSizes(request, known)
}

/** Of those that are here. */
export function checkUploadSizes(request: GenerationRequest, known: readonly KnownUpload[]): RequestError[] {
  const sizes = new Map(known.map(({ sha256, sizeBytes }) => [sha256, sizeBytes]))
  const sizesBytes = (request.referenceImages ?? []).map((value) => sizes.get(readUploadName(value) ?? '') ?? null)
  return checkReferenceSizes(request, sizesBytes)
}

function unknownMessage(field: string, sha256: string): string {
  return `${field} names an upload that is not here: send the picture to POST /v1/uploads first (${uploadName(sha256).slice(0, 19)}…)`
}
