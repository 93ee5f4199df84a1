// All side effects of a generation, one activity per file. Dependencies go in, functions come out.
import { createAwaitTask } from './await-task.ts'
import { createCheckBalances } from './check-balances.ts'
import { createCloseGeneration } from './close-generation.ts'
import type { ActivityDeps } from './deps.ts'
import { createListenForLostReply } from './listen-for-lost-reply.ts'
import { createPlanGeneration } from './plan-generation.ts'
import { createReconcile } from './reconcile.ts'
import { createResolveAttempt } from './resolve-attempt.ts'
import { createGiveUpSettling, createSettleAttempt } from './settle-attempt.ts'
import { createStoreImages } from './store-images.ts'
import { createStoreItem } from './store-item.ts'
import { createStoreSpares } from './store-spares.ts'
import { createSubmitTask } from './submit-task.ts'
import { createWaitForTurn } from './wait-for-turn.ts'
import { createWithdrawAttempt } from './withdraw-attempt.ts'

export type { Closing, LeftAttempt } from '../ledger/ledger.ts'
export type { ActivityDeps } from './deps.ts'

export function createActivities(deps: ActivityDeps) {
  return {
    planGeneration: createPlanGeneration(deps),
    submitTask: createSubmitTask(deps),
    withdrawAttempt: createWithdrawAttempt(deps),
    resolveAttempt: createResolveAttempt(deps),
    awaitTask: createAwaitTask(deps),
    listenForLostReply: createListenForLostReply(deps),
    storeImages: createStoreImages(deps),
    storeItem: createStoreItem(deps),
    closeGeneration: createCloseGeneration(deps),
    waitForTurn: createWaitForTurn(deps),
    settleAttempt: createSettleAttempt(deps),
    giveUpSettling: createGiveUpSettling(deps),
    storeSpares: createStoreSpares(deps),
    checkBalances: createCheckBalances(deps),
    reconcile: createReconcile(deps),
  }
}

export type Activities = ReturnType<typeof createActivities>
