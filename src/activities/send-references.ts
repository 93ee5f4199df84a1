// Pictures that only we have, on their way to a provider. The plan names them (`upload:…`); what stands in their place in the body that is
// posted is made here, and is in no history: a link to the provider's own copy, a signed link of ours, or the bytes themselves.
import { Context } from '@temporalio/activity'
import { CancelledFailure } from '@temporalio/common'
import { hasPictureLinks, replaceUploads, uploadsIn, uploadsInBody } from '../catalog/upload-name.ts'
import type { GenerationRequest } from '../contract/index.ts'
import type { ProviderVerdict } from '../ledger/ledger.ts'
import type { Upload } from '../ledger/uploads-port.ts'
import type { Provider } from '../providers/provider.ts'
import type { AttemptContext } from './attempt-context.ts'
import { createDataRoom } from './data-room.ts'
import type { ActivityDeps } from './deps.ts'
import { createCopier, isGone, openPicture, unreadable } from './send-copy.ts'
import type { CopyOutcome, NotSent, SendingDeps } from './send-copy.ts'
import type { StoredEntry } from './types.ts'

export type SentReferences =
  /** `release` when the body is let go */
  { kind: 'ready'; input: Record<string, unknown>; release: () => void } | NotSent

interface Sending {
  provider: Provider
  stored: Pick<StoredEntry, 'input'>
}

interface SendOptions {
  /** so far, of this attempt */
  tries: number
  /** for all pictures together */
  timeoutMs: number
}

/** The native body with something that the provider can fetch for each upload that it names. Costs nothing where it names none. */
export type SendReferences = (attempt: Sending, options: SendOptions) => Promise<SentReferences>

/** One for each process: it bounds what the process holds in memory, and sends one copy at a time of the same picture. */
export function createSendReferences(deps: SendingDeps): SendReferences {
  const room = createDataRoom()
  const linkToCopy = createCopier(deps)

  return async ({ provider, stored: { input } }, { tries, timeoutMs }) => {
    const sha256s = uploadsInBody(input)
    if (sha256s.length === 0) return { kind: 'ready', input, release: () => undefined }
    const { cancellationSignal: signal } = Context.current()
    const endsAtMs = performance.now() + timeoutMs
    const leftMs = (): number => Math.max(1, endsAtMs - performance.now())
    const { references } = provider
    const placeOf = async (upload: Upload): Promise<CopyOutcome> => {
      if (references.kind === 'copy') return linkToCopy(provider, references, upload, { tries, timeoutMs: leftMs() })
      const link = deps.uploadLinkOf(upload.sha256)
      return link === null ? dataAddress(deps, upload) : { kind: 'sent', url: link }
    }
    let release: (() => void) | null = null
    let isReady = false
    try {
      const uploads = await findAll(deps, sha256s)
      if (!Array.isArray(uploads)) return uploads
      const isData = references.kind === 'link_or_data' && !deps.hasCallbackAddress
      const sizeBytes = uploads.reduce((sum, upload) => sum + upload.sizeBytes, 0)
      release = isData ? await room.enter(sizeBytes, { timeoutMs: leftMs(), signal }) : () => undefined
      if (release === null) return noRoom
      const places = new Map<string, string>()
      // One after the other: together they would only share the line, and each that arrived is one less for the next try.
      for (const upload of uploads) {
        const place = await placeOf(upload)
        if (place.kind !== 'sent') return place
        places.set(upload.sha256, place.url)
      }
      isReady = true
      return { kind: 'ready', input: replaceUploads(input, (sha256) => places.get(sha256) ?? ''), release }
    } catch (error) {
      throw signal.aborted ? new CancelledFailure('cancelled before anything was sent') : error
    } finally {
      if (!isReady) release?.()
    }
  }
}

const noRoom: NotSent = {
  kind: 'failed',
  reason: 'busy',
  message: 'too many requests with pictures inside were being sent at once',
}

async function findAll(deps: SendingDeps, sha256s: readonly string[]): Promise<Upload[] | NotSent> {
  const known = new Map((await deps.ledger.readUploads(sha256s)).map((upload) => [upload.sha256, upload]))
  const missing = sha256s.find((sha256) => !known.has(sha256))
  return missing === undefined ? sha256s.flatMap((sha256) => known.get(sha256) ?? []) : isGone(missing)
}

async function dataAddress(deps: SendingDeps, upload: Upload): Promise<CopyOutcome> {
  const opened = await openPicture(deps, upload)
  if (opened.kind !== 'open') return opened
  const chunks: Buffer[] = []
  try {
    for await (const chunk of opened.stream as AsyncIterable<Buffer>) chunks.push(chunk)
  } catch (error) {
    return unreadable(deps, upload, error)
  }
  return { kind: 'sent', url: `data:${upload.contentType};base64,${Buffer.concat(chunks).toString('base64')}` }
}

// ---- after a failure ----

/**
 * A provider that could not fetch a picture of ours was given a dead link: the next one who needs that picture sends it anew. Where all
 * pictures were ours the fault is not in what the caller gave: `upload_gone`, upon which the workflow asks the same provider again.
 */
export async function forgetDeadLinks(
  deps: ActivityDeps,
  attempt: AttemptContext,
  verdict: ProviderVerdict,
): Promise<ProviderVerdict> {
  const sha256s = uploadsInBody(attempt.stored.input)
  if (verdict.reason !== 'source_image' || sha256s.length === 0) return verdict
  await deps.ledger.forgetUploadLinks(attempt.planned.provider, sha256s)
  deps.logger.warn({ provider: attempt.planned.provider, uploads: sha256s.length }, 'a provider could not fetch our pictures')
  return hasPictureLinks(attempt.stored.input) ? verdict : { ...verdict, reason: 'upload_gone' }
}

/** The uploads that a request names, as far as the ledger has them. */
export async function readNamedUploads(deps: Pick<ActivityDeps, 'ledger'>, request: GenerationRequest): Promise<Upload[]> {
  return deps.ledger.readUploads([...new Set(uploadsIn(request).map(({ sha256 }) => sha256))])
}
