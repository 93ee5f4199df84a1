// A picture of ours to a provider that keeps a copy of it.
import { randomUUID } from 'node:crypto'
import { Context } from '@temporalio/activity'
import type { RefusalReason } from '../contract/index.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { LinkKey, Upload } from '../ledger/uploads-port.ts'
import type { Logger } from '../observability/logger.ts'
import { safeText } from '../observability/safe-text.ts'
import type { Provider, ReferenceWay } from '../providers/provider.ts'
import type { ActivityDeps } from './deps.ts'
import { waitWithin } from './wait-within.ts'

/** A link that is used again is good for at least so long: the provider fetches when it comes to the task, not when it is told. */
const goodForMs = 60 * 60 * 1_000

/** What sending pictures needs of `ActivityDeps`. */
export interface SendingDeps extends Pick<ActivityDeps, 'store' | 'hasCallbackAddress' | 'uploadLinkOf'> {
  ledger: Pick<Ledger, 'readUploads' | 'readUploadLink' | 'keepUploadLink'>
  logger: Pick<Logger, 'error'>
}

/** Nothing was sent. */
export type NotSent =
  /** the next try may fare better */
  | { kind: 'failed'; reason: RefusalReason; message: string }
  /** no further try would */
  | { kind: 'hopeless'; reason: RefusalReason; message: string }

export type CopyOutcome = { kind: 'sent'; url: string } | NotSent

interface CopyOptions {
  /** so far, of this attempt */
  tries: number
  timeoutMs: number
}

type CopyWay = Extract<ReferenceWay, { kind: 'copy' }>
export type Copier = (provider: Provider, way: CopyWay, upload: Upload, options: CopyOptions) => Promise<CopyOutcome>

/** The link to a copy: one that is known to be good, or that of a new copy, of which one at a time is sent, however many ask for it. */
export function createCopier(deps: SendingDeps): Copier {
  const running = new Map<string, Promise<CopyOutcome | null>>()

  return async (provider, way, upload, options) => {
    const { cancellationSignal: signal } = Context.current()
    const key: LinkKey = { sha256: upload.sha256, provider: provider.name, baseUrl: way.baseUrl }
    const name = `${key.baseUrl} ${key.sha256}`
    const endsAtMs = performance.now() + options.timeoutMs
    for (;;) {
      signal.throwIfAborted()
      const timeoutMs = Math.max(1, endsAtMs - performance.now())
      const own = running.get(name) === undefined
      // Null where whoever sends it was cancelled: that says nothing to the others, of whom one goes on.
      const work =
        running.get(name) ??
        linkToCopy(deps, provider, way, { upload, key, ...options, timeoutMs })
          .then((outcome) => (signal.aborted ? null : outcome))
          .finally(() => running.delete(name))
      if (own) running.set(name, work)
      const outcome = own ? await work : ((await waitWithin(work, { timeoutMs, signal })) ?? tooSlow(endsAtMs))
      if (outcome !== null) return outcome
    }
  }
}

function tooSlow(endsAtMs: number): NotSent | null {
  if (performance.now() < endsAtMs) return null
  return { kind: 'failed', reason: 'no_answer', message: 'the same picture was still on its way for another generation' }
}

async function linkToCopy(
  deps: SendingDeps,
  provider: Provider,
  way: CopyWay,
  { upload, key, tries, timeoutMs }: CopyOptions & { upload: Upload; key: LinkKey },
): Promise<CopyOutcome> {
  const kept = await deps.ledger.readUploadLink(key, goodForMs)
  if (kept !== null) return { kind: 'sent', url: kept }
  // The link needs no key, so any account's copy serves all of them; after a failure another one is asked.
  const account = provider.accounts[tries % Math.max(1, provider.accounts.length)] ?? 'default'
  const outcome = await sendCopy(deps, way, upload, { account, timeoutMs })
  if (outcome.kind === 'sent') {
    await deps.ledger.keepUploadLink({ ...key, account, url: outcome.url, livesMs: way.linkLivesMs })
  }
  return outcome
}

async function sendCopy(
  deps: SendingDeps,
  way: CopyWay,
  upload: Upload,
  { account, timeoutMs }: { account: string; timeoutMs: number },
): Promise<CopyOutcome> {
  const { contentType } = upload
  const opened = await openPicture(deps, upload)
  if (opened.kind !== 'open') return opened
  const { sizeBytes, stream } = opened
  try {
    // Never the same name twice: whoever cached that the last copy is gone knows nothing of this one.
    const fileName = `${randomUUID()}.${contentType.replace('image/', '')}`
    const options = { account, timeoutMs, signal: Context.current().cancellationSignal }
    const outcome = await way.upload({ fileName, contentType, sizeBytes, bytes: stream }, options)
    // Before anything that is said of the provider: it cannot be blamed for bytes that never came.
    if (stream.errored !== null) return unreadable(deps, upload, stream.errored)
    return outcome.kind === 'failed' ? outcome : { kind: 'sent', url: outcome.url }
  } finally {
    stream.destroy()
  }
}

type OpenPicture = { kind: 'open' } & NonNullable<Awaited<ReturnType<ActivityDeps['store']['open']>>>

/** Where it is not there any more, it was planned with, and somebody took it away. */
export async function openPicture(deps: SendingDeps, upload: Upload): Promise<OpenPicture | NotSent> {
  try {
    const opened = await deps.store.open(upload.sha256, upload.contentType)
    return opened === null ? isGone(upload.sha256) : { kind: 'open', ...opened }
  } catch (error) {
    return unreadable(deps, upload, error)
  }
}

export function isGone(sha256: string): NotSent {
  return { kind: 'hopeless', reason: 'source_image', message: `the upload ${sha256.slice(0, 12)}… is no longer here` }
}

/** Our disk, not the provider: another try, or another worker, may fare better. */
export function unreadable({ logger }: SendingDeps, { sha256 }: Upload, error: unknown): NotSent {
  logger.error({ err: error, sha256 }, 'an upload cannot be read from the store')
  const code = error instanceof Error && 'code' in error ? ` (${safeText(String(error.code))})` : ''
  const message = `the upload ${sha256.slice(0, 12)}… cannot be read from our store${code}`
  return { kind: 'failed', reason: 'source_image', message }
}
