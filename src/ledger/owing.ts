// Attempts that somebody must still look after.
import { type RawBuilder, type Selectable, sql } from 'kysely'
import { toAttemptRow } from './attempt-rows.ts'
import type { LedgerTransaction } from './database.ts'
import { claimsCount, openClaimsQuery } from './open-claims.ts'
import type { AttemptsTable } from './schema.ts'
import type { OwingAttempt, SettlementPort } from './settlement-port.ts'

type OwingRow = Selectable<AttemptsTable> & { has_open_claims: boolean }

/** `of` narrows each part by its `generation_id`, so that none of them reads a whole table where one generation is asked for. */
function owingQuery(of: RawBuilder<unknown>): RawBuilder<OwingRow> {
  return sql<OwingRow>`
    with claims as (
      select distinct generation_id, item, attempt from (${openClaimsQuery(of)}) as open
      join attempts using (generation_id, item, attempt) where ${claimsCount}
      union
      select generation_id, item, attempt from extra_tasks where verdict is null and ${of}
    ), owing as (
      select generation_id, item, attempt from attempts where state = 'abandoned' and ${of}
      union
      select generation_id, item, attempt from claims
    )
    select attempts.*, claims.attempt is not null as has_open_claims
    from owing join attempts using (generation_id, item, attempt)
      left join claims using (generation_id, item, attempt)
      join generations on generations.id = owing.generation_id`
}

export async function owingOf(trx: LedgerTransaction, generationId: string): Promise<OwingAttempt[]> {
  const { rows } = await sql<OwingRow>`${owingQuery(sql`generation_id = ${generationId}`)}
    order by attempts.item, attempts.attempt`.execute(trx)
  return rows.map((row) => toOwing(row))
}

/** "Left" is the end of the attempt; one that has no end of its own (it served, and its word was never written) counts from its birth. */
export async function listOwing(
  trx: LedgerTransaction,
  { mode, leftBefore, limit }: Parameters<SettlementPort['listOwing']>[0],
): Promise<OwingAttempt[]> {
  const { rows } = await sql<OwingRow>`${owingQuery(sql`true`)}
    where generations.status is not null and attempts.mode = ${mode}
      and coalesce(attempts.finished_at, attempts.created_at) < ${leftBefore}
    order by coalesce(attempts.finished_at, attempts.created_at), attempts.generation_id, attempts.item, attempts.attempt
    limit ${limit}`.execute(trx)
  return rows.map((row) => toOwing(row))
}

function toOwing(row: OwingRow): OwingAttempt {
  return { ...toAttemptRow(row), hasOpenClaims: row.has_open_claims }
}
