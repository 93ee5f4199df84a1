// Figures of a period, counted in SQL. What each of them means is said in `stats-port.ts`.
import { type RawBuilder, sql } from 'kysely'
import type { ProviderName } from '../contract/index.ts'
import { isExtraCharge } from './concerns.ts'
import { hasServed } from './has-served.ts'
import type { LedgerTransaction, Run } from './database.ts'
import { listAttempts, readTotals } from './list-attempts.ts'
import type { ProviderStats, Stats, StatsFilter, StatsPort } from './stats-port.ts'

export function statsMethods(run: Run): StatsPort {
  return {
    readStats: (filter) => run((trx) => readStats(trx, filter), { snapshot: true }),
    listAttempts: (filter) => run((trx) => listAttempts(trx, filter), { snapshot: true }),
    readTotals: (mode) => run((trx) => readTotals(trx, mode), { snapshot: true }),
  }
}

async function readStats(trx: LedgerTransaction, filter: StatsFilter): Promise<Stats> {
  const providers = await readProviders(trx, filter)
  return {
    from: filter.from.toISOString(),
    to: filter.to.toISOString(),
    mode: filter.mode,
    generations: await countGenerations(trx, filter),
    costUsd: Number(providers[0]?.total_usd ?? 0),
    providers: providers.map((row) => toProviderStats(row)),
    taskConflicts: providers.reduce((sum, { conflicts }) => sum + conflicts, 0),
  }
}

async function countGenerations(trx: LedgerTransaction, filter: StatsFilter): Promise<Stats['generations']> {
  const { rows } = await sql<Stats['generations']>`
    select count(*)::integer as made,
      count(*) filter (where status = 'completed')::integer as completed,
      count(*) filter (where status = 'failed')::integer as failed,
      count(*) filter (where status = 'cancelled')::integer as cancelled,
      count(*) filter (where status is null)::integer as open
    from generations
    where ${isWanted(filter)} and generations.created_at >= ${filter.from} and generations.created_at < ${filter.to}`.execute(trx)
  return rows[0] ?? { made: 0, completed: 0, failed: 0, cancelled: 0, open: 0 }
}

function isWanted({ mode, tenant }: StatsFilter): RawBuilder<unknown> {
  const ofTenant = tenant === undefined ? sql`true` : sql`generations.tenant = ${tenant}`
  return sql`generations.mode = ${mode} and ${ofTenant}`
}

interface ProviderRow {
  provider: ProviderName
  model: string
  attempts: number
  served: number
  succeeded: number
  ended: number
  p50_ms: number | null
  p95_ms: number | null
  pictures: number
  cost_usd: string
  cost_per_picture_usd: string | null
  measured_usd: string
  credits: string | null
  unknown: number
  adopted: number
  owing: number
  extra_charges: number
  extra_charges_usd: string
  unresolved: number
  conflicts: number
  total_usd: string
}

