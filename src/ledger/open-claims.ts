// Claims of callbacks that nobody has looked up: a task id that is neither the attempt's own, nor kept as extra, nor dismissed.
import { type RawBuilder, sql } from 'kysely'
import type { LedgerTransaction } from './database.ts'
import type { AttemptRef } from './ledger.ts'

export interface OpenClaim extends AttemptRef {
  claimedTaskId: string
}

/**
 * While the fate of a send is open, its claims are being looked at anyway, by whoever listens for the lost reply. After that, whatever
 * they name may be a second task.
 */
export const claimsCount = sql<boolean>`(attempts.provider_task_id is not null or attempts.state not in ('claimed', 'sending', 'unknown'))`

/** Open claims as a query of (generation_id, item, attempt, claimed_task_id); `where` narrows the hints. One row per id. */
export function openClaimsQuery(where: RawBuilder<unknown>): RawBuilder<ClaimRow> {
  return sql<ClaimRow>`
    select hints.generation_id, hints.item, hints.attempt, hints.claimed_task_id, min(hints.received_at) as first_at
    from hints
    where hints.claimed_task_id is not null and ${where}
      and not exists (select from attempts where attempts.generation_id = hints.generation_id and attempts.item = hints.item
        and attempts.attempt = hints.attempt and attempts.provider_task_id = hints.claimed_task_id)
      and not exists (select from extra_tasks where extra_tasks.generation_id = hints.generation_id
        and extra_tasks.item = hints.item and extra_tasks.attempt = hints.attempt
        and extra_tasks.provider_task_id = hints.claimed_task_id)
    group by hints.generation_id, hints.item, hints.attempt, hints.claimed_task_id
    -- the same claim may come again with another state after it was dismissed
    having bool_and(hints.dismissed is null)`
}

interface ClaimRow {
  generation_id: string
  item: number
  attempt: number
  claimed_task_id: string
  first_at: Date
}

export async function openClaims(trx: LedgerTransaction, ref: AttemptRef): Promise<string[]> {
  const own = sql`hints.generation_id = ${ref.generationId} and hints.item = ${ref.item} and hints.attempt = ${ref.attempt}`
  const { rows } = await sql<ClaimRow>`${openClaimsQuery(own)} order by first_at, claimed_task_id`.execute(trx)
  return rows.map(({ claimed_task_id: id }) => id)
}

/** Those that count, of several generations at once. */
export async function openClaimsOf(trx: LedgerTransaction, generationIds: string[]): Promise<OpenClaim[]> {
  const { rows } = await sql<ClaimRow>`
    select claims.* from (${openClaimsQuery(sql`hints.generation_id in (${sql.join(generationIds)})`)}) as claims
    join attempts using (generation_id, item, attempt) where ${claimsCount}`.execute(trx)
  return rows.map(({ generation_id: generationId, item, attempt, claimed_task_id: claimedTaskId }) => ({
    generationId,
    item,
    attempt,
    claimedTaskId,
  }))
}

/** `why` is kept with the claim; what was dismissed once stays so, whatever state it claims later. */
export async function dismissClaim(trx: LedgerTransaction, ref: AttemptRef, claimedTaskId: string, why: string): Promise<void> {
  await trx
    .updateTable('hints')
    .set({ dismissed: why })
    .where('generation_id', '=', ref.generationId)
    .where('item', '=', ref.item)
    .where('attempt', '=', ref.attempt)
    .where('claimed_task_id', '=', claimedTaskId)
    .where('dismissed', 'is', null)
    .execute()
}
