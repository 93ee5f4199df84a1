// The secret part of a callback URL. It seals which attempt a callback belongs to, so that the gateway needs no table: opaque to the
// provider, unguessable, one per attempt.
//
//   v1 . key id . base64url( IV 12 | sealed "item.attempt.generationId" | tag 16 )
//
// T1 `open` never throws and tells nothing of why it said no.
// T2 every token has exactly one spelling: a changed character, also in the spare bits of base64url, opens nothing.
// T3 whatever comes in, the work is one decryption of a bounded length.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** A secret of our own, as text or bytes; at least 16 bytes. */
export type Secret = string | Uint8Array

/** Names one attempt, as the ledger does. */
export interface CallbackRef {
  generationId: string
  /** from 0 */
  item: number
  /** from 1 */
  attempt: number
}

export interface CallbackTokens {
  /** One path segment that needs no escaping. Each call gives another token. Throws a RangeError for a reference that cannot exist. */
  seal(ref: CallbackRef): string
  /** Null for whatever was not sealed with one of our keys. */
  open(token: string): CallbackRef | null
}

interface TokenKey {
  id: string
  key: Buffer
}

const version = 'v1'
/** The smallest that still cannot be tried out; what darkroom makes itself is 32 random bytes. */
const minSecretBytes = 16
const ivBytes = 12 // 96 bits, the length GCM is made for; random is safe far beyond the tokens one key will ever seal (2^32)
const tagBytes = 16
const keyIdBytes = 6
const maxIdBytes = 200 // longest generation id
const maxNumber = 999_999 // of items and attempts: six digits bound the length
const maxSealedBytes = ivBytes + '999999.999999.'.length + maxIdBytes + tagBytes
/** Longest token there is. A router with a limit on path parameters must allow this many characters. */
export const maxTokenLength = version.length + 1 + base64urlLength(keyIdBytes) + 1 + base64urlLength(maxSealedBytes)

const tokenPattern = /^v1\.([\w-]{8})\.([\w-]+)$/
const sealedPattern = /^(\d{1,6})\.(\d{1,6})\.([^]+)$/
/** Opened where a token has not even the form, so that such a token costs the same as a wrong one (T3). */
const decoy = Buffer.alloc(ivBytes + 40 + tagBytes)

export function createCallbackTokens(secrets: { current: Secret; previous?: Secret }): CallbackTokens {
  const current = deriveKey(secrets.current)
  const keys = secrets.previous === undefined ? [current] : [current, deriveKey(secrets.previous)]
  return {
    seal: (ref) => seal(ref, current),
    open: (token) => open(token, keys, current),
  }
}

/** Key and key id come from the secret by different labels, so that the id on the wire says nothing of the key. */
function deriveKey(secret: Secret): TokenKey {
  const bytes = Buffer.from(secret)
  if (bytes.length < minSecretBytes) {
    throw new RangeError(
      `The callback secret has ${bytes.length} bytes; it needs at least ${minSecretBytes}, best 32 random ones.`,
    )
  }
  const derive = (label: string, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', bytes, 'darkroom', `callback token ${version} ${label}`, length))
  return { id: derive('key id', keyIdBytes).toString('base64url'), key: derive('key', 32) }
}

function seal(ref: CallbackRef, { id, key }: TokenKey): string {
  const { generationId, item, attempt } = ref
  const idLength = Buffer.byteLength(generationId)
  if (idLength === 0 || idLength > maxIdBytes)
    throw new RangeError(`a generation id has 1 to ${maxIdBytes} bytes, this one ${idLength}`)
  if (!isCount(item, 0) || !isCount(attempt, 1)) throw new RangeError(`no such attempt: item ${item}, attempt ${attempt}`)
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(associated(id))
  const sealed = Buffer.concat([
    iv,
    cipher.update(`${item}.${attempt}.${generationId}`, 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ])
  return `${version}.${id}.${sealed.toString('base64url')}`
}

function open(token: string, keys: readonly TokenKey[], current: TokenKey): CallbackRef | null {
  const match = typeof token === 'string' && token.length <= maxTokenLength ? tokenPattern.exec(token) : null
  const key = keys.find(({ id }) => id === match?.[1])
  const text = match?.[2] ?? ''
  const sealed = Buffer.from(text, 'base64url')
  // T2: base64url has spare bits in its last character, and Node reads over characters that do not belong there
  const isWellFormed = sealed.toString('base64url') === text && sealed.length > ivBytes + tagBytes
  const opened = decrypt(isWellFormed ? sealed : decoy, key ?? current)
  if (key === undefined || !isWellFormed || opened === null) return null
  return readRef(opened)
}

function decrypt(sealed: Buffer, { id, key }: TokenKey): string | null {
  const tagAt = sealed.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, ivBytes), { authTagLength: tagBytes })
  decipher.setAAD(associated(id)).setAuthTag(sealed.subarray(tagAt))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(ivBytes, tagAt)), decipher.final()]).toString('utf8')
  } catch {
    return null // the tag does not fit: forged, changed, or sealed by somebody else
  }
}

function readRef(text: string): CallbackRef | null {
  const [, item, attempt, generationId] = sealedPattern.exec(text) ?? []
  if (item === undefined || attempt === undefined || generationId === undefined) return null
  return { generationId, item: Number(item), attempt: Number(attempt) }
}

/** Version and key id are in clear; binding them keeps a token of one version or key from being read as another's. */
function associated(keyId: string): Buffer {
  return Buffer.from(`darkroom callback ${version} ${keyId}`)
}

function isCount(value: number, least: number): boolean {
  return Number.isInteger(value) && value >= least && value <= maxNumber
}

function base64urlLength(bytes: number): number {
  return Math.ceil((bytes * 4) / 3)
}
