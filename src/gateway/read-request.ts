// The body of whoever asks for a picture, or for what it would be: checked by the catalog, refused with every wrong field at once.
import { parseGenerationRequest } from '../catalog/parse-request.ts'
import { readUploadName } from '../catalog/upload-name.ts'
import type { GenerationRequest } from '../contract/index.ts'
import { safeText } from '../observability/safe-text.ts'
import { checkPublicUrl } from '../storage/url-guard.ts'
import { ProblemError, type FieldError } from './problem.ts'

/** Throws `invalid_request`. */
export function readRequest(body: unknown): GenerationRequest {
  const parsed = parseGenerationRequest(body)
  if (!parsed.ok) throw notAcceptable(parsed.errors)
  const unreachable = findForbiddenUrls(parsed.request)
  if (unreachable.length > 0) throw notAcceptable(unreachable)
  return parsed.request
}

/** The provider fetches them, not we: still nobody pays for a link into a private network, or one with a password in it. */
function findForbiddenUrls({ referenceImages = [], mask }: GenerationRequest): FieldError[] {
  const given = referenceImages.map((url, at) => ({ field: `referenceImages.${at}`, url }))
  if (mask !== undefined) given.push({ field: 'mask', url: mask })
  return given.flatMap(({ field, url }) => {
    if (readUploadName(url) !== null) return []
    const checked = checkPublicUrl(url)
    return checked.ok ? [] : [{ field, message: `${field} ${checked.message}` }]
  })
}

export function notAcceptable(errors: readonly FieldError[]): ProblemError {
  // 1,000: the longest is a list of allowed values
  const printable = errors.map((error) => ({ ...error, message: safeText(error.message, 1_000) }))
  const names = [...new Set(printable.map(({ field }) => (field === '' ? 'the body' : field)))]
  const detail = `Nothing was started. Not acceptable: ${names.join(', ')}`
  return new ProblemError('invalid_request', safeText(detail), { errors: printable })
}
