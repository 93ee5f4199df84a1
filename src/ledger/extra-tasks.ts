// Tasks that the provider made for an attempt beside the one it holds: its reply and its callback named different ones. Their money
// may be spent as well, so they are rows of their own.
import { type Selectable, sql } from 'kysely'
import type { ExtraTaskReport } from '../contract/index.ts'
import { costOf, databaseClock, toCost } from './attempt-rows.ts'
import type { LedgerTransaction } from './database.ts'
import type { AttemptRef } from './ledger.ts'
import { bookSpending } from './budget-usage.ts'
import { lockGeneration } from './lock-generation.ts'
import { mustSelectAttempt } from './move-attempt.ts'
import { orderVerdicts } from './order-verdicts.ts'
import type { ExtraTasksTable } from './schema.ts'
import type { SettlementFinding } from './settlement-port.ts'
import { toText } from './storable-text.ts'

export async function addExtraTask(trx: LedgerTransaction, ref: AttemptRef, taskId: string): Promise<void> {
  await lockGeneration(trx, ref.generationId)
  const { providerTaskId: own } = await mustSelectAttempt(trx, ref)
  if (own === toText(taskId)) return
  await keepExtraTask(trx, ref, taskId)
  await bookSpending(trx, ref.generationId)
}

/** Once per id, at the price of its attempt until somebody knows better. The budget is told by the caller. */
export async function keepExtraTask(trx: LedgerTransaction, ref: AttemptRef, taskId: string): Promise<void> {
  await sql`
    insert into extra_tasks (generation_id, item, attempt, provider_task_id, cost_usd, cost_credits, cost_source)
    select generation_id, item, attempt, ${toText(taskId)}, estimate_usd, estimate_credits,
      case when estimate_usd is null and estimate_credits is null then 'none' else 'estimated' end
    from attempts
    where generation_id = ${ref.generationId} and item = ${ref.item} and attempt = ${ref.attempt}
    on conflict do nothing`.execute(trx)
}

/** The attempt holds this id itself now. */
export async function dropExtraTask(trx: LedgerTransaction, ref: AttemptRef, providerTaskId: string): Promise<void> {
  await trx
    .deleteFrom('extra_tasks')
    .where('generation_id', '=', ref.generationId)
    .where('item', '=', ref.item)
    .where('attempt', '=', ref.attempt)
    .where('provider_task_id', '=', providerTaskId)
    .execute()
}

/** The first verdict stays, as with attempts; of two paid tasks, which one is extra follows from their order. */
export async function settleExtraTask(
  trx: LedgerTransaction,
  ref: AttemptRef,
  taskId: string,
  { found, cost }: SettlementFinding,
): Promise<void> {
  await lockGeneration(trx, ref.generationId)
  const { proven_free: _isFree, ...money } = costOf({ cost, provenFree: found === 'failed_free' })
  await trx
    .updateTable('extra_tasks')
    .set({ verdict: found, settled_at: databaseClock, ...money })
    .where('generation_id', '=', ref.generationId)
    .where('item', '=', ref.item)
    .where('attempt', '=', ref.attempt)
    .where('provider_task_id', '=', toText(taskId))
    .where('verdict', 'is', null)
    .execute()
  await orderVerdicts(trx, ref)
  await bookSpending(trx, ref.generationId)
}

export async function readExtraTasks(trx: LedgerTransaction, ref: AttemptRef): Promise<ExtraTaskReport[]> {
  const rows = await trx
    .selectFrom('extra_tasks')
    .selectAll()
    .where('generation_id', '=', ref.generationId)
    .where('item', '=', ref.item)
    .where('attempt', '=', ref.attempt)
    .orderBy('created_at')
    .orderBy('provider_task_id')
    .execute()
  return rows.map((row) => toExtraTaskReport(row))
}

export function toExtraTaskReport(row: Selectable<ExtraTasksTable>): ExtraTaskReport {
  return { providerTaskId: row.provider_task_id, verdict: row.verdict, cost: toCost(row) }
}
