// The uploads that a request names: whether they are here, and not too large.
import { checkUploads, checkUploadSizes } from '../catalog/check-uploads.ts'
import type { KnownUpload } from '../catalog/check-uploads.ts'
import { uploadName, uploadsIn } from '../catalog/upload-name.ts'
import type { GenerationRequest } from '../contract/index.ts'
import type { Upload } from '../ledger/uploads-port.ts'
import type { RouteDeps } from './gateway-deps.ts'
import { notAcceptable } from './read-request.ts'
import { wasAccepted } from './was-accepted.ts'

/**
 * Those that the request names, before anything is reserved. Throws `invalid_request`, but not where this request was accepted before as
 * `earlierId`: what became of that one does not depend on what is still here.
 */
export async function requireUploads(
  { ledger }: Pick<RouteDeps, 'ledger'>,
  request: GenerationRequest,
  earlierId: string | null,
): Promise<Upload[]> {
  const sha256s = sha256sIn(request)
  const known = sha256s.length === 0 ? [] : await ledger.readUploads(sha256s)
  const errors = checkUploads(request, known)
  if (errors.length === 0) return known
  if (await wasAccepted(ledger, earlierId)) return known
  throw notAcceptable(errors)
}

/**
 * For a request that is only looked at: what is not here yet is said, and no reason to refuse; where the caller says how large it is, that
 * counts as if it were here. Throws `invalid_request` for sizes.
 */
export async function findUploads(
  { ledger }: Pick<RouteDeps, 'ledger'>,
  request: GenerationRequest,
  promised: readonly KnownUpload[],
): Promise<{ known: KnownUpload[]; missing: string[] }> {
  const sha256s = sha256sIn(request)
  const here = sha256s.length === 0 ? [] : await ledger.readUploads(sha256s)
  const missing = sha256s.filter((wanted) => here.every(({ sha256 }) => sha256 !== wanted))
  const known = [...here, ...promised.filter(({ sha256 }) => missing.includes(sha256))]
  const errors = checkUploadSizes(request, known)
  if (errors.length > 0) throw notAcceptable(errors)
  return { known, missing: missing.map(uploadName) }
}

function sha256sIn(request: GenerationRequest): string[] {
  return [...new Set(uploadsIn(request).map(({ sha256 }) => sha256))]
}
