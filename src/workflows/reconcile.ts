// Reads the balances, then compares the ledger with Temporal and with them. By a schedule, at the start of a worker, or by hand.
import { isCancellation, proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import type { ReconcileInput, ReconcileResult } from '../activities/reconcile-types.ts'
import { generationFailed, sentenceOf } from './failures.ts'

export async function Reconcile({ repair, scope, limits }: ReconcileInput): Promise<ReconcileResult> {
  const { checkBalances, reconcile } = proxyActivities<Pick<Activities, 'checkBalances' | 'reconcile'>>({
    startToCloseTimeout: limits.startToCloseMs,
    heartbeatTimeout: limits.heartbeatTimeoutMs,
    scheduleToCloseTimeout: limits.scheduleToCloseMs,
    // Each try begins anew and repeats nothing: what was repaired is not found again.
    retry: { initialInterval: 1_000, maximumInterval: 30_000 },
  })
  try {
    // First: the newest reading is what the ledger is compared with.
    const accounts = await checkBalances()
    return { repair, accounts, report: scope === 'balances' ? null : await reconcile({ repair, limits }) }
  } catch (error) {
    if (isCancellation(error)) throw error
    throw generationFailed({ type: 'ServiceUnavailable', message: sentenceOf(error) }, null)
  }
}
