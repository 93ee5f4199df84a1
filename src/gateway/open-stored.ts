// A stored picture as an answer. A store that does not answer is 503; one that has lost what the ledger knows is what the route says.
import type { Readable } from 'node:stream'
import { storedEndings } from '../storage/result-store.ts'
import type { RouteDeps } from './gateway-deps.ts'
import { ProblemError } from './problem.ts'

export interface StoredPicture {
  sha256: string
  contentType: string
}

/**
 * @param told what the log says besides, so that a person finds the picture
 * @returns null when the store has no such bytes, which the log then says as an error
 * @throws ProblemError `storage_unavailable`
 */
export async function openStored(
  { store, logger }: Pick<RouteDeps, 'store' | 'logger'>,
  { sha256, contentType }: StoredPicture,
  told: Readonly<Record<string, string | number>> = {},
): Promise<{ sizeBytes: number; stream: Readable } | null> {
  const opened = await store.open(sha256, contentType).catch((error: unknown) => {
    logger.warn({ ...told, sha256, err: error }, 'the result store does not answer')
    throw new ProblemError('storage_unavailable', 'The picture cannot be read just now. Ask again later.', { cause: error })
  })
  if (opened === null) logger.error({ ...told, sha256 }, 'a picture that the ledger knows is not in the result store')
  return opened
}

/** What every answer with a picture's bytes says: shown under our name for it, and without any right in our origin. */
export function pictureHeaders(name: string, contentType: string): Record<string, string> {
  return {
    'content-security-policy': "sandbox; default-src 'none'",
    'content-disposition': `inline; filename="${name}.${storedEndings.get(contentType) ?? 'bin'}"`,
  }
}
