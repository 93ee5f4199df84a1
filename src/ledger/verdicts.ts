// The provider's word about a task: its end and its money.
import { sql, type SqlBool } from 'kysely'
import { costOf, databaseClock, type MoneyChanges } from './attempt-rows.ts'
import { bookSpending } from './budget-usage.ts'
import type { LedgerTransaction } from './database.ts'
import type { AttemptRef, AttemptRow, ProviderVerdict } from './ledger.ts'
import { lockGeneration } from './lock-generation.ts'
import { mustSelectAttempt, tryMove } from './move-attempt.ts'
import { orderVerdicts } from './order-verdicts.ts'
import { releasePermit } from './permits.ts'
import { toText } from './storable-text.ts'

export async function recordVerdict(trx: LedgerTransaction, ref: AttemptRef, verdict: ProviderVerdict): Promise<AttemptRow> {
  // Locked, so that the end of the generation, which sums up its costs, comes either before this word or after it.
  await lockGeneration(trx, ref.generationId)
  const cost = costOf(verdict)
  const words = {
    outcome: verdict.state,
    reason: verdict.reason,
    message: verdict.message === null ? null : toText(verdict.message),
    // By the provider's clock where it says so, but never outside what ours knows to be true.
    finished_at: sql<Date>`greatest(accepted_at, least(${verdict.finishedAt}::timestamptz, ${databaseClock}))`,
    end_known_at: databaseClock,
  }
  const event = verdict.state === 'succeeded' ? 'succeed' : 'fail'
  const moved = await tryMove(trx, ref, event, { ...words, ...cost }, abandonedOnlyWhileOpen)
  if (moved !== null) {
    await releasePermit(trx, ref)
    await orderVerdicts(trx, ref)
  } else if (Object.keys(cost).length > 0) {
    await correctCost(trx, ref, verdict, cost)
  }
  await bookSpending(trx, ref.generationId)
  return mustSelectAttempt(trx, ref)
}

/** After the end of its generation an owing row is settlement's: a word of the provider's alone does not end it any more. */
const abandonedOnlyWhileOpen = sql<SqlBool>`(attempts.state <> 'abandoned' or exists (
  select from generations where generations.id = attempts.generation_id and generations.status is null))`

/** The end stays. A figure that the provider gives later for the same end, or for one that was left open, replaces our guess. */
async function correctCost(trx: LedgerTransaction, ref: AttemptRef, verdict: ProviderVerdict, cost: MoneyChanges): Promise<void> {
  await trx
    .updateTable('attempts')
    .set(cost)
    .where('generation_id', '=', ref.generationId)
    .where('item', '=', ref.item)
    .where('attempt', '=', ref.attempt)
    // A settled row has its verdict: a figure may be corrected, but it does not become free beside the word `paid`.
    .where('state', 'in', [verdict.state, 'abandoned', ...(verdict.provenFree ? [] : (['settled'] as const))])
    .execute()
}
