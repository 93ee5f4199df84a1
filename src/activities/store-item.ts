// The picture of one item of several: stored as soon as it is there, while the others are still being made.
import { CancelledFailure } from '@temporalio/common'
import type { ActivityDeps } from './deps.ts'
import { fetchImages } from './fetch-images.ts'
import { withHeartbeat } from './heartbeat.ts'
import { toApplicationFailure } from './to-application-failure.ts'
import type { AttemptInput } from './types.ts'

/** The generation stays open; once, however often it is run. A failed download is retried and never leads to a new paid attempt. */
export function createStoreItem(deps: ActivityDeps) {
  return async function storeItem(input: AttemptInput): Promise<void> {
    try {
      await withHeartbeat(undefined, async () => {
        const { images } = await fetchImages(deps, input)
        await deps.ledger.addItemImages(input.ref, images)
      })
    } catch (error) {
      if (error instanceof CancelledFailure) throw error
      throw toApplicationFailure(error)
    }
  }
}