/** One row per provider and model, from the attempts of the period and the extra tasks of these attempts. */
async function readProviders(trx: LedgerTransaction, filter: StatsFilter): Promise<ProviderRow[]> {
  const { rows } = await sql<ProviderRow>`
    with made as (${madeAttempts(filter)}), extras as (${extraTasksOfMade()})
    select provider, model,
      count(*)::integer as attempts,
      count(distinct generation_id) filter (where has_served)::integer as served,
      count(*) filter (where state = 'succeeded')::integer as succeeded,
      count(*) filter (where state in ('succeeded', 'failed', 'rejected') or outcome in ('overdue', 'unknown'))::integer as ended,
      percentile_cont(0.5) within group (order by took_ms) filter (where state = 'succeeded') as p50_ms,
      percentile_cont(0.95) within group (order by took_ms) filter (where state = 'succeeded') as p95_ms,
      sum(delivered)::integer as pictures,
      coalesce(sum(usd), 0) + coalesce(sum(extra_usd), 0) as cost_usd,
      round((coalesce(sum(usd), 0) + coalesce(sum(extra_usd), 0)) / nullif(sum(delivered), 0), 6) as cost_per_picture_usd,
      coalesce(sum(usd) filter (where cost_source = 'measured'), 0) + coalesce(sum(extra_measured_usd), 0) as measured_usd,
      case when count(credits) + count(extra_credits) > 0 then coalesce(sum(credits), 0) + coalesce(sum(extra_credits), 0) end
        as credits,
      count(*) filter (where state = 'unknown' or outcome = 'unknown' or reason = 'no_answer' or adopted)::integer as unknown,
      count(*) filter (where adopted)::integer as adopted,
      (count(*) filter (where state = 'abandoned') + coalesce(sum(extra_owing), 0))::integer as owing,
      (count(*) filter (where is_extra) + coalesce(sum(extra_charges), 0))::integer as extra_charges,
      coalesce(sum(usd) filter (where is_extra), 0) + coalesce(sum(extra_charges_usd), 0) as extra_charges_usd,
      (count(*) filter (where verdict = 'unresolved') + coalesce(sum(extra_unresolved), 0))::integer as unresolved,
      coalesce(sum(conflicts), 0)::integer as conflicts,
      sum(coalesce(sum(usd), 0) + coalesce(sum(extra_usd), 0)) over () as total_usd
    from made left join extras using (generation_id, item, attempt)
    group by provider, model
    order by provider, model`.execute(trx)
  return rows
}

function madeAttempts(filter: StatsFilter): RawBuilder<unknown> {
  return sql`
    select attempts.*, ${hasServed('attempts')} as has_served,
      ${isExtraCharge} as is_extra,
      case when proven_free then 0 else cost_usd end as usd,
      case when proven_free then 0 else cost_credits end as credits,
      extract(epoch from finished_at - send_started_at) * 1000 as took_ms,
      (select count(*) from images where images.generation_id = attempts.generation_id and images.item = attempts.item
        and images.attempt = attempts.attempt and not spare) as delivered
    from attempts join generations on generations.id = attempts.generation_id
    where ${isWanted(filter)} and attempts.created_at >= ${filter.from} and attempts.created_at < ${filter.to}`
}

/** One row per attempt that has any, so that joining them counts no attempt twice. */
function extraTasksOfMade(): RawBuilder<unknown> {
  return sql`
    select generation_id, item, attempt, count(*) as conflicts,
      sum(extra_tasks.cost_usd) as extra_usd,
      sum(extra_tasks.cost_credits) as extra_credits,
      sum(extra_tasks.cost_usd) filter (where extra_tasks.cost_source = 'measured') as extra_measured_usd,
      count(*) filter (where extra_tasks.verdict is null) as extra_owing,
      count(*) filter (where extra_tasks.verdict = 'confirmed_extra') as extra_charges,
      sum(extra_tasks.cost_usd) filter (where extra_tasks.verdict = 'confirmed_extra') as extra_charges_usd,
      count(*) filter (where extra_tasks.verdict = 'unresolved') as extra_unresolved
    from extra_tasks join made using (generation_id, item, attempt)
    group by generation_id, item, attempt`
}

function toProviderStats(row: ProviderRow): ProviderStats {
  return {
    provider: row.provider,
    model: row.model,
    attempts: row.attempts,
    served: row.served,
    successShare: row.ended === 0 ? null : row.succeeded / row.ended,
    timeToPictureP50Ms: toWholeMs(row.p50_ms),
    timeToPictureP95Ms: toWholeMs(row.p95_ms),
    costPerPictureUsd: row.cost_per_picture_usd === null ? null : Number(row.cost_per_picture_usd),
    costUsd: Number(row.cost_usd),
    measuredUsd: Number(row.measured_usd),
    credits: row.credits === null ? null : Number(row.credits),
    unknown: row.unknown,
    adopted: row.adopted,
    owing: row.owing,
    extraCharges: row.extra_charges,
    extraChargesUsd: Number(row.extra_charges_usd),
    unresolved: row.unresolved,
  }
}

function toWholeMs(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms)
}
