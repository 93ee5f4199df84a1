// Which provider task belongs to which attempt.
//
// The index on (provider, account, task id) is not unique: a task id that was read from our own POST is always written, also when
// another attempt names it already (a provider that gives one id to two submits), because its money is spent. Only adoption may
// refuse. So that neither of two adoptions overlooks the other, both events take a lock on the task id first.
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import type { ProviderName } from '../contract/index.ts'
import { databaseClock, estimateAsCost } from './attempt-rows.ts'
import { bookSpending } from './budget-usage.ts'
import type { LedgerTransaction } from './database.ts'
import { dropExtraTask, keepExtraTask } from './extra-tasks.ts'
import type { AttemptRef, AttemptRow } from './ledger.ts'
import { lockGeneration } from './lock-generation.ts'
import { mustSelectAttempt, tryMove } from './move-attempt.ts'
import { toText } from './storable-text.ts'

const acceptance = { reason: null, message: null, accepted_at: firstAcceptance(), ...estimateAsCost }

/** An id corrected or repeated later does not change when the provider took the task. */
function firstAcceptance(): RawBuilder<Date> {
  return sql<Date>`coalesce(accepted_at, ${databaseClock})`
}

/** Both tasks are in the ledger when our reply and a callback, or two replies, name different ones: the second is an extra task. */
export async function recordTaskId(trx: LedgerTransaction, ref: AttemptRef, taskId: string): Promise<AttemptRow> {
  const providerTaskId = toText(taskId)
  await lockGeneration(trx, ref.generationId)
  const row = await mustSelectAttempt(trx, ref)
  await lockTaskId(trx, row.provider, row.account, providerTaskId)
  const locked = await mustSelectAttempt(trx, ref, { lock: true })
  if (locked.providerTaskId === providerTaskId && !locked.adopted) return locked
  // Our own reply stands: only an id that was adopted from a callback gives way to it.
  const isTaken = locked.providerTaskId !== null && !locked.adopted
  if (isTaken) {
    await keepExtraTask(trx, ref, providerTaskId)
    await bookSpending(trx, ref.generationId)
    return locked
  }
  // Where the attempt was left meanwhile, what is said about its end stays.
  const isOpen = locked.state !== 'abandoned' && locked.state !== 'settled'
  const changes = isOpen ? acceptance : { accepted_at: firstAcceptance() }
  const moved = await tryMove(trx, ref, 'record_task_id', { provider_task_id: providerTaskId, adopted: false, ...changes })
  const given = locked.providerTaskId
  if (moved === null) {
    // It ended by the adopted task; the one of our own reply was made as well.
    if (given !== null && given !== providerTaskId) await keepExtraTask(trx, ref, providerTaskId)
  } else {
    await dropExtraTask(trx, ref, providerTaskId)
    if (given !== null && given !== providerTaskId) await keepExtraTask(trx, ref, given)
  }
  await bookSpending(trx, ref.generationId)
  return moved ?? locked
}

/** Null: refused, another attempt holds the id. A row that has an id, or is past listening, is answered as it is. */
export async function adoptTaskId(trx: LedgerTransaction, ref: AttemptRef, taskId: string): Promise<AttemptRow | null> {
  const providerTaskId = toText(taskId)
  const row = await mustSelectAttempt(trx, ref)
  await lockTaskId(trx, row.provider, row.account, providerTaskId)
  if (await isTaskIdHeldElsewhere(trx, row.provider, row.account, providerTaskId, ref)) return null
  const locked = await mustSelectAttempt(trx, ref, { lock: true })
  const changes = locked.state === 'abandoned' ? { accepted_at: firstAcceptance() } : acceptance
  const adoption = { provider_task_id: providerTaskId, adopted: true, ...changes }
  return (await tryMove(trx, ref, 'adopt_task_id', adoption, sql<SqlBool>`provider_task_id is null`)) ?? locked
}

export async function isTaskIdHeldElsewhere(
  trx: LedgerTransaction,
  provider: ProviderName,
  account: string,
  providerTaskId: string,
  ref: AttemptRef,
): Promise<boolean> {
  const holder = await trx
    .selectFrom('attempts')
    .select('attempt')
    .where('provider', '=', provider)
    .where('account', '=', account)
    .where('provider_task_id', '=', toText(providerTaskId))
    .where((eb) =>
      eb.not(eb.and([eb('generation_id', '=', ref.generationId), eb('item', '=', ref.item), eb('attempt', '=', ref.attempt)])),
    )
    .limit(1)
    .executeTakeFirst()
  return holder !== undefined || (await isExtraTaskElsewhere(trx, provider, account, toText(providerTaskId), ref))
}

/**
 * An attempt of the same generation that was sent earlier and holds the same id: two items have the same prompt, so that nothing but the
 * id tells their tasks apart. Null: none.
 */
export async function earlierHolderOf(
  trx: LedgerTransaction,
  ref: AttemptRef,
  providerTaskId: string,
): Promise<AttemptRef | null> {
  const holder = await trx
    .selectFrom('attempts as other')
    .innerJoin('attempts as own', (join) =>
      join
        .onRef('own.generation_id', '=', 'other.generation_id')
        .onRef('own.provider', '=', 'other.provider')
        .onRef('own.account', '=', 'other.account'),
    )
    .select(['other.item', 'other.attempt'])
    .where('own.generation_id', '=', ref.generationId)
    .where('own.item', '=', ref.item)
    .where('own.attempt', '=', ref.attempt)
    .where('other.provider_task_id', '=', toText(providerTaskId))
    .where(sql<SqlBool>`(other.send_started_at, other.item, other.attempt) < (own.send_started_at, own.item, own.attempt)`)
    .limit(1)
    .executeTakeFirst()
  return holder === undefined ? null : { generationId: ref.generationId, ...holder }
}

async function isExtraTaskElsewhere(
  trx: LedgerTransaction,
  provider: ProviderName,
  account: string,
  providerTaskId: string,
  ref: AttemptRef,
): Promise<boolean> {
  const { rows } = await sql`
    select from extra_tasks join attempts using (generation_id, item, attempt)
    where extra_tasks.provider_task_id = ${providerTaskId} and provider = ${provider} and account = ${account}
      and (generation_id, item, attempt) <> (${ref.generationId}, ${ref.item}::integer, ${ref.attempt}::integer)
    limit 1`.execute(trx)
  return rows.length > 0
}

/** Until the transaction ends. Always before the row's own lock, so that two of them cannot wait for each other. */
async function lockTaskId(trx: LedgerTransaction, provider: string, account: string, providerTaskId: string): Promise<void> {
  const key = JSON.stringify(['task', provider, account, providerTaskId])
  await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(trx)
}
