// Track records from rows made by hand, each of which has one reason to be counted or not.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import type { AttemptState, ProviderName, RefusalReason } from '../../../src/contract/index.ts'
import { openDatabase } from '../../../src/ledger/database.ts'
import { trackRecordsQuery } from '../../../src/ledger/track-records.ts'
import type { TrackRecord } from '../../../src/ledger/track-records-port.ts'
import { ledgerBackends, suiteLedger } from '../../helpers/ledger.ts'
import { accepted, execute } from './fixtures.ts'

interface Batch {
  model: string
  state: AttemptState
  provider?: ProviderName
  mode?: 'mock' | 'live'
  outcome?: string
  reason?: RefusalReason
  verdict?: string
  tookMs?: number
  usd?: number
  pictures?: number
  costSource?: 'measured' | 'estimated'
  ageHours?: number
  count?: number
}

for (const backend of ledgerBackends) {
  describe(`track records (${backend})`, () => {
    const own = suiteLedger({ backend })
    let batches = 0

    /** Alike attempts, each of a generation of its own. */
    async function write(batch: Batch): Promise<void> {
      const { model, state, provider = 'kie', mode = 'mock', count = 1, ageHours = 1 } = batch
      batches += 1
      const ids = Array.from({ length: count }, (_, at) => `gen_${batches}_${at}`)
      const { connection } = own()
      await execute(
        connection,
        `insert into generations (id, request_sha256, request, mode) select id, 'a', '{}', $2 from unnest($1::text[]) as id`,
        [ids, mode],
      )
      const end = batch.tookMs ?? null
      await execute(
        connection,
        `insert into attempts (generation_id, item, attempt, provider, account, base_url, mode, api, model, request_sha256, state,
           outcome, reason, verdict, settled_at, send_started_at, end_known_at, cost_usd, cost_source, created_at, send_id, send_deadline_at, pictures)
         select id, 0, 1, $2, 'default', 'http://127.0.0.1:9', $3, 'market', $4, 'b', $5, $6, $7, $8,
           case when $8::text is null then null else clock_timestamp() end,
           to_timestamp(0), to_timestamp($9::double precision / 1000), $10, $11,
           clock_timestamp() - $12 * interval '1 hour', 's', clock_timestamp(), $13
         from unnest($1::text[]) as id`,
        [
          ids,
          provider,
          mode,
          model,
          state,
          batch.outcome ?? (state === 'succeeded' || state === 'failed' || state === 'rejected' ? state : null),
          batch.reason ?? null,
          batch.verdict ?? null,
          end,
          batch.usd ?? null,
          batch.costSource ?? 'none',
          ageHours,
          batch.pictures ?? 1,
        ],
      )
    }
    const read = async (model: string, provider: ProviderName = 'kie'): Promise<TrackRecord> => {
      const [record] = await own().ledger.readTrackRecords('mock', [{ provider, model }])
      assert.ok(record)
      return record
    }

    test('an end that says something about the provider is judged, every other one is not', async () => {
      await write({ model: 'judged', state: 'succeeded', count: 3 })
      for (const row of [
        { state: 'failed', reason: 'provider_fault' },
        { state: 'failed', reason: 'empty_result' },
        { state: 'rejected', reason: 'model_unavailable' },
        { state: 'withdrawn', outcome: 'exhausted', reason: 'rate_limited' },
        { state: 'withdrawn', outcome: 'exhausted', reason: 'unreachable' },
        { state: 'abandoned', outcome: 'overdue', reason: 'deadline' },
        { state: 'settled', outcome: 'unknown', reason: 'no_answer', verdict: 'paid' },
      ] as const)
        await write({ model: 'judged', ...row })
      for (const row of [
        { state: 'failed', reason: 'content_policy' },
        { state: 'rejected', reason: 'invalid_input' },
        { state: 'failed', reason: 'source_image' },
        { state: 'rejected', reason: 'no_credits' },
        { state: 'rejected', reason: 'auth' },
        { state: 'withdrawn', outcome: 'exhausted', reason: 'busy' },
        { state: 'withdrawn', outcome: 'exhausted', reason: 'paused' },
        { state: 'withdrawn', outcome: 'exhausted', reason: 'ledger_unavailable' },
        { state: 'withdrawn', outcome: 'cancelled', reason: 'withdrawn' },
        { state: 'abandoned', outcome: 'cancelled', reason: 'deadline' },
        { state: 'claimed' },
        { state: 'sending' },
        { state: 'accepted' },
        { state: 'unknown' },
      ] as const)
        await write({ model: 'judged', ...row })
      const { judged, succeeded } = await read('judged')
      assert.deepEqual({ judged, succeeded }, { judged: 10, succeeded: 3 })
    })

    test('times and costs are those of succeeded attempts, costs only where the provider named them, per picture', async () => {
      for (const tookMs of [9_000, 1_000, 2_000]) await write({ model: 'timed', state: 'succeeded', tookMs })
      await write({ model: 'timed', state: 'succeeded' })
      // Four pictures of one task take longer than one.
      await write({ model: 'timed', state: 'succeeded', tookMs: 50_000, pictures: 4 })
      await write({ model: 'timed', state: 'failed', tookMs: 100, usd: 9, costSource: 'measured' })
      for (const [usd, pictures] of [
        [0.01, 1],
        [0.08, 4],
        [0.5, 1],
      ] as const)
        await write({ model: 'timed', state: 'succeeded', usd, pictures, costSource: 'measured' })
      await write({ model: 'timed', state: 'succeeded', usd: 9, costSource: 'estimated' })
      assert.deepEqual(await read('timed'), {
        provider: 'kie',
        model: 'timed',
        judged: 10,
        succeeded: 9,
        timesToPictureMs: [1_000, 2_000, 9_000],
        measured: 3,
        costP50Usd: 0.02,
      })
    })

    test('the end of a time is when the word about it was recorded, whatever the clock of the provider says', async () => {
      const ref = await accepted(own().ledger, { model: 'other clock' })
      const finishedAt = new Date(Date.now() - 3_600_000)
      const { ledger, connection } = own()
      await execute(
        connection,
        `update attempts set send_started_at = send_started_at - interval '7 seconds' where generation_id = $1`,
        [ref.generationId],
      )
      await ledger.recordVerdict(ref, {
        state: 'succeeded',
        reason: null,
        message: null,
        cost: null,
        provenFree: false,
        finishedAt,
      })
      const { timesToPictureMs } = await read('other clock')
      assert.equal(timesToPictureMs.length, 1)
      assert.ok(
        timesToPictureMs.every((ms) => ms >= 7_000 && ms < 60_000),
        timesToPictureMs.join(),
      )
      // Told once more: the first word counts.
      const before = await execute(connection, 'select end_known_at from attempts where generation_id = $1', [ref.generationId])
      await ledger.recordVerdict(ref, {
        state: 'succeeded',
        reason: null,
        message: null,
        cost: null,
        provenFree: false,
        finishedAt: null,
      })
      assert.deepEqual(
        await execute(connection, 'select end_known_at from attempts where generation_id = $1', [ref.generationId]),
        before,
      )
    })

    test('each track has its own, in the order asked for; what was never tried is zero', async () => {
      await write({ model: 'tracked', state: 'succeeded', count: 2 })
      await write({ model: 'tracked', provider: 'defapi', state: 'succeeded', count: 5 })
      await write({ model: 'tracked', mode: 'live', state: 'succeeded', count: 7 })
      await write({ model: 'tracked/other', state: 'succeeded', count: 9 })
      const tracks = [
        { provider: 'defapi', model: 'tracked' },
        { provider: 'kie', model: 'never tried' },
        { provider: 'kie', model: 'tracked' },
      ] as const
      const records = await own().ledger.readTrackRecords('mock', tracks)
      assert.deepEqual(
        records.map(({ provider, model, succeeded }) => [provider, model, succeeded]),
        [
          ['defapi', 'tracked', 5],
          ['kie', 'never tried', 0],
          ['kie', 'tracked', 2],
        ],
      )
      assert.deepEqual([records[1]?.timesToPictureMs, records[1]?.costP50Usd], [[], null])
      assert.deepEqual(await own().ledger.readTrackRecords('mock', []), [])
    })

    test('only the newest 200 of the last seven days count', async () => {
      await write({ model: 'recent', state: 'failed', reason: 'provider_fault', ageHours: 20, count: 150 })
      await write({ model: 'recent', state: 'succeeded', ageHours: 2, count: 150 })
      const { judged, succeeded } = await read('recent')
      assert.deepEqual({ judged, succeeded }, { judged: 200, succeeded: 150 })
      await write({ model: 'old', state: 'succeeded', ageHours: 7 * 24 + 1, count: 30 })
      await write({ model: 'old', state: 'succeeded', ageHours: 7 * 24 - 1, count: 4 })
      assert.equal((await read('old')).judged, 4)
    })

    test('the query reads a stretch of its index, never all attempts', async () => {
      // With some hundreds Postgres rather reads them all and sorts them, which is bounded as well.
      await write({ model: 'many', state: 'succeeded', count: 20_000 })
      await execute(own().connection, 'analyze attempts')
      const database = openDatabase({ connection: own().connection, timeoutMs: 10_000 })
      const { rows } = await sql<{ 'QUERY PLAN': string }>`
        explain (costs off) ${trackRecordsQuery('mock', [
          { provider: 'kie', model: 'many' },
          { provider: 'defapi', model: 'many' },
        ])}`.execute(database.kysely)
      await database.close()
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      assert.match(plan, /Index Scan Backward using attempts_by_track/, plan)
      assert.doesNotMatch(plan, /Seq Scan on attempts/, plan)
    })
  })
}
