// When the first callback came that names the task of an attempt: for whoever measures how long a provider takes to tell.
import { sql } from 'kysely'
import type { LedgerTransaction } from './database.ts'
import type { AttemptRef } from './ledger.ts'

export interface FirstCallback extends AttemptRef {
  receivedAt: Date
}

/** Of several generations at once. */
export async function firstCallbacksOf(trx: LedgerTransaction, generationIds: string[]): Promise<FirstCallback[]> {
  const { rows } = await sql<{ generation_id: string; item: number; attempt: number; first_at: Date }>`
    select generation_id, item, attempt, min(hints.received_at) as first_at
    from hints join attempts using (generation_id, item, attempt)
    where generation_id in (${sql.join(generationIds)}) and hints.claimed_task_id = attempts.provider_task_id
    group by generation_id, item, attempt`.execute(trx)
  return rows.map(({ generation_id: generationId, item, attempt, first_at: receivedAt }) => ({
    generationId,
    item,
    attempt,
    receivedAt,
  }))
}
