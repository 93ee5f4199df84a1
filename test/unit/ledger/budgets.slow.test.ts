// Budgets when many ask at once: what is reserved never passes the limit, and the sums agree with the rows.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createLedger } from '../../../src/ledger/create-ledger.ts'
import type { CreateGenerationResult } from '../../../src/ledger/ledger.ts'
import { ledgerBackends, testLedger, testLinks } from '../../helpers/ledger.ts'
import { anyOffer, closingAs, execute, leftAs, newAttempt, newGeneration, nextOf } from './fixtures.ts'

const measured = (usd: number) => ({ usd, credits: null, source: 'measured' as const })
const word = { reason: null, message: null, cost: null, provenFree: false, finishedAt: null }

for (const backend of ledgerBackends) {
  describe(`budgets under load (${backend})`, () => {
    test('200 at once against money for exactly ten, of everybody and of several tenants: ten are made, the others refused', async (t) => {
      const { ledger, connection } = await testLedger(t, { backend })
      await ledger.setBudget({ mode: 'mock', tenant: null, period: 'day' }, 0.4)
      await ledger.setBudget({ mode: 'mock', tenant: 'tenant-1', period: 'hour' }, 100)
      // As many processes, each with connections of its own. The embedded ledger on a busy machine may take its time.
      const clients = Array.from({ length: 4 }, () =>
        createLedger({ connection, links: testLinks, maxConnections: 10, timeoutMs: 20_000 }),
      )
      t.after(() => Promise.all(clients.map((client) => client.close())))
      const startedAt = performance.now()
      const results = await Promise.all(
        Array.from({ length: 200 }, (_, n) =>
          (clients[n % clients.length] ?? ledger).createGeneration(
            newGeneration({ tenant: `tenant-${n % 7}`, worstCaseUsd: 0.04 }),
          ),
        ),
      )
      t.diagnostic(`200 requests in ${Math.round(performance.now() - startedAt)} ms`)
      const count = (kind: CreateGenerationResult['kind']) => results.filter((result) => result.kind === kind).length
      assert.deepEqual([count('created'), count('over_budget')], [10, 190])
      const [everybody] = await ledger.listBudgets('mock')
      assert.deepEqual([everybody?.tenant, everybody?.usedUsd, everybody?.reservedUsd], [null, 0, 0.4])
      const rows = await execute(
        connection,
        `select sum(reserved_usd) filter (where tenant = '*')::float as all, sum(reserved_usd) filter (where tenant <> '*')::float as own
         from budget_usage where period = 'day'`,
      )
      assert.deepEqual(rows, [{ all: 0.4, own: 0.4 }])
    })

    test('ends, late figures and new requests at once leave sums that agree with the rows', async (t) => {
      const { ledger, connection } = await testLedger(t, { backend, timeoutMs: 20_000 })
      await ledger.setBudget({ mode: 'mock', tenant: null, period: 'day' }, 1_000)
      const refs = await Promise.all(
        Array.from({ length: 12 }, async (_, n) => {
          const generation = newGeneration({ tenant: `tenant-${n % 3}`, worstCaseUsd: 0.1 })
          await ledger.createGeneration(generation)
          const ref = { generationId: generation.id, item: 0, attempt: 1 }
          await ledger.claimAttempt(newAttempt(ref), [])
          await ledger.beginSend(ref, anyOffer())
          await ledger.recordTaskId(ref, `task ${n}`)
          await ledger.claimAttempt(newAttempt(nextOf(ref)), [leftAs(ref)])
          return ref
        }),
      )
      await Promise.all(
        refs.flatMap((ref, n) => [
          ledger.closeGeneration(ref.generationId, closingAs('failed'), []),
          ledger.recordVerdict(ref, { ...word, state: 'succeeded', cost: measured(0.01 * n) }),
          ledger.addExtraTask(ref, `extra ${n}`),
          ledger.createGeneration(newGeneration({ tenant: `tenant-${n % 3}`, worstCaseUsd: 0.1 })),
        ]),
      )
      await Promise.all(refs.map((ref) => ledger.settleAttempt(ref, { found: 'paid', cost: measured(0.5), message: null })))
      const [sums] = await execute(
        connection,
        `select (select sum(cost_usd) from attempts where not proven_free) + (select sum(cost_usd) from extra_tasks) as spent,
           (select sum(used_usd) from budget_usage where tenant = '*' and period = 'day') as used,
           (select sum(used_usd) from budget_usage where tenant <> '*' and period = 'month') as used_by_tenants,
           (select sum(reserved_usd) from budget_usage where tenant = '*' and period = 'hour')::float as reserved`,
      )
      assert.equal(Number(sums?.['used']), Number(sums?.['spent']))
      assert.equal(Number(sums?.['used_by_tenants']), Number(sums?.['spent']))
      assert.equal(sums?.['reserved'], 1.2)
    })
  })
}
