// Finished pictures from the provider into our storage.
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { Context } from '@temporalio/activity'
import { activityFailure } from '../contract/index.ts'
import type { UnnumberedImage } from '../ledger/ledger.ts'
import { safeText } from '../observability/safe-text.ts'
import type { CheckedImage } from '../storage/result-store.ts'
import { attemptContext } from './attempt-context.ts'
import type { ActivityDeps } from './deps.ts'
import { inSmallGroups } from './in-small-groups.ts'
import type { AttemptInput } from './types.ts'

export interface FetchedImages {
  images: UnnumberedImage[]
  /** one sentence for each picture that could not be fetched; empty unless `partial` */
  missing: string[]
}

/**
 * Asks the provider for its links each time: they are secrets that expire, so they are neither in the history nor in the ledger, and a
 * retry gets fresh ones. Rejects with `ResultUnavailable` where there is no picture to be had now; with `partial`, only where none is.
 */
export async function fetchImages(
  deps: ActivityDeps,
  attempt: AttemptInput,
  { partial = false }: { partial?: boolean } = {},
): Promise<FetchedImages> {
  const { generationId, item, attempt: number } = attempt.ref
  const links = await freshLinks(deps, attempt)
  // Together, since one run must have time for all of them.
  const outcomes = await inSmallGroups(links, async (link): Promise<UnnumberedImage | ApplicationFailure> => {
    const image = await download(deps, link)
    if (image instanceof ApplicationFailure) return image
    await deps.pointReached?.('store.downloaded', Context.current().info.attempt)
    await deps.store.adopt(image)
    return { generationId, item, attempt: number, ...describe(image) }
  })
  const images = outcomes.flatMap((outcome) => (outcome instanceof ApplicationFailure ? [] : [outcome]))
  const problems = outcomes.flatMap((outcome) => (outcome instanceof ApplicationFailure ? [outcome] : []))
  const [problem] = problems
  if (problem !== undefined && (!partial || images.length === 0)) throw problem
  await deps.pointReached?.('store.adopted', Context.current().info.attempt)
  return { images, missing: problems.map(({ message }) => message) }
}

async function freshLinks(deps: ActivityDeps, input: AttemptInput): Promise<string[]> {
  const { ref } = input
  const attempt = await attemptContext(deps, input)
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

async function download(deps: ActivityDeps, link: string): Promise<CheckedImage | ApplicationFailure> {
  try {
    return await deps.downloadImage(link, Context.current().cancellationSignal)
  } catch (error) {
    if (error instanceof CancelledFailure) throw error
    return unavailable(error instanceof Error ? error.message : String(error))
  }
}

function describe(image: CheckedImage): Omit<UnnumberedImage, 'generationId' | 'item' | 'attempt'> {
  const { sha256, sizeBytes, contentType, width, height, provenance } = image
  return { sha256, sizeBytes, contentType, width, height, provenance }
}

function unavailable(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: activityFailure.resultUnavailable, message: safeText(message) })
}
