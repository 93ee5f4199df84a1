// Pictures that only we have, on their way to a provider. The plan names them (`upload:…`); what stands in their place in the body that is
// posted is made here, and is in no history: a link to the provider's own copy, a signed link of ours, or the bytes themselves.
import { randomUUID } from 'node:crypto'
import { Context } from '@temporalio/activity'
import { CancelledFailure } from '@temporalio/common'
import { replaceUploads, uploadsIn, uploadsInBody } from '../catalog/upload-name.ts'
import type { GenerationRequest, RefusalReason } from '../contract/index.ts'
import type { Upload } from '../ledger/uploads-port.ts'
import type { Provider, ReferenceWay, Snapshot } from '../providers/provider.ts'
import type { AttemptContext } from './attempt-context.ts'
import type { ActivityDeps } from './deps.ts'

/** A link that is used again is good for at least so long: the provider fetches when it comes to the task, not when it is told. */
const goodForMs = 60 * 60 * 1_000

export type SentReferences =
  | { kind: 'ready'; input: Record<string, unknown> }
  /** the next try may fare better */
  | { kind: 'failed'; reason: RefusalReason; message: string }
  /** no further try would */
  | { kind: 'hopeless'; reason: RefusalReason; message: string }

/** Ends a run over several pictures. Never leaves this file. */
class NotSent extends Error {
  readonly outcome: Exclude<SentReferences, { kind: 'ready' }>
  constructor(outcome: Exclude<SentReferences, { kind: 'ready' }>) {
    super(outcome.message)
    this.outcome = outcome
  }
}

/** The native body with something that the provider can fetch for each upload that it names. Costs nothing where it names none. */
export async function sendReferences(
  deps: ActivityDeps,
  attempt: AttemptContext,
  { tries, timeoutMs: allowedMs }: { tries: number; timeoutMs: number },
): Promise<SentReferences> {
  const { input } = attempt.stored
  const sha256s = uploadsInBody(input)
  if (sha256s.length === 0) return { kind: 'ready', input }
  const known = new Map((await deps.ledger.readUploads(sha256s)).map((upload) => [upload.sha256, upload]))
  const places = new Map<string, string>()
  const endsAtMs = performance.now() + allowedMs
  try {
    // One after the other: together they would only share the line, and each that arrived is one less for the next try.
    for (const sha256 of sha256s) {
      const upload = known.get(sha256)
      if (upload === undefined) throw isGone(sha256)
      const timeoutMs = Math.max(1, endsAtMs - performance.now())
      places.set(sha256, await placeOf(deps, attempt.provider, upload, { tries, timeoutMs }))
    }
  } catch (error) {
    if (Context.current().cancellationSignal.aborted) throw new CancelledFailure('cancelled before anything was sent')
    if (error instanceof NotSent) return error.outcome
    throw error
  }
  return { kind: 'ready', input: replaceUploads(input, (sha256) => places.get(sha256) ?? '') }
}

async function placeOf(
  deps: ActivityDeps,
  provider: Provider,
  upload: Upload,
  { tries, timeoutMs }: { tries: number; timeoutMs: number },
): Promise<string> {
  const { references } = provider
  if (references.kind === 'link_or_data') return deps.uploadLinkOf(upload.sha256) ?? (await dataAddress(deps, upload))
  const key = { sha256: upload.sha256, provider: provider.name, baseUrl: references.baseUrl }
  const kept = await deps.ledger.readUploadLink(key, goodForMs)
  if (kept !== null) return kept
  // The link needs no key, so any account's copy serves all of them; after a failure another one is asked.
  const account = provider.accounts[tries % Math.max(1, provider.accounts.length)] ?? 'default'
  const url = await sendCopy(deps, references, upload, { account, timeoutMs })
  await deps.ledger.keepUploadLink({ ...key, account, url, livesMs: references.linkLivesMs })
  return url
}

async function sendCopy(
  deps: ActivityDeps,
  references: Extract<ReferenceWay, { kind: 'copy' }>,
  { sha256, contentType }: Upload,
  { account, timeoutMs }: { account: string; timeoutMs: number },
): Promise<string> {
  const opened = await deps.store.open(sha256, contentType)
  if (opened === null) throw isGone(sha256)
  try {
    const outcome = await references.upload(
      // Never the same name twice: whoever cached that the last copy is gone knows nothing of this one.
      {
        fileName: `${randomUUID()}.${contentType.replace('image/', '')}`,
        contentType,
        sizeBytes: opened.sizeBytes,
        bytes: opened.stream,
      },
      { account, timeoutMs, signal: Context.current().cancellationSignal },
    )
    if (outcome.kind === 'failed') throw new NotSent(outcome)
    return outcome.url
  } finally {
    opened.stream.destroy()
  }
}

async function dataAddress({ store }: ActivityDeps, { sha256, contentType }: Upload): Promise<string> {
  const opened = await store.open(sha256, contentType)
  if (opened === null) throw isGone(sha256)
  const chunks: Buffer[] = []
  for await (const chunk of opened.stream as AsyncIterable<Buffer>) chunks.push(chunk)
  return `data:${contentType};base64,${Buffer.concat(chunks).toString('base64')}`
}

/** Planned with it, and now neither ledger nor store has it: somebody took it away. */
function isGone(sha256: string): NotSent {
  return new NotSent({
    kind: 'hopeless',
    reason: 'source_image',
    message: `the upload ${sha256.slice(0, 12)}… is no longer here`,
  })
}

// ---- after a failure ----

/**
 * A provider that could not fetch a picture of ours was given a dead link: the next one who needs that picture sends it anew. Where all
 * pictures were ours the fault is not in what the caller gave, so that the next provider may be asked.
 */
export async function forgetDeadLinks(deps: ActivityDeps, attempt: AttemptContext, snapshot: Snapshot): Promise<Snapshot> {
  const sha256s = uploadsInBody(attempt.stored.input)
  if (snapshot.failureReason !== 'source_image' || sha256s.length === 0) return snapshot
  await deps.ledger.forgetUploadLinks(attempt.planned.provider, sha256s)
  deps.logger.warn({ provider: attempt.planned.provider, uploads: sha256s.length }, 'a provider could not fetch our pictures')
  return hasForeignPictures(attempt.stored.input) ? snapshot : { ...snapshot, failureReason: 'provider_fault' }
}

function hasForeignPictures(value: unknown): boolean {
  if (typeof value === 'string') return value.startsWith('https://')
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((each) => hasForeignPictures(each))
}

/** The uploads that a request names, as far as the ledger has them. */
export async function readNamedUploads(deps: Pick<ActivityDeps, 'ledger'>, request: GenerationRequest): Promise<Upload[]> {
  return deps.ledger.readUploads([...new Set(uploadsIn(request).map(({ sha256 }) => sha256))])
}
