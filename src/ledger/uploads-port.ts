// Pictures that callers sent us, by the SHA-256 of their bytes, and the links under which providers keep their copies.
import type { ProviderName } from '../contract/index.ts'
import type { AttemptRef, AttemptRow, FailedUpload } from './ledger.ts'

export interface NewUpload {
  /** hex */
  sha256: string
  sizeBytes: number
  contentType: string
  width: number
  height: number
}

export interface Upload extends NewUpload {
  createdAt: Date
}

/** Which copy is meant. A simulator's copy is none of the real provider's, so the host belongs to it. */
export interface LinkKey {
  sha256: string
  provider: ProviderName
  baseUrl: string
}

export interface NewLink extends LinkKey {
  /** whose key sent it */
  account: string
  url: string
  /** from now, by the clock of the database */
  livesMs: number
}

export interface UploadsPort {
  /** Idempotent. False: it was there already. */
  addUpload(upload: NewUpload): Promise<boolean>
  /** Those that are there, in no particular order. */
  readUploads(sha256s: readonly string[]): Promise<Upload[]>
  /** A link that is good for at least so long; null: there is none, so send the picture (again). */
  readUploadLink(key: LinkKey, goodForMs: number): Promise<string | null>
  /** Replaces an older link of the same key, and removes links of all pictures that have expired. */
  keepUploadLink(link: NewLink): Promise<void>
  /** A provider could not fetch these: the next one who needs them sends them anew. */
  forgetUploadLinks(provider: ProviderName, sha256s: readonly string[]): Promise<void>
  /**
   * `claimed → claimed`, with one try used up: the pictures of a request could not be sent to the provider, so nothing else was sent either.
   * Returns the row as it is now.
   */
  failUpload(ref: AttemptRef, why: FailedUpload): Promise<AttemptRow>
}
