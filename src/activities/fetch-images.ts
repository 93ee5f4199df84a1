// Finished pictures from the provider into our storage.
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { Context } from '@temporalio/activity'
import { activityFailure } from '../contract/index.ts'
import type { AttemptRef, NewImage } from '../ledger/ledger.ts'
import { safeText } from '../observability/safe-text.ts'
import type { CheckedImage } from '../storage/result-store.ts'
import { attemptContext } from './attempt-context.ts'
import type { ActivityDeps } from './deps.ts'

type FetchedImage = Omit<NewImage, 'index' | 'spare'>

/**
 * Asks the provider for its links each time: they are secrets that expire, so they are neither in the history nor in the ledger, and a
 * retry gets fresh ones. Rejects with `ResultUnavailable` where there is no picture to be had now.
 */
export async function fetchImages(deps: ActivityDeps, ref: AttemptRef, entry: number): Promise<FetchedImage[]> {
  const images: FetchedImage[] = []
  for (const link of await freshLinks(deps, ref, entry)) {
    const image = await download(deps, link)
    await deps.pointReached?.('store.downloaded', Context.current().info.attempt)
    await deps.store.adopt(image)
    images.push({ generationId: ref.generationId, item: ref.item, attempt: ref.attempt, ...describe(image) })
  }
  await deps.pointReached?.('store.adopted', Context.current().info.attempt)
  return images
}

async function freshLinks(deps: ActivityDeps, ref: AttemptRef, entry: number): Promise<string[]> {
  const attempt = await attemptContext(deps, ref, entry)
  const row = await deps.ledger.readAttempt(ref)
  if (row === null || row.providerTaskId === null) throw new Error(`attempt ${ref.attempt} of ${ref.generationId} has no task id`)
  const answer = await attempt.provider.query(attempt.stored.api, row.providerTaskId, {
    account: row.account,
    timeoutMs: deps.limits.queryTimeoutMs,
    signal: Context.current().cancellationSignal,
  })
  if (answer.kind !== 'snapshot') throw unavailable(`${row.provider} does not say where the picture is: ${answer.message}`)
  if (answer.snapshot.sourceUrls.length === 0) throw unavailable(`${row.provider} names no picture (${answer.snapshot.rawState})`)
  return answer.snapshot.sourceUrls
}

async function download(deps: ActivityDeps, link: string): Promise<CheckedImage> {
  try {
    return await deps.downloadImage(link, Context.current().cancellationSignal)
  } catch (error) {
    if (error instanceof CancelledFailure) throw error
    throw unavailable(error instanceof Error ? error.message : String(error))
  }
}

function describe(image: CheckedImage): Omit<FetchedImage, 'generationId' | 'item' | 'attempt'> {
  const { sha256, sizeBytes, contentType, width, height, provenance } = image
  return { sha256, sizeBytes, contentType, width, height, provenance }
}

function unavailable(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: activityFailure.resultUnavailable, message: safeText(message) })
}
