// The port of the result store: content-addressed pictures. Same bytes → same object, so storing twice is a no-op.
import type { Readable } from 'node:stream'

/** A downloaded, hashed and structurally checked picture in the store's temporary folder. */
export interface CheckedImage {
  /** inside `ResultStore.tempFolder` */
  tempPath: string
  /** hex, of the bytes; also the address */
  sha256: string
  sizeBytes: number
  /** from the bytes, never from a header or a name */
  contentType: 'image/png' | 'image/jpeg' | 'image/webp'
  width: number
  height: number
  /** found by byte search only, not verified */
  provenance: 'c2pa' | 'xmp' | 'none'
}

export interface ResultStore {
  /** where downloads are written before they are checked; in the same file system as the objects */
  readonly tempFolder: string
  /** Makes a checked picture visible under its address (fsync, atomic rename) and removes the temporary file. */
  adopt(image: Pick<CheckedImage, 'tempPath' | 'sha256' | 'contentType'>): Promise<void>
  /** Opens a stored picture; null when there is none. */
  open(sha256: string, contentType: string): Promise<{ sizeBytes: number; stream: Readable } | null>
  /** Where a person finds the picture: an absolute path, or null where the store has no paths. */
  locate(sha256: string, contentType: string): string | null
  /** Rejects with a sentence for a person when the place cannot be written. */
  checkWritable(): Promise<void>
}

/** The types that pictures are stored in, with the ending of a file's name. A map: types come from rows, and an object has more keys than it was given. */
export const storedEndings: ReadonlyMap<string, string> = new Map<CheckedImage['contentType'], string>([
  ['image/png', 'png'],
  ['image/jpeg', 'jpg'],
  ['image/webp', 'webp'],
])
