// The picture of an attempt that was left behind came after another one had served, and the caller wants it kept: it is paid for.
import { CancelledFailure } from '@temporalio/common'
import type { ActivityDeps } from './deps.ts'
import { fetchImages } from './fetch-images.ts'
import { withHeartbeat } from './heartbeat.ts'
import { toApplicationFailure } from './to-application-failure.ts'
import type { SettlementInput } from './types.ts'

/** Stored behind the pictures that served, marked `spare`; once, however often it is run. */
export function createStoreSpares(deps: ActivityDeps) {
  return async function storeSpares(input: SettlementInput): Promise<void> {
    try {
      await withHeartbeat(undefined, async () => {
        const { images } = await fetchImages(deps, input)
        await deps.ledger.addSpares(input.ref, images)
      })
    } catch (error) {
      if (error instanceof CancelledFailure) throw error
      throw toApplicationFailure(error)
    }
  }
}
