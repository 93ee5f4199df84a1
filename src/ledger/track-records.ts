// Track records, counted in SQL from the newest attempts of each track: a bounded stretch of one index, however old the ledger is.
import { type RawBuilder, sql } from 'kysely'
import type { RefusalReason, SpendMode } from '../contract/index.ts'
import type { LedgerTransaction, Run } from './database.ts'
import type { Track, TrackRecord, TrackRecordsPort } from './track-records-port.ts'

/** A week has every day of the week once. What a provider did before that, it may have repaired. */
const windowDays = 7
/** A share of 200 is known to about ±5 points. More would only make a change at a busy provider show later. */
const newestPerTrack = 200

/** What a refusal or failure must be about to count against the provider. The others are about the request, the account, or ourselves. */
const providersOwn: readonly RefusalReason[] = [
  'model_unavailable',
  'rate_limited',
  'maintenance',
  'queue_full',
  'unreachable',
  'provider_fault',
  'empty_result',
  'no_answer',
  'deadline',
]

export function trackRecordMethods(run: Run): TrackRecordsPort {
  return {
    readTrackRecords: (mode, tracks) =>
      tracks.length === 0 ? Promise.resolve([]) : run((trx) => readTrackRecords(trx, mode, tracks)),
  }
}

async function readTrackRecords(trx: LedgerTransaction, mode: SpendMode, tracks: readonly Track[]): Promise<TrackRecord[]> {
  const { rows } = await trackRecordsQuery(mode, tracks).execute(trx)
  return rows.map((row) => ({
    provider: row.provider,
    model: row.model,
    judged: row.judged,
    succeeded: row.succeeded,
    timesToPictureMs: row.times_ms,
    measured: row.measured,
    costP50Usd: row.cost_p50_usd === null ? null : Number(row.cost_p50_usd),
  }))
}

interface TrackRow extends Pick<TrackRecord, 'provider' | 'model' | 'judged' | 'succeeded' | 'measured'> {
  times_ms: number[]
  cost_p50_usd: string | null
}

/** `now()`, since the clock of the other statements is no bound for an index. The query's plan is looked at by a test. */
export function trackRecordsQuery(mode: SpendMode, tracks: readonly Track[]): RawBuilder<TrackRow> {
  const wanted = sql.join(tracks.map(({ provider, model }, at) => sql`(${at}::integer, ${provider}::text, ${model}::text)`))
  const own = sql.join(providersOwn.map((reason) => sql.lit(reason)))
  return sql<TrackRow>`
    select wanted.provider, wanted.model, shown.*
    from (values ${wanted}) as wanted (place, provider, model)
      cross join lateral (
        select count(*) filter (where succeeded or failed)::integer as judged,
          count(*) filter (where succeeded)::integer as succeeded,
          coalesce(array_agg(took_ms order by took_ms) filter (where took_ms is not null), '{}') as times_ms,
          count(paid_usd)::integer as measured,
          percentile_disc(0.5) within group (order by paid_usd) as cost_p50_usd
        from (
          select state = 'succeeded' as succeeded,
            coalesce(state <> 'succeeded' and outcome in ('failed', 'rejected', 'exhausted', 'unknown', 'overdue')
              and coalesce(reason in (${own}), true), false) as failed,
            case when state = 'succeeded' and pictures = 1
              then round(extract(epoch from end_known_at - send_started_at) * 1000)::double precision end as took_ms,
            case when state = 'succeeded' and cost_source = 'measured' and not proven_free then cost_usd / pictures end as paid_usd
          from attempts
          where attempts.mode = ${mode} and attempts.provider = wanted.provider and attempts.model = wanted.model
            and attempts.created_at >= now() - ${windowDays} * interval '1 day'
          order by attempts.created_at desc
          limit ${newestPerTrack}
        ) as newest
      ) as shown
    order by wanted.place`
}
