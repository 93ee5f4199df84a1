// Takes a picture that somebody sends us into the store: the limits and checks of a download, without a link.
import { DownloadError } from './download-error.ts'
import { maxImageBytes, maxImagePixels } from './image-check.ts'
import type { ImageDefect } from './image-check.ts'
import { checkIncoming, incomingPath, removeIncoming, writeIncoming } from './incoming-file.ts'
import type { CheckedImage, ResultStore } from './result-store.ts'

export type ReceivedImage =
  | { ok: true; image: Omit<CheckedImage, 'tempPath'> }
  /** `message` is a part of a sentence */
  | { ok: false; defect: ImageDefect; message: string }

/**
 * Stores a whole PNG, JPEG or WebP under its SHA-256. Nothing is left behind of one that is refused or breaks off. Rejects with whatever
 * `chunks` throws, and with a DownloadError `storage` where our disk is in the way.
 */
export async function receiveImage(
  chunks: AsyncIterable<Uint8Array>,
  store: Pick<ResultStore, 'tempFolder' | 'adopt'>,
  limits: { maxBytes: number; maxPixels: number } = { maxBytes: maxImageBytes, maxPixels: maxImagePixels },
): Promise<ReceivedImage> {
  const tempPath = incomingPath(store.tempFolder)
  try {
    const sha256 = await writeIncoming(chunks, { path: tempPath, maxBytes: limits.maxBytes, place: 'The upload' })
    const verdict = await checkIncoming(tempPath, limits)
    if (!verdict.ok) return { ok: false, defect: verdict.defect, message: verdict.message }
    const { ok: _ok, trailingBytes: _trailing, ...picture } = verdict
    await store.adopt({ tempPath, sha256, contentType: picture.contentType }).catch((error: unknown) => {
      throw new DownloadError('storage', 'The picture could not be put into its place in the store.', { cause: error })
    })
    return { ok: true, image: { sha256, ...picture } }
  } catch (error) {
    if (error instanceof DownloadError && error.code === 'too_large') {
      return { ok: false, defect: 'too_large', message: `more than the ${limits.maxBytes} bytes that are allowed` }
    }
    throw error
  } finally {
    await removeIncoming(tempPath)
  }
}
