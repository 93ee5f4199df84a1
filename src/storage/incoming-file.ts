// Bytes of somebody else on their way into the store: written to a temporary file while they are counted and hashed, then checked to the
// last byte. What a download and an upload have in common.
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DownloadError } from './download-error.ts'
import { checkImageFile } from './image-check.ts'
import type { ImageVerdict } from './image-check.ts'

/** A name that nobody else uses. */
export function incomingPath(tempFolder: string): string {
  return join(tempFolder, `${randomUUID()}.part`)
}

/** What cannot be removed now goes when the store starts next. */
export async function removeIncoming(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined)
}

/**
 * The SHA-256 of what was written, in hex. Rejects with a DownloadError `too_large` as soon as one byte too many comes, `storage` where our
 * disk is in the way, and with whatever `chunks` throws. `place` begins a sentence: whose bytes these are. The caller removes the file.
 */
export async function writeIncoming(
  chunks: AsyncIterable<Uint8Array>,
  { path, maxBytes, place }: { path: string; maxBytes: number; place: string },
): Promise<string> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  const file = await onDisk(() => createFile(path))
  try {
    for await (const chunk of chunks) {
      sizeBytes += chunk.length
      if (sizeBytes > maxBytes) {
        throw new DownloadError('too_large', `${place} sends more than the ${maxBytes} bytes that are allowed.`)
      }
      hash.update(chunk)
      await onDisk(() => file.writeFile(chunk)) // from where the last chunk ended
    }
  } finally {
    await onDisk(() => file.close())
  }
  return hash.digest('hex')
}

/** Rejects with a DownloadError `storage` only. */
export async function checkIncoming(path: string, limits: { maxBytes: number; maxPixels: number }): Promise<ImageVerdict> {
  return checkImageFile(path, limits).catch((error: unknown) => {
    throw new DownloadError('storage', 'The file could not be read again.', { cause: error })
  })
}

async function createFile(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true })
  return await open(path, 'wx')
}

/** A full or read-only disk is our trouble, not that of whoever sends. */
async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new DownloadError('storage', `The picture could not be written to the temporary folder${reason}.`, { cause: error })
  }
}
