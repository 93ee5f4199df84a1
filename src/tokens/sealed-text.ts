// Seals short texts into one path segment that only we can make and read. What a token is for is bound into it (`purpose`): one that was
// sealed for one door opens no other.
//
//   v1 . key id . base64url( IV 12 | sealed text | tag 16 )
//
// T1 `open` never throws and tells nothing of why it said no.
// T2 every token has exactly one spelling: a changed character, also in the spare bits of base64url, opens nothing.
// T3 whatever comes in, the work is one decryption of a bounded length.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** A secret of our own, as text or bytes; at least 16 bytes. */
export type Secret = string | Uint8Array

/** `previous` still opens what it sealed. */
export interface TokenSecrets {
  current: Secret
  previous?: Secret
}

/** Who makes tokens of which kind; part of the key and of what the tag covers. */
export type Purpose = 'callback' | 'upload'

export interface Sealer {
  seal(text: string): string
  /** Null for whatever was not sealed with one of our keys for this purpose. */
  open(token: string): string | null
}

interface TokenKey {
  id: string
  key: Buffer
  purpose: Purpose
}

const version = 'v1'
/** The smallest that still cannot be tried out; what darkroom makes itself is 32 random bytes. */
const minSecretBytes = 16
const ivBytes = 12 // 96 bits, the length GCM is made for; random is safe far beyond the tokens one key will ever seal (2^32)
const tagBytes = 16
const keyIdBytes = 6

const tokenPattern = /^v1\.([\w-]{8})\.([\w-]+)$/
/** Opened where a token has not even the form, so that such a token costs the same as a wrong one (T3). */
const decoy = Buffer.alloc(ivBytes + 40 + tagBytes)

/** Characters of a token that seals a text of so many bytes. */
export function tokenLength(textBytes: number): number {
  return version.length + 1 + base64urlLength(keyIdBytes) + 1 + base64urlLength(ivBytes + textBytes + tagBytes)
}

/** `maxTextBytes`: longer tokens are not looked at. */
export function createSealer(purpose: Purpose, secrets: TokenSecrets, maxTextBytes: number): Sealer {
  const current = deriveKey(purpose, secrets.current)
  const keys = secrets.previous === undefined ? [current] : [current, deriveKey(purpose, secrets.previous)]
  const maxLength = tokenLength(maxTextBytes)
  return {
    seal: (text) => seal(text, current),
    open: (token) => open(token, { keys, current, maxLength }),
  }
}

/** Key and key id come from the secret by different labels, so that the id on the wire says nothing of the key. */
function deriveKey(purpose: Purpose, secret: Secret): TokenKey {
  const bytes = Buffer.from(secret)
  if (bytes.length < minSecretBytes) {
    throw new RangeError(
      `The callback secret has ${bytes.length} bytes; it needs at least ${minSecretBytes}, best 32 random ones.`,
    )
  }
  const derive = (label: string, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', bytes, 'darkroom', `${purpose} token ${version} ${label}`, length))
  return { id: derive('key id', keyIdBytes).toString('base64url'), key: derive('key', 32), purpose }
}

function seal(text: string, tokenKey: TokenKey): string {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', tokenKey.key, iv).setAAD(associated(tokenKey))
  const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `${version}.${tokenKey.id}.${sealed.toString('base64url')}`
}

function open(
  token: string,
  { keys, current, maxLength }: { keys: readonly TokenKey[]; current: TokenKey; maxLength: number },
): string | null {
  const match = typeof token === 'string' && token.length <= maxLength ? tokenPattern.exec(token) : null
  const key = keys.find(({ id }) => id === match?.[1])
  const text = match?.[2] ?? ''
  const sealed = Buffer.from(text, 'base64url')
  // T2: base64url has spare bits in its last character, and Node reads over characters that do not belong there
  const isWellFormed = sealed.toString('base64url') === text && sealed.length > ivBytes + tagBytes
  const opened = decrypt(isWellFormed ? sealed : decoy, key ?? current)
  return key === undefined || !isWellFormed ? null : opened
}

function decrypt(sealed: Buffer, tokenKey: TokenKey): string | null {
  const tagAt = sealed.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', tokenKey.key, sealed.subarray(0, ivBytes), { authTagLength: tagBytes })
  decipher.setAAD(associated(tokenKey)).setAuthTag(sealed.subarray(tagAt))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(ivBytes, tagAt)), decipher.final()]).toString('utf8')
  } catch {
    return null // the tag does not fit: forged, changed, or sealed by somebody else or for something else
  }
}

/** Version and key id are in clear; binding them keeps a token of one version, key or purpose from being read as another's. */
function associated({ id, purpose }: TokenKey): Buffer {
  return Buffer.from(`darkroom ${purpose} ${version} ${id}`)
}

function base64urlLength(bytes: number): number {
  return Math.ceil((bytes * 4) / 3)
}
