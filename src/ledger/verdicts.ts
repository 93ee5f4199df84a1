// The provider's word about a task: its end and its money.
import { sql } from 'kysely'
import { databaseClock, freeOfCharge, toAmount } from './attempt-rows.ts'
import type { LedgerTransaction } from './database.ts'
import type { AttemptRef, AttemptRow, ProviderVerdict } from './ledger.ts'
import { type AttemptChanges, mustSelectAttempt, tryMove } from './move-attempt.ts'
import { toText } from './storable-text.ts'

export async function recordVerdict(trx: LedgerTransaction, ref: AttemptRef, verdict: ProviderVerdict): Promise<AttemptRow> {
  const cost = costOf(verdict)
  const moved = await tryMove(trx, ref, verdict.state === 'succeeded' ? 'succeed' : 'fail', {
    outcome: verdict.state,
    reason: verdict.reason,
    message: verdict.message === null ? null : toText(verdict.message),
    // By the provider's clock where it says so, but never outside what ours knows to be true.
    finished_at: sql<Date>`greatest(accepted_at, least(${verdict.finishedAt}::timestamptz, ${databaseClock}))`,
    ...cost,
  })
  if (moved !== null) return moved
  // The end stays. A figure that the provider gives later for the same end, or for one that was left open, replaces our guess.
  if (Object.keys(cost).length > 0) {
    await trx
      .updateTable('attempts')
      .set(cost)
      .where('generation_id', '=', ref.generationId)
      .where('item', '=', ref.item)
      .where('attempt', '=', ref.attempt)
      .where('state', 'in', [verdict.state, 'abandoned', 'settled'])
      .execute()
  }
  return mustSelectAttempt(trx, ref)
}

/** What a verdict says about money; nothing where the estimate stays the best we know. */
function costOf({ cost, provenFree }: ProviderVerdict): AttemptChanges {
  const isMeasured = cost?.source === 'measured'
  if (provenFree) return { ...freeOfCharge, ...(isMeasured ? { cost_source: 'measured' as const } : {}) }
  const usd = isMeasured ? toAmount(cost.usd) : null
  const credits = isMeasured ? toAmount(cost.credits) : null
  if (usd === null && credits === null) return {}
  return { cost_usd: usd, cost_credits: credits, cost_source: 'measured' }
}
