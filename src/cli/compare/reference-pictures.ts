// The pictures that every run of a comparison starts from. Files are copied beside the comparison before anything is sent, so that one that is gone
// on with, or reported on again, has the very same bytes, whatever became of the file.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readUploadName, uploadName, uploadsIn } from '../../catalog/upload-name.ts'
import type { GenerationRequest } from '../../contract/index.ts'
import { safeText } from '../../observability/safe-text.ts'
import { CliError, exitCodes } from '../errors.ts'
import type { LocalPicture } from '../local-pictures.ts'
import { pictureName, sendPictures } from '../local-pictures.ts'
import type { ProgressLine } from '../render/progress.ts'
import { folderOf, writeDurably } from './comparison-file.ts'
import type { Comparison, ComparisonPicture } from './comparison.ts'

export function toComparisonPicture(picture: LocalPicture): ComparisonPicture {
  const { sha256, sizeBytes, contentType, width, height } = picture
  return { sha256, name: pictureName(picture), sizeBytes, contentType, width, height }
}

const copyOf = (dataFolder: string, sha256: string): string => join(folderOf(dataFolder), 'pictures', sha256)

/** On the disk when it resolves. Several comparisons from the same picture share its copy. */
export async function keepCopies(dataFolder: string, pictures: readonly LocalPicture[]): Promise<void> {
  for (const { path, sha256 } of pictures) {
    const bytes = await readFile(path).catch(() => null)
    if (bytes === null || !isOf(bytes, sha256))
      throw new CliError(`${safeText(path, 300)} changed while it was read. Run the command again.`, exitCodes.usage)
    await writeDurably(copyOf(dataFolder, sha256), bytes)
  }
}

/** Those that the gateway has already are not sent; one that is neither there nor here is a `CliError`. */
export async function sendCopies(
  { pictures }: Pick<Comparison, 'pictures'>,
  { url, dataFolder, progress }: { url: string; dataFolder: string; progress: ProgressLine },
): Promise<void> {
  const copies = pictures.map((picture) => ({ ...picture, path: copyOf(dataFolder, picture.sha256) }))
  await sendPictures(url, copies, progress)
}

/** Null where the copy is gone, or is another picture. */
export async function readCopy(dataFolder: string, sha256: string): Promise<Uint8Array | null> {
  const bytes = await readFile(copyOf(dataFolder, sha256)).catch(() => null)
  return bytes !== null && isOf(bytes, sha256) ? bytes : null
}

const isOf = (bytes: Uint8Array, sha256: string): boolean => createHash('sha256').update(bytes).digest('hex') === sha256

export function hasPictures(request: GenerationRequest): boolean {
  return (request.referenceImages ?? []).length > 0 || request.mask !== undefined || uploadsIn(request).length > 0
}

/** In words, for the terminal and the page: the file, the beginning of an upload's name, or the address without its query, which may be a key. */
export function describePicture(value: string, pictures: readonly ComparisonPicture[]): string {
  const sha256 = readUploadName(value)
  const known = pictures.find((picture) => picture.sha256 === sha256)
  if (known !== undefined) return `${known.name} (${shortName(known.sha256)})`
  if (sha256 !== null) return shortName(sha256)
  if (!URL.canParse(value)) return value
  const { origin, pathname, search } = new URL(value)
  return `${origin}${pathname}${search === '' ? '' : '?…'}`
}

/** 12 digits: nobody has so many pictures that two begin alike. */
const shortName = (sha256: string): string => `${uploadName(sha256).slice(0, 'upload:'.length + 12)}…`
