// Figures from rows made by hand, each of which has one reason to be counted.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import type { AttemptState, Cost, ProviderName } from '../../../src/contract/index.ts'
import { type AttemptRef, InvalidCursorError, type NewGeneration } from '../../../src/ledger/ledger.ts'
import { type AttemptConcern, attemptConcerns } from '../../../src/ledger/stats-port.ts'
import { ledgerBackends, suiteLedger, testLedger } from '../../helpers/ledger.ts'
import {
  accepted,
  anyOffer,
  closingAs,
  execute,
  leftAs,
  newAttempt,
  newGeneration,
  newImage,
  nextOf,
  unknown,
} from './fixtures.ts'

const word = { reason: null, message: null, cost: null, provenFree: false, finishedAt: null }
const measured = (usd: number, credits: number | null = null): Cost => ({ usd, credits, source: 'measured' })

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

  describe(`attempts of concern (${backend})`, () => {
    test('each is listed under its concerns, and counted there, until somebody has looked', async (t) => {
      const { ledger } = await testLedger(t, { backend })
      const lists = async () => {
        const found: Partial<Record<AttemptConcern, string[]>> = {}
        for (const concern of attemptConcerns) {
          const { attempts, nextCursor } = await ledger.listAttempts({ mode: 'mock', concern, limit: 100 })
          assert.equal(nextCursor, null)
          if (attempts.length > 0)
            found[concern] = attempts.map(({ generationId, number }) => `${names.get(generationId) ?? '?'} ${number}`)
        }
        const { attempts: counts } = await ledger.readTotals('mock')
        assert.deepEqual(counts, Object.fromEntries(attemptConcerns.map((concern) => [concern, found[concern]?.length ?? 0])))
        return found
      }
      const names = new Map<string, string>()
      const named = <Ref extends AttemptRef>(name: string, ref: Ref): Ref => {
        names.set(ref.generationId, name)
        return ref
      }
      assert.deepEqual(await lists(), {})
      const late = named('late', await accepted(ledger))
      await ledger.claimAttempt(newAttempt(nextOf(late)), [leftAs(late)])
      await ledger.beginSend(nextOf(late), anyOffer())
      await ledger.recordTaskId(nextOf(late), 'task of the second')
      assert.deepEqual(await lists(), { possible_extra: ['late 1'], owing: ['late 1'] })
      await ledger.recordVerdict(nextOf(late), { ...word, state: 'succeeded' })
      await ledger.closeGeneration(late.generationId, closingAs('completed', { servedByAttempt: 2 }), [newImage(nextOf(late))])
      await ledger.settleAttempt(late, { found: 'paid', cost: measured(0.1), message: null })
      assert.deepEqual(await lists(), { confirmed_extra: ['late 1'] })

      const twice = named('twice', await unknown(ledger))
      await ledger.adoptTaskId(twice, 'adopted')
      await ledger.recordTaskId(twice, 'own')
      assert.deepEqual(await lists(), { confirmed_extra: ['late 1'], task_conflict: ['twice 1'] })
      await ledger.recordVerdict(twice, { ...word, state: 'succeeded' })
      await ledger.closeGeneration(twice.generationId, closingAs('completed', { servedByAttempt: 1 }), [newImage(twice)])
      assert.deepEqual((await lists()).owing, ['twice 1'])
      await ledger.settleExtraTask(twice, 'adopted', { found: 'paid', cost: null, message: null })
      assert.deepEqual(await lists(), { confirmed_extra: ['twice 1', 'late 1'], task_conflict: ['twice 1'] })

      const lost = named('lost', await unknown(ledger))
      await ledger.closeGeneration(lost.generationId, closingAs('failed'), [])
      await ledger.settleAttempt(lost, { found: 'unresolved', cost: null, message: null })
      assert.deepEqual((await lists()).unresolved, ['lost 1'])
      const hint = { ...lost, claimedTaskId: 'after all', claimedState: 'success', bodySha256: 'd', receivedAt: new Date() }
      await ledger.keepHint(hint)
      assert.deepEqual((await lists()).owing, ['lost 1'])
      assert.deepEqual((await ledger.readTotals('live')).attempts.owing, 0)
      assert.equal((await ledger.readTotals('mock')).generationsOpen, 0)
    })

    test('pages hold each once, the newest first, with what an attempt has in its generation', async (t) => {
      const { ledger, connection } = await testLedger(t, { backend })
      const refs: AttemptRef[] = []
      for (let n = 0; n < 5; n += 1) {
        const ref = await accepted(ledger)
        await ledger.recordTaskId(ref, `other ${n}`)
        refs.push(ref)
      }
      await execute(connection, `update attempts set created_at = '2026-01-01T00:00:00Z'`)
      const seen: string[] = []
      let cursor: string | null = null
      do {
        const page: Awaited<ReturnType<typeof ledger.listAttempts>> = await ledger.listAttempts({
          mode: 'mock',
          concern: 'task_conflict',
          limit: 2,
          ...(cursor === null ? {} : { cursor }),
        })
        for (const { generationId, tenant, createdAt, ...report } of page.attempts) {
          seen.push(generationId)
          const generation = (await ledger.readGeneration(generationId)) ?? assert.fail()
          assert.deepEqual([[report], tenant, createdAt], [generation.attempts, 'default', '2026-01-01T00:00:00.000Z'])
          assert.equal(report.extraTasks.length, 1)
        }
        cursor = page.nextCursor
      } while (cursor !== null)
      assert.deepEqual(
        seen,
        refs
          .map(({ generationId }) => generationId)
          .toSorted()
          .toReversed(),
      )
      for (const id of ['gen_1', 'gen_1/x/1', 'gen_1/0/1/2']) {
        const forged = Buffer.from(JSON.stringify([0, id])).toString('base64url')
        await assert.rejects(
          ledger.listAttempts({ mode: 'mock', concern: 'owing', limit: 1, cursor: forged }),
          InvalidCursorError,
        )
      }
    })
  })

  describe(`reconciliation (${backend})`, () => {
    const own = suiteLedger({ backend })

    test('generations that are still open, the oldest first', async () => {
      const { ledger, connection } = own()
      const refs = [await accepted(ledger), await accepted(ledger), await accepted(ledger)]
      const [closed, old] = refs
      await ledger.closeGeneration(closed?.generationId ?? '', closingAs('failed'), [])
      await execute(connection, `update generations set created_at = created_at - interval '1 hour' where id = $1`, [
        old?.generationId,
      ])
      const ids = async (before: Date, limit = 9) =>
        (await ledger.listOpenGenerations({ mode: 'mock', before, limit })).map(({ id }) => id)
      const soon = new Date(Date.now() + 60_000)
      assert.deepEqual(await ids(soon), [old?.generationId, refs[2]?.generationId])
      assert.deepEqual(await ids(soon, 1), [old?.generationId])
      assert.deepEqual(await ids(new Date(Date.now() - 60_000)), [old?.generationId])
      assert.deepEqual(await ledger.listOpenGenerations({ mode: 'live', before: soon, limit: 9 }), [])
    })

    test('what a provider took between two readings, beside what was booked for the sends between them', async () => {
      const { ledger, connection } = own()
      const at = (minute: number) => new Date(Date.UTC(2020, 0, 1, 12, minute))
      const read = (provider: string, account: string, minute: number, credits: number | null, usd: number | null) =>
        execute(
          connection,
          `insert into balances (mode, provider, account, at, credits, usd) values ('mock', $1, $2, $3, $4, $5)`,
          [provider, account, at(minute), credits, usd],
        )
      const sent = async (account: string, minute: number, provider: ProviderName = 'kie') => {
        const ref = await accepted(ledger, { account, provider })
        await execute(connection, `update attempts set send_started_at = $2 where generation_id = $1`, [
          ref.generationId,
          at(minute),
        ])
        return ref
      }
      await read('kie', 'main', 0, 1_000, 5)
      await read('kie', 'main', 10, 990, 4.95)
      await read('kie', 'main', 20, 970.5, 4.85)
      await read('kie', 'main', 50, 0, 0)
      await read('kie', 'once', 10, 100, null)
      await read('defapi', 'main', 1, null, 2.5)
      await read('defapi', 'main', 19, null, 3)
      const before = await sent('main', -1)
      await ledger.recordVerdict(before, { ...word, state: 'succeeded', cost: measured(1, 100) })
      const own1 = await sent('main', 0)
      await ledger.recordVerdict(own1, { ...word, state: 'succeeded', cost: measured(0.1, 20.5) })
      await ledger.recordTaskId(own1, `extra ${randomUUID()}`)
      const free = await sent('main', 5)
      await ledger.recordVerdict(free, { ...word, state: 'failed', provenFree: true })
      const lost = await sent('main', 19)
      await ledger.closeGeneration(lost.generationId, closingAs('failed'), [])
      const gone = await sent('main', 19)
      await ledger.closeGeneration(gone.generationId, closingAs('failed'), [])
      await ledger.settleAttempt(gone, { found: 'unresolved', cost: null, message: null })
      await sent('main', 20)
      await sent('other', 5)
      assert.deepEqual(await ledger.compareBalances({ mode: 'mock', from: at(0), to: at(30) }), [
        {
          provider: 'defapi',
          account: 'main',
          unit: 'usd',
          from: { at: at(1), balance: 2.5 },
          to: { at: at(19), balance: 3 },
          taken: -0.5,
          booked: 0,
          measured: 0,
          owing: 0,
          unresolved: 0,
        },
        {
          provider: 'kie',
          account: 'main',
          unit: 'credits',
          from: { at: at(0), balance: 1_000 },
          to: { at: at(20), balance: 970.5 },
          taken: 29.5,
          // 20.5 measured, and 4 by the price list for each of: the extra task, the owing one, the unresolved one
          booked: 32.5,
          measured: 20.5,
          owing: 2,
          unresolved: 1,
        },
      ])
      assert.deepEqual(await ledger.compareBalances({ mode: 'live', from: at(0), to: at(30) }), [])
    })
  })
}
