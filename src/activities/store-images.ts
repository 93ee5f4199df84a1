// Fetch the finished pictures into our storage and close the generation in the same ledger transaction.
import { CancelledFailure } from '@temporalio/common'
import type { Generation } from '../contract/index.ts'
import type { ActivityDeps } from './deps.ts'
import { fetchImages } from './fetch-images.ts'
import { withHeartbeat } from './heartbeat.ts'
import { toApplicationFailure } from './to-application-failure.ts'
import type { StoreInput } from './types.ts'

/** A failed download is retried and never leads to a new paid attempt. */
export function createStoreImages(deps: ActivityDeps) {
  return async function storeImages({ ref, entry, closing }: StoreInput): Promise<Generation> {
    try {
      return await withHeartbeat(undefined, async () => {
        const images = await fetchImages(deps, ref, entry)
        const numbered = images.map((image, index) => ({ ...image, index, spare: false }))
        return deps.ledger.closeGeneration(ref.generationId, closing, numbered)
      })
    } catch (error) {
      if (error instanceof CancelledFailure) throw error
      throw toApplicationFailure(error)
    }
  }
}
