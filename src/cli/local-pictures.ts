// Pictures on this machine as reference images: checked and named here, so that a bad request is refused before anything is sent, then sent to the
// gateway, which checks them again.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { looksLikeUploadName, uploadName } from '../catalog/upload-name.ts'
import type { PlanPreview } from '../contract/index.ts'
import { safeText } from '../observability/safe-text.ts'
import { checkImageFile, maxImageBytes } from '../storage/image-check.ts'
import { CliError, exitCodes } from './errors.ts'
import { callGateway, isRecord, notDarkroom, readJson } from './gateway-http.ts'
import type { ProgressLine } from './render/progress.ts'
import { describeSize } from './render/units.ts'

export interface LocalPicture {
  path: string
  /** for people; default: the last part of the path */
  name?: string
  sha256: string
  sizeBytes: number
  contentType: string
  width: number
  height: number
}

/** Below this it is there before a line about it could be read. */
const worthALineBytes = 1_000_000

/** The gateway takes two minutes for the largest; a little more, so that its own word comes first. */
const sendTimeoutMs = 130_000

/** Anything that is neither an address nor an upload is a path. */
export function isPath(value: string): boolean {
  return !/^[a-z][a-z0-9+.-]*:\/\//i.test(value) && !looksLikeUploadName(value)
}

/** Throws one sentence that begins with `where`: the flag, or the command. */
export async function readLocalPicture(path: string, where: string): Promise<LocalPicture> {
  const shown = safeText(path, 300)
  const refuse = (why: string, cause?: unknown): CliError => new CliError(`${where}: ${why}`, exitCodes.usage, { cause })
  const found = await stat(path).catch((error: unknown) => {
    const isMissing = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
    throw refuse(isMissing ? `there is no file ${shown}.` : `${shown} cannot be read.`, error)
  })
  if (!found.isFile()) throw refuse(`${shown} is no file.`)
  if (found.size > maxImageBytes) {
    throw refuse(
      `${shown} is too large: it has ${describeSize(found.size)}, and at most ${maxImageBytes / 2 ** 20} MiB can be uploaded.`,
    )
  }
  try {
    const verdict = await checkImageFile(path)
    if (!verdict.ok) throw refuse(`${shown} is not a whole picture: ${verdict.message}.`)
    const hash = createHash('sha256')
    await pipeline(createReadStream(path), hash)
    const { sizeBytes, contentType, width, height } = verdict
    return { path, sha256: hash.digest('hex'), sizeBytes, contentType, width, height }
  } catch (error) {
    throw error instanceof CliError ? error : refuse(`${shown} cannot be read.`, error)
  }
}

export const pictureName = ({ path, name }: Pick<LocalPicture, 'path' | 'name'>): string => name ?? basename(path)

interface PictureFlags {
  reference?: string[]
  mask?: string
}

/** The flags with names in place of paths, and the pictures that have to be sent before such a request. */
export async function nameLocalPictures(flags: PictureFlags): Promise<{ flags: PictureFlags; pictures: LocalPicture[] }> {
  const pictures = new Map<string, LocalPicture>()
  const nameOf = async (value: string, flag: string): Promise<string> => {
    if (!isPath(value)) return value
    const picture = await readLocalPicture(value, flag)
    pictures.set(picture.sha256, picture)
    return uploadName(picture.sha256)
  }
  const named: PictureFlags = {}
  if (flags.reference !== undefined)
    named.reference = await Promise.all(flags.reference.map((value) => nameOf(value, '--reference')))
  if (flags.mask !== undefined) named.mask = await nameOf(flags.mask, '--mask')
  return { flags: named, pictures: [...pictures.values()] }
}

/** Uploads that a request names, that the gateway does not have, and that nobody would send: it would be refused. */
export function refuseMissing(
  url: string,
  { missingUploads }: Pick<PlanPreview, 'missingUploads'>,
  ours: readonly Pick<LocalPicture, 'sha256'>[],
): void {
  const sent = new Set(ours.map(({ sha256 }) => uploadName(sha256)))
  const missing = missingUploads.filter((name) => !sent.has(name)).map((name) => safeText(name, 100))
  if (missing.length === 0) return
  throw new CliError(
    `The gateway at ${url} has no ${missing.join(' and no ')}, so nothing was asked for. Send the file with \`darkroom upload\`, or name it here instead.`,
    exitCodes.usage,
  )
}

/** One after the other; those that the gateway has already are not sent. */
export async function sendPictures(url: string, pictures: readonly LocalPicture[], progress: ProgressLine): Promise<void> {
  try {
    for (const picture of pictures) {
      if (!(await isThere(url, picture))) await sendPicture(url, picture, progress)
    }
  } finally {
    progress.clear()
  }
}

async function isThere(url: string, { sha256 }: LocalPicture): Promise<boolean> {
  try {
    const body = await readJson(url, await callGateway(url, 'GET', `/v1/uploads/${sha256}`, {}))
    return isRecord(body) && body['upload'] === uploadName(sha256)
  } catch (error) {
    // It said that it has none; what else it may say concerns the upload, too.
    if (error instanceof CliError && error.exitCode === exitCodes.usage) return false
    throw error
  }
}

async function sendPicture(url: string, picture: LocalPicture, progress: ProgressLine): Promise<void> {
  const { path, sha256, sizeBytes, contentType } = picture
  await access(path).catch((error: unknown) => {
    const [name, where] = [safeText(pictureName(picture), 100), safeText(path, 300)]
    throw new CliError(`The gateway at ${url} does not have ${name}, and it is gone here, too: ${where}`, exitCodes.usage, {
      cause: error,
    })
  })
  const answer = await callGateway(url, 'POST', '/v1/uploads', {
    headers: { 'content-type': contentType, 'content-length': String(sizeBytes) },
    body: watched(picture, progress),
    timeoutMs: sendTimeoutMs,
  })
  const body = await readJson(url, answer)
  if (!isRecord(body) || typeof body['upload'] !== 'string') throw notDarkroom(url)
  if (body['upload'] !== uploadName(sha256)) {
    throw new CliError(`${safeText(path, 300)} changed while it was sent. Run the command again.`, exitCodes.usage)
  }
}

async function* watched(picture: LocalPicture, progress: ProgressLine): AsyncGenerator<Buffer> {
  const { path, sizeBytes } = picture
  let sentBytes = 0
  const name = safeText(pictureName(picture), 60)
  for await (const chunk of createReadStream(path, { end: sizeBytes - 1 }) as AsyncIterable<Buffer>) {
    yield chunk
    sentBytes += chunk.length
    // In steps of a tenth: elsewhere than on a terminal each is a line.
    const tenths = Math.floor((sentBytes / sizeBytes) * 10)
    if (sizeBytes >= worthALineBytes) progress.show(`sending ${name} (${describeSize(sizeBytes)}): ${tenths * 10} %`)
  }
}
