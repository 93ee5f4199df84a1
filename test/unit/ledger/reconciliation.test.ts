// What the ledger says to those who compare it with Temporal and with the providers' balances.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import type { ProviderName } from '../../../src/contract/index.ts'
import { ledgerBackends, suiteLedger } from '../../helpers/ledger.ts'
import { accepted, closingAs, execute } from './fixtures.ts'

const word = { reason: null, message: null, cost: null, provenFree: false, finishedAt: null }
const measured = (usd: number, credits: number) => ({ usd, credits, source: 'measured' as const })

for (const backend of ledgerBackends) {
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
