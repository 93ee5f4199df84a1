// Figures from rows made by hand, each of which has one reason to be counted.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AttemptState, Cost, ProviderName } from '../../../src/contract/index.ts'
import type { NewGeneration } from '../../../src/ledger/ledger.ts'
import { ledgerBackends, suiteLedger } from '../../helpers/ledger.ts'
import { execute, newGeneration } from './fixtures.ts'

interface RowByHand {
  provider?: ProviderName
  model?: string
  state: AttemptState
  /** columns that are not as in a plain row of this state */
  [column: string]: unknown
}

for (const backend of ledgerBackends) {
  describe(`stats (${backend})`, () => {
    const own = suiteLedger({ backend })
    const year = (number: number) => ({
      from: new Date(Date.UTC(number, 0)),
      to: new Date(Date.UTC(number + 1, 0)),
      mode: 'mock' as const,
    })

    /** One generation made in that year, with these attempts of its one item. */
    async function writeRows(
      number: number,
      rows: RowByHand[],
      changes: Partial<NewGeneration> & { served?: number } = {},
    ): Promise<string> {
      const { connection, ledger } = own()
      const { served = null, ...rest } = changes
      const generation = newGeneration(rest)
      await ledger.createGeneration(generation)
      await execute(
        connection,
        `update generations set created_at = $2, status = $3, closed_at = case when $3::text is null then null else clock_timestamp() end,
           served_by_attempt = $4 where id = $1`,
        [generation.id, new Date(Date.UTC(number, 5)), served === null ? null : 'completed', served],
      )
      for (const [index, row] of rows.entries()) {
        const columns: Record<string, unknown> = {
          generation_id: generation.id,
          item: 0,
          attempt: index + 1,
          provider: 'kie',
          account: 'default',
          base_url: 'http://127.0.0.1:9',
          mode: 'mock',
          api: 'market',
          model: 'm',
          request_sha256: 'b',
          created_at: new Date(Date.UTC(number, 5)),
          ...row,
        }
        const names = Object.keys(columns)
        const places = names.map((_, n) => `$${n + 1}`)
        await execute(
          connection,
          `insert into attempts (${names.join(', ')}) values (${places.join(', ')})`,
          Object.values(columns),
        )
      }
      return generation.id
    }
    const tookMs = (ms: number) => ({ send_started_at: new Date(0), finished_at: new Date(ms) })
    const cost = (usd: number, source: Cost['source'], credits: number | null = null) => ({
      cost_usd: usd,
      cost_source: source,
      cost_credits: credits,
    })
    const picture = async (generationId: string, attempt: number, index: number, spare = false) =>
      execute(
        own().connection,
        `insert into images (generation_id, image_index, item, attempt, sha256, size_bytes, content_type, width, height, provenance, spare)
         values ($1, $2, 0, $3, 'c', 1, 'image/png', 1, 1, 'none', $4)`,
        [generationId, index, attempt, spare],
      )

    test('a year of nothing is zeros, and shares of nothing are not there', async () => {
      assert.deepEqual(await own().ledger.readStats(year(1999)), {
        from: '1999-01-01T00:00:00.000Z',
        to: '2000-01-01T00:00:00.000Z',
        mode: 'mock',
        generations: { made: 0, completed: 0, failed: 0, cancelled: 0, open: 0 },
        costUsd: 0,
        providers: [],
        taskConflicts: 0,
      })
    })

    test('per provider and model: who served, how often it went well, how long it took, what it cost', async () => {
      const one = await writeRows(
        2001,
        [
          {
            state: 'settled',
            verdict: 'confirmed_extra',
            settled_at: new Date(),
            outcome: 'overdue',
            possible_extra_charge: true,
            ...tookMs(600_000),
            ...cost(0.04, 'measured', 8),
          },
          {
            state: 'succeeded',
            outcome: 'succeeded',
            provider: 'defapi',
            model: 'd',
            ...tookMs(30_000),
            ...cost(0.1, 'measured'),
          },
        ],
        { served: 2 },
      )
      await picture(one, 2, 0)
      await picture(one, 1, 1, true)
      for (const [index, ms] of [10_000, 20_000, 40_000].entries()) {
        const rows: RowByHand[] = [
          { state: 'succeeded', outcome: 'succeeded', ...tookMs(ms), ...cost(0.02, index === 0 ? 'measured' : 'estimated', 4) },
        ]
        await picture(await writeRows(2001, rows, { served: 1 }), 1, 0)
      }
      await writeRows(2001, [
        { state: 'rejected', outcome: 'rejected', proven_free: true, ...cost(0, 'none', 0) },
        { state: 'failed', outcome: 'failed', proven_free: true, ...cost(0, 'none', 0) },
        { state: 'withdrawn', outcome: 'exhausted', proven_free: true, ...cost(0, 'none', 0) },
        { state: 'abandoned', outcome: 'unknown', reason: 'no_answer', ...cost(0.02, 'estimated', 4) },
        { state: 'accepted', adopted: true, ...cost(0.02, 'estimated', 4) },
      ])
      // none of these is in the period, of the mode, or of the tenant
      await writeRows(2002, [{ state: 'succeeded', ...cost(9, 'measured') }], { served: 1 })
      await execute(own().connection, `update attempts set mode = 'live' where cost_usd = 9`)
      const other = await writeRows(2001, [{ state: 'succeeded', ...tookMs(1), ...cost(7, 'measured') }], {
        served: 1,
        tenant: 'other',
      })
      await execute(
        own().connection,
        `insert into extra_tasks (generation_id, item, attempt, provider_task_id, verdict, settled_at, cost_usd, cost_source)
         values ($1, 0, 2, 'a', 'confirmed_extra', now(), 0.2, 'measured'), ($1, 0, 2, 'b', null, null, 0.1, 'estimated'),
           ($1, 0, 2, 'c', 'unresolved', now(), 0.1, 'estimated'), ($2, 0, 1, 'd', null, null, 1, 'estimated')`,
        [one, other],
      )

      const stats = await own().ledger.readStats({ ...year(2001), tenant: 'default' })
      assert.deepEqual(stats.generations, { made: 5, completed: 4, failed: 0, cancelled: 0, open: 1 })
      assert.deepEqual(stats.providers, [
        {
          provider: 'defapi',
          model: 'd',
          attempts: 1,
          served: 1,
          successShare: 1,
          timeToPictureP50Ms: 30_000,
          timeToPictureP95Ms: 30_000,
          costPerPictureUsd: 0.5,
          costUsd: 0.5,
          measuredUsd: 0.3,
          credits: null,
          unknown: 0,
          adopted: 0,
          owing: 1,
          extraCharges: 1,
          extraChargesUsd: 0.2,
          unresolved: 1,
        },
        {
          provider: 'kie',
          model: 'm',
          attempts: 9,
          served: 3,
          // three of: three succeeded, one overdue, one without an answer, one rejected, one failed
          successShare: 3 / 7,
          timeToPictureP50Ms: 20_000,
          // between 20 s and 40 s, nine tenths of the way
          timeToPictureP95Ms: 38_000,
          costPerPictureUsd: 0.046667,
          costUsd: 0.14,
          measuredUsd: 0.06,
          credits: 28,
          unknown: 2,
          adopted: 1,
          owing: 1,
          extraCharges: 1,
          extraChargesUsd: 0.04,
          unresolved: 0,
        },
      ])
      assert.deepEqual([stats.costUsd, stats.taskConflicts], [0.64, 3])
      const all = await own().ledger.readStats(year(2001))
      assert.deepEqual([all.generations.made, all.costUsd, all.taskConflicts], [6, 8.64, 4])
    })

    test('two attempts of one picture that were both paid are one extra charge: the one that did not serve', async () => {
      const extra = async (number: number) => {
        const { providers } = await own().ledger.readStats(year(number))
        return providers.map(({ model, extraCharges, extraChargesUsd }) => [model, extraCharges, extraChargesUsd])
      }
      const flags = { possible_extra_charge: true }
      await writeRows(
        2003,
        [
          { state: 'succeeded', model: 'first', ...flags, ...cost(0.1, 'measured') },
          { state: 'succeeded', model: 'second', ...cost(0.2, 'measured') },
        ],
        { served: 2 },
      )
      assert.deepEqual(await extra(2003), [
        ['first', 1, 0.1],
        ['second', 0, 0],
      ])
      await writeRows(
        2004,
        [
          { state: 'succeeded', model: 'first', ...flags, ...cost(0.1, 'measured') },
          { state: 'succeeded', model: 'second', ...cost(0.2, 'measured') },
        ],
        { served: 1 },
      )
      assert.deepEqual(await extra(2004), [
        ['first', 0, 0],
        ['second', 1, 0.2],
      ])
      await writeRows(
        2005,
        [
          { state: 'failed', model: 'first', ...flags, ...cost(0.1, 'estimated') },
          { state: 'succeeded', model: 'second', ...cost(0.2, 'measured') },
        ],
        { served: 2 },
      )
      assert.deepEqual(
        await extra(2005),
        [
          ['first', 0, 0],
          ['second', 0, 0],
        ],
        'nobody says that the failed one was charged',
      )
      await writeRows(
        2006,
        [
          { state: 'failed', model: 'first', ...flags, ...cost(0.1, 'measured') },
          { state: 'succeeded', model: 'second', ...cost(0.2, 'measured') },
        ],
        { served: 2 },
      )
      assert.deepEqual(await extra(2006), [
        ['first', 1, 0.1],
        ['second', 0, 0],
      ])
    })
  })
}
