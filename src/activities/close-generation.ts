import { ApplicationFailure } from '@temporalio/common'
import type { Generation } from '../contract/index.ts'
import { activityFailure } from '../contract/index.ts'
import type { ActivityDeps } from './deps.ts'
import { toApplicationFailure } from './to-application-failure.ts'
import type { CloseInput } from './types.ts'

/** Ends a generation without pictures: failed or cancelled. Once ended, the first end stays (I2). */
export function createCloseGeneration(deps: ActivityDeps) {
  return async function closeGeneration({ generationId, closing }: CloseInput): Promise<Generation> {
    try {
      if ((await deps.ledger.readGeneration(generationId)) === null) {
        const message = `there is no generation ${generationId}`
        throw ApplicationFailure.create({ type: activityFailure.noSuchGeneration, message, nonRetryable: true })
      }
      return await deps.ledger.closeGeneration(generationId, closing, [])
    } catch (error) {
      throw toApplicationFailure(error)
    }
  }
}
