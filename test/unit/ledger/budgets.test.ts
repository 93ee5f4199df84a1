// Money that may still be spent: reserved before anything is, corrected to what was.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { endOf } from '../../../src/ledger/budget-usage.ts'
import type { Budget } from '../../../src/ledger/budgets-port.ts'
import { createLedger } from '../../../src/ledger/create-ledger.ts'
import { openDatabase } from '../../../src/ledger/database.ts'
import type { AttemptRef, CreateGenerationResult, Ledger } from '../../../src/ledger/ledger.ts'
import { ledgerBackends, suiteLedger, testLedger, testLinks } from '../../helpers/ledger.ts'
import { anyOffer, closingAs, execute, leftAs, newAttempt, newGeneration } from './fixtures.ts'

const measured = (usd: number) => ({ usd, credits: null, source: 'measured' as const })
const word = { reason: null, message: null, cost: null, provenFree: false, finishedAt: null }

/** Another tenant for each test, so that all of them can use one database. */
const newTenant = (): string => `t-${randomUUID()}`

for (const backend of ledgerBackends) {
  describe(`budgets (${backend})`, () => {
    const own = suiteLedger({ backend })

    async function made(tenant: string, worstCaseUsd: number | null): Promise<CreateGenerationResult & { ref: AttemptRef }> {
      const generation = newGeneration({ tenant, worstCaseUsd })
      const result = await own().ledger.createGeneration(generation)
      return { ...result, ref: { generationId: generation.id, item: 0, attempt: 1 } }
    }
    async function budgetOf(tenant: string): Promise<Budget> {
      const found = (await own().ledger.listBudgets('mock')).find((budget) => budget.tenant === tenant)
      return found ?? assert.fail('no budget')
    }
    async function moneyOf(tenant: string): Promise<[number, number]> {
      const { usedUsd, reservedUsd } = await budgetOf(tenant)
      return [usedUsd, reservedUsd]
    }
    async function acceptedBy(ledger: Ledger, ref: AttemptRef): Promise<AttemptRef> {
      await ledger.claimAttempt(newAttempt(ref), [])
      await ledger.beginSend(ref, anyOffer())
      await ledger.recordTaskId(ref, `task_${randomUUID()}`)
      return ref
    }

    test('the worst case is reserved until the limit is reached to the cent, and not one tenth of a cent further', async () => {
      const tenant = newTenant()
      // 0.1 + 0.2 is more than 0.3 in binary fractions
      await own().ledger.setBudget({ mode: 'mock', tenant, period: 'day' }, 0.3)
      assert.equal((await made(tenant, 0.1)).kind, 'created')
      assert.equal((await made(tenant, 0.2)).kind, 'created')
      assert.deepEqual(await moneyOf(tenant), [0, 0.3])
      const refused = await made(tenant, 0.001)
      assert.equal(refused.kind, 'over_budget')
      const { resetsAt, ...budget } = refused.budget
      const figures = { limitUsd: 0.3, usedUsd: 0, reservedUsd: 0.3, wantedUsd: 0.001 }
      assert.deepEqual(budget, { mode: 'mock', tenant, period: 'day', ...figures })
      const midnight = new Date()
      midnight.setUTCHours(24, 0, 0, 0)
      assert.deepEqual(resetsAt, midnight)
      assert.equal(await own().ledger.readGeneration(refused.ref.generationId), null, 'nothing was written')
      assert.deepEqual(await moneyOf(tenant), [0, 0.3])
      assert.equal((await made(tenant, 0)).kind, 'created')
    })

    test('a request that is there already is found, also when the budget is used up; another mode or tenant has its own money', async () => {
      const tenant = newTenant()
      await own().ledger.setBudget({ mode: 'mock', tenant, period: 'day' }, 0.04)
      const generation = newGeneration({ tenant })
      assert.equal((await own().ledger.createGeneration(generation)).kind, 'created')
      assert.equal((await own().ledger.createGeneration(generation)).kind, 'exists')
      assert.equal((await own().ledger.createGeneration({ ...generation, requestSha256: 'f' })).kind, 'conflict')
      assert.deepEqual(await moneyOf(tenant), [0, 0.04])
      assert.equal((await made(newTenant(), 5)).kind, 'created')
      assert.equal((await own().ledger.createGeneration(newGeneration({ tenant, mode: 'live' }))).kind, 'created')
    })

    test('a price that nobody knows cannot be held by a budget; without one nothing is reserved', async () => {
      const tenant = newTenant()
      const free = await made(tenant, null)
      assert.equal(free.kind, 'created')
      await own().ledger.setBudget({ mode: 'mock', tenant, period: 'month' }, 100)
      const refused = await made(tenant, null)
      assert.equal(refused.kind, 'price_unknown')
      assert.equal(await own().ledger.readGeneration(refused.ref.generationId), null)
      assert.deepEqual(await moneyOf(tenant), [0, 0])
    })

    test('what was reserved before the budget was set counts, and a limit below it refuses the next one', async () => {
      const tenant = newTenant()
      await made(tenant, 0.5)
      const budget = await own().ledger.setBudget({ mode: 'mock', tenant, period: 'hour' }, 0.4)
      assert.deepEqual([budget.limitUsd, budget.usedUsd, budget.reservedUsd], [0.4, 0, 0.5])
      assert.equal((await made(tenant, 0)).kind, 'over_budget')
      assert.equal((await own().ledger.setBudget({ mode: 'mock', tenant, period: 'hour' }, 0.6)).limitUsd, 0.6)
      assert.equal((await made(tenant, 0.1)).kind, 'created')
      assert.equal(await own().ledger.removeBudget({ mode: 'mock', tenant, period: 'hour' }), true)
      assert.equal(await own().ledger.removeBudget({ mode: 'mock', tenant, period: 'hour' }), false)
      assert.equal((await made(tenant, 9)).kind, 'created')
      for (const limit of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
        await assert.rejects(own().ledger.setBudget({ mode: 'mock', tenant, period: 'hour' }, limit), RangeError)
      }
    })

    test('of several budgets without room, the one that resets last is named', async () => {
      const tenant = newTenant()
      for (const period of ['hour', 'month', 'day'] as const) await own().ledger.setBudget({ mode: 'mock', tenant, period }, 1)
      const refused = await made(tenant, 2)
      assert.equal(refused.kind, 'over_budget')
      assert.equal(refused.budget.period, 'month')
      assert.deepEqual(
        (await own().ledger.listBudgets('mock')).flatMap((budget) => (budget.tenant === tenant ? [budget.period] : [])),
        ['hour', 'day', 'month'],
      )
    })

    test('what is forgotten gives its reservation back', async () => {
      const tenant = newTenant()
      await own().ledger.setBudget({ mode: 'mock', tenant, period: 'day' }, 1)
      const { ref } = await made(tenant, 0.7)
      assert.equal(await own().ledger.forgetUnplanned(ref.generationId), true)
      assert.equal(await own().ledger.forgetUnplanned(ref.generationId), false)
      assert.deepEqual(await moneyOf(tenant), [0, 0])
    })

    test('the end books what was spent and frees the rest; a second end, and words that change no cost, book nothing', async () => {
      const { ledger } = own()
      const tenant = newTenant()
      await ledger.setBudget({ mode: 'mock', tenant, period: 'day' }, 1)
      const { ref } = await made(tenant, 0.7)
      await acceptedBy(ledger, ref)
      await ledger.recordVerdict(ref, { ...word, state: 'succeeded', cost: measured(0.03) })
      assert.deepEqual(await moneyOf(tenant), [0, 0.7], 'while it is open the worst case stays reserved')
      for (let times = 0; times < 2; times += 1) {
        await ledger.closeGeneration(ref.generationId, closingAs('completed', { servedByAttempt: 1 }), [])
        await ledger.recordVerdict(ref, { ...word, state: 'succeeded', cost: measured(0.03) })
        assert.deepEqual(await moneyOf(tenant), [0.03, 0])
      }
      const cancelled = await made(tenant, 0.7)
      await ledger.closeGeneration(cancelled.ref.generationId, closingAs('cancelled'), [])
      assert.deepEqual(await moneyOf(tenant), [0.03, 0])
    })

    test('an owing attempt counts with its list price, and each later word corrects it: a figure, an extra task, a verdict', async () => {
      const { ledger } = own()
      const tenant = newTenant()
      await ledger.setBudget({ mode: 'mock', tenant, period: 'day' }, 1)
      const { ref } = await made(tenant, 0.7)
      await acceptedBy(ledger, ref)
      await ledger.closeGeneration(ref.generationId, closingAs('failed', { left: [leftAs(ref)] }), [])
      assert.deepEqual(await moneyOf(tenant), [0.02, 0])
      await ledger.recordVerdict(ref, { ...word, state: 'succeeded', cost: measured(0.05) })
      assert.deepEqual(await moneyOf(tenant), [0.05, 0])
      await ledger.addExtraTask(ref, 'another')
      assert.deepEqual(await moneyOf(tenant), [0.07, 0])
      await ledger.settleExtraTask(ref, 'another', { found: 'paid', cost: measured(0.3), message: null })
      assert.deepEqual(await moneyOf(tenant), [0.35, 0])
      await ledger.recordTaskId(ref, 'a third one, from our own reply')
      assert.deepEqual(await moneyOf(tenant), [0.37, 0])
      await ledger.settleAttempt(ref, { found: 'failed_free', cost: null, message: null })
      assert.deepEqual(await moneyOf(tenant), [0.32, 0])
    })

    test('a generation counts in the periods in which it was made, by UTC, also when it ends in the next ones', async () => {
      const { ledger, connection } = own()
      const tenant = newTenant()
      const { ref } = await made(tenant, 0.7)
      await acceptedBy(ledger, ref)
      // As if made a moment before midnight of a leap day.
      await execute(
        connection,
        `update generations set created_at = '2024-02-29T23:59:59.999Z', reserved_usd = 0 where id = $1`,
        [ref.generationId],
      )
      await ledger.closeGeneration(ref.generationId, closingAs('completed', { servedByAttempt: 1 }), [])
      const rows = await execute(
        connection,
        `select period, starts_at, used_usd::float as used from budget_usage
         where tenant = $1 and starts_at < '2025-01-01' order by starts_at`,
        [tenant],
      )
      assert.deepEqual(rows, [
        { period: 'month', starts_at: new Date('2024-02-01T00:00:00Z'), used: 0.02 },
        { period: 'day', starts_at: new Date('2024-02-29T00:00:00Z'), used: 0.02 },
        { period: 'hour', starts_at: new Date('2024-02-29T23:00:00Z'), used: 0.02 },
      ])
    })

    test('when the hour is over, its money is there again: used or still reserved in the hour before does not count', async () => {
      const { ledger, connection } = own()
      const tenant = newTenant()
      await ledger.setBudget({ mode: 'mock', tenant, period: 'hour' }, 1)
      await made(tenant, 1)
      assert.equal((await made(tenant, 1)).kind, 'over_budget')
      await execute(connection, `update budget_usage set starts_at = starts_at - interval '1 hour' where tenant = $1`, [tenant])
      assert.deepEqual(await moneyOf(tenant), [0, 0])
      assert.equal((await made(tenant, 1)).kind, 'created')
    })

    test('periods are those of UTC, whatever the time zone of the session', async (t) => {
      const { connection } = await testLedger(t, { backend })
      // 14 hours ahead of UTC. All clients of the embedded ledger share one session; others say it when they connect.
      const zone = 'Pacific/Kiritimati'
      const abroad = { ...connection, options: `-c TimeZone=${zone}` }
      if (backend === 'embedded') await execute(connection, `set time zone '${zone}'`)
      assert.deepEqual(await execute(abroad, 'show time zone'), [{ TimeZone: zone }])
      const ledger = createLedger({ connection: abroad, links: testLinks })
      t.after(() => ledger.close())
      const now = new Date()
      const next = (ms: number) => new Date((Math.floor(now.getTime() / ms) + 1) * ms)
      const resets = {
        hour: next(3_600_000),
        day: next(86_400_000),
        month: new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)),
      }
      for (const period of ['hour', 'day', 'month'] as const) {
        const budget = await ledger.setBudget({ mode: 'mock', tenant: null, period }, 1)
        assert.deepEqual(budget.resetsAt, resets[period], period)
      }
      await ledger.createGeneration(newGeneration())
      const refused = await ledger.createGeneration(newGeneration({ worstCaseUsd: 1 }))
      assert.equal(refused.kind, 'over_budget')
      assert.deepEqual([refused.budget.period, refused.budget.resetsAt], ['month', resets.month])
      const starts = await execute(connection, `select period, starts_at from budget_usage where tenant = '*' order by starts_at`)
      assert.deepEqual(starts, [
        { period: 'month', starts_at: new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1)) },
        { period: 'day', starts_at: new Date(resets.day.getTime() - 86_400_000) },
        { period: 'hour', starts_at: new Date(resets.hour.getTime() - 3_600_000) },
      ])
    })
  })

  describe(`the end of a period (${backend})`, () => {
    test('is counted on the calendar of UTC: months of 28 to 31 days, and days of 24 hours where the session changes its clocks', async (t) => {
      const { connection } = await testLedger(t, { backend })
      const database = openDatabase({ connection, timeoutMs: 20_000 })
      t.after(() => database.close())
      const cases = [
        ['month', '2026-03-01T00:00:00Z', '2026-04-01T00:00:00Z'],
        ['month', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z'],
        // New York puts its clocks forward on 8 March
        ['day', '2026-03-08T00:00:00Z', '2026-03-09T00:00:00Z'],
        ['hour', '2026-03-08T06:00:00Z', '2026-03-08T07:00:00Z'],
      ] as const
      for (const [period, startsAt, expected] of cases) {
        const rows = await database.run(async (trx) => {
          await sql`set local time zone 'America/New_York'`.execute(trx)
          const end = endOf(sql`${period}::text`, sql`${startsAt}::timestamptz`)
          return (await sql<{ end: Date }>`select ${end} as end`.execute(trx)).rows
        })
        assert.deepEqual(rows, [{ end: new Date(expected) }], `${period} from ${startsAt}`)
      }
    })
  })
}
