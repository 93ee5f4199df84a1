// Fetch the finished pictures into our storage and close the generation in the same ledger transaction.
import { CancelledFailure } from '@temporalio/common'
import type { Generation, ItemFailure } from '../contract/index.ts'
import type { ActivityDeps } from './deps.ts'
import { fetchImages } from './fetch-images.ts'
import type { FetchedImages } from './fetch-images.ts'
import { withHeartbeat } from './heartbeat.ts'
import { toApplicationFailure } from './to-application-failure.ts'
import type { StoreInput } from './types.ts'

/** A failed download is retried and never leads to a new paid attempt. */
export function createStoreImages(deps: ActivityDeps) {
  return async function storeImages(input: StoreInput): Promise<Generation> {
    const { ref, closing } = input
    try {
      return await withHeartbeat(undefined, async () => {
        const fetched = await fetchImages(deps, input, input)
        const itemFailures = [...(closing.itemFailures ?? []), ...shortfall(input, fetched)]
        return deps.ledger.closeGeneration(ref.generationId, { ...closing, itemFailures }, fetched.images)
      })
    } catch (error) {
      if (error instanceof CancelledFailure) throw error
      throw toApplicationFailure(error)
    }
  }
}

/** What a task for several pictures did not deliver, or what of it could not be fetched. */
function shortfall({ ref: { item }, pictures = 1 }: StoreInput, { images, missing }: FetchedImages): ItemFailure[] {
  const delivered = images.length + missing.length
  const failures: ItemFailure[] = missing.map((message) => ({ item, type: 'ResultUnavailable', message }))
  if (delivered >= pictures) return failures
  return [...failures, { item, type: 'TooFewPictures', message: `the task made ${delivered} of ${pictures} pictures` }]
}
