// The secret part of a link under which a provider may fetch one uploaded picture for a while. How it is sealed: `sealed-text.ts`.
import { createSealer } from './sealed-text.ts'
import type { TokenSecrets } from './sealed-text.ts'

export interface UploadTokens {
  /** One path segment that needs no escaping. `expiresAtMs` is rounded up to whole seconds. */
  seal(link: { sha256: string; expiresAtMs: number }): string
  /** When the link to this picture expires; null for a token that we did not seal, that is of another picture, or that has expired. */
  open(token: string, link: { sha256: string; nowMs: number }): { expiresAtMs: number } | null
}

/** Seconds since 1970 have ten digits until the year 2286. */
const sealedPattern = /^(\d{10})\.([0-9a-f]{64})$/
const maxTextBytes = 10 + 1 + 64

export function createUploadTokens(secrets: TokenSecrets): UploadTokens {
  const sealer = createSealer('upload', secrets, maxTextBytes)
  return {
    seal({ sha256, expiresAtMs }) {
      const text = `${Math.ceil(expiresAtMs / 1_000)}.${sha256}`
      if (!sealedPattern.test(text)) throw new RangeError('no such link: it needs a SHA-256 in hex and a time of this era')
      return sealer.seal(text)
    },
    open(token, { sha256, nowMs }) {
      const [, seconds, sealedSha256] = sealedPattern.exec(sealer.open(token) ?? '') ?? []
      const expiresAtMs = Number(seconds) * 1_000
      return sealedSha256 === sha256 && expiresAtMs > nowMs ? { expiresAtMs } : null
    },
  }
}
