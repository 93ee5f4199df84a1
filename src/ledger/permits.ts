// Permits: who may send now. One row per send, so that nothing can be given back twice and no counter can drift. // I8
//
// A permit counts in the window of its account from its grant until one window after its answer, or after its send deadline where
// no answer came. The provider counts a task somewhere between the two ends of our send; we count it from the earlier one until a
// window after the later one, so that no delay on the network and no order of arrival makes a window there fuller than ours.
import { sql } from 'kysely'
import { databaseClock } from './attempt-rows.ts'
import type { LedgerTransaction } from './database.ts'
import type { AttemptRef } from './ledger.ts'

/** The columns round to milliseconds; up by one, so that no permit stops counting a moment too early. */
export const roundingMs = 1

/**
 * The attempt is not at work at the provider any more: refused, ended, settled. Again, or without a permit: no effect. Only permits of
 * this attempt are touched. Whether it still counts in the window is another matter.
 */
export async function releasePermit(trx: LedgerTransaction, ref: AttemptRef): Promise<void> {
  await permitsOf(trx, ref).set({ released_at: databaseClock }).where('released_at', 'is', null).execute()
}

/** The send has its answer, or its run says that it is over: it counts for one window from now. Again: no effect. */
export async function answerPermit(trx: LedgerTransaction, ref: AttemptRef, windowMs?: number): Promise<void> {
  const ownWindowMs = windowMs === undefined ? sql.ref('window_ms') : sql.val(windowMs)
  await permitsOf(trx, ref)
    .set({
      open_until: null,
      counts_until: sql<Date>`${databaseClock} + (${ownWindowMs} + ${sql.lit(roundingMs)}) * interval '1 millisecond'`,
    })
    .where('open_until', 'is not', null)
    .where('send_id', 'is not', null)
    .execute()
}

function permitsOf(trx: LedgerTransaction, ref: AttemptRef) {
  return trx
    .updateTable('permits')
    .where('generation_id', '=', ref.generationId)
    .where('item', '=', ref.item)
    .where('attempt', '=', ref.attempt)
}
