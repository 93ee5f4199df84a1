// What the ledger can say to those who compare it with Temporal and with the providers' balances.
import { sql } from 'kysely'
import type { ProviderName } from '../contract/index.ts'
import type { LedgerTransaction } from './database.ts'
import type { BalanceComparison, SettlementPort } from './settlement-port.ts'

export async function listOpenGenerations(
  trx: LedgerTransaction,
  { mode, before, limit }: Parameters<SettlementPort['listOpenGenerations']>[0],
): Promise<{ id: string; createdAt: Date }[]> {
  const rows = await trx
    .selectFrom('generations')
    .select(['id', 'created_at'])
    .where('status', 'is', null)
    .where('mode', '=', mode)
    .where('created_at', '<', before)
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(({ id, created_at: createdAt }) => ({ id, createdAt }))
}

interface ComparisonRow {
  provider: ProviderName
  account: string
  unit: 'credits' | 'usd'
  from_at: Date
  from_balance: string
  to_at: Date
  to_balance: string
  taken: string
  booked: string
  measured: string
  owing: number
  unresolved: number
}

/**
 * An account with one reading, or with readings of different units only, cannot be compared and is left out. Attempts count by the time
 * of their newest send: what was sent before the first reading may have been taken after it, which shows as a difference of its own.
 */
export async function compareBalances(
  trx: LedgerTransaction,
  { mode, from, to }: Parameters<SettlementPort['compareBalances']>[0],
): Promise<BalanceComparison[]> {
  const { rows } = await sql<ComparisonRow>`
    with readings as (
      select provider, account, at, 'credits' as unit, credits as balance from balances
      where mode = ${mode} and at between ${from} and ${to} and credits is not null
      union all
      select provider, account, at, 'usd', usd from balances
      where mode = ${mode} and at between ${from} and ${to} and usd is not null and credits is null
    ), ends as (
      select provider, account, unit, min(at) as from_at, max(at) as to_at,
        (array_agg(balance order by at))[1] as from_balance, (array_agg(balance order by at desc))[1] as to_balance
      from readings group by provider, account, unit having min(at) < max(at)
    ), sent as (
      select generation_id, item, attempt, attempts.provider, attempts.account, unit, state, verdict, proven_free,
        cost_source, case unit when 'credits' then cost_credits else cost_usd end as cost
      from attempts join ends using (provider, account)
      where attempts.mode = ${mode} and send_started_at >= from_at and send_started_at < to_at
    ), tasks as (
      select provider, account, unit, case when proven_free then 0 else cost end as cost, cost_source,
        state in ('sending', 'accepted', 'unknown', 'abandoned') as is_owing, verdict is not distinct from 'unresolved' as is_unresolved
      from sent
      union all
      select sent.provider, sent.account, unit, case unit when 'credits' then cost_credits else cost_usd end, extra.cost_source,
        extra.verdict is null, extra.verdict is not distinct from 'unresolved'
      from extra_tasks as extra join sent using (generation_id, item, attempt)
    )
    select ends.provider, ends.account, ends.unit, from_at, from_balance, to_at, to_balance,
      from_balance - to_balance as taken,
      coalesce(sum(cost), 0) as booked,
      coalesce(sum(cost) filter (where cost_source = 'measured'), 0) as measured,
      count(*) filter (where is_owing)::integer as owing,
      count(*) filter (where is_unresolved)::integer as unresolved
    from ends left join tasks using (provider, account, unit)
    group by ends.provider, ends.account, ends.unit, from_at, from_balance, to_at, to_balance
    order by ends.provider, ends.account, ends.unit`.execute(trx)
  return rows.map((row) => ({
    provider: row.provider,
    account: row.account,
    unit: row.unit,
    from: { at: row.from_at, balance: Number(row.from_balance) },
    to: { at: row.to_at, balance: Number(row.to_balance) },
    taken: Number(row.taken),
    booked: Number(row.booked),
    measured: Number(row.measured),
    owing: row.owing,
    unresolved: row.unresolved,
  }))
}
