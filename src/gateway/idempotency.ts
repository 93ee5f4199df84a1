// The caller's `Idempotency-Key` becomes the generation id, and the generation id is the workflow id: whatever is lost between caller,
// gateway, ledger and Temporal, the same key can never make a second picture.
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { ulid } from 'ulid'
import { generationIdPrefix } from '../contract/index.ts'
import { ProblemError } from './problem.ts'

/** Printable ASCII, as other APIs take it. */
const keyPattern = /^[\x20-\x7e]{1,255}$/

/** Crockford's base 32, as in a ULID. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
/** 130 bits of the digest: as long as a ULID, and no two keys will ever meet. */
const idLength = 26

export function readIdempotencyKey(headers: IncomingHttpHeaders): string | null {
  const key = headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key === 'string' && keyPattern.test(key)) return key
  throw new ProblemError('malformed_request', 'An Idempotency-Key has 1 to 255 printable ASCII characters.', {
    errors: [{ field: 'Idempotency-Key', message: 'must have 1 to 255 printable ASCII characters' }],
  })
}

export function newGenerationId(): string {
  return `${generationIdPrefix}${ulid()}`
}

export function generationIdOfKey(key: string): string {
  // the first 130 bits as one number, then 26 digits of 5 bits
  const bits = BigInt(`0x${sha256(key)}`) >> BigInt(256 - idLength * 5)
  const digits = Array.from({ length: idLength }, (_, at) => alphabet[Number((bits >> BigInt((idLength - 1 - at) * 5)) & 31n)])
  return `${generationIdPrefix}${digits.join('')}`
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
