// Attempts that are given up, and attempts that another one follows.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AttemptRef, AttemptRow, ProviderVerdict } from '../../../src/ledger/ledger.ts'
import { ledgerBackends, suiteLedger } from '../../helpers/ledger.ts'
import {
  anyOffer,
  accepted,
  claimed,
  closingAs,
  execute,
  force,
  leftAs,
  newAttempt,
  nextOf,
  openGeneration,
  sending,
} from './fixtures.ts'

const done: ProviderVerdict = { state: 'succeeded', reason: null, message: null, cost: null, provenFree: false, finishedAt: null }
const refusal = { reason: 'rate_limited', message: 'too many requests' } as const
const free = { usd: 0, credits: 0, source: 'none' }
const listPrice = { usd: 0.02, credits: 4, source: 'estimated' }

for (const backend of ledgerBackends) {
  describe(`attempts that are left or withdrawn (${backend})`, () => {
    const own = suiteLedger({ backend })
    const mustRead = async (ref: AttemptRef): Promise<AttemptRow> => {
      const row = await own().ledger.readAttempt(ref)
      assert.ok(row)
      return row
    }

    describe('leaving', () => {
      test('an open attempt is owing and marked before the next one is claimed, in the same transaction', async () => {
        const { ledger, connection } = own()
        const ref = await accepted(ledger)
        const next = await ledger.claimAttempt(newAttempt(nextOf(ref)), [leftAs(ref)])
        const row = await mustRead(ref)
        assert.deepEqual(
          [row.state, row.outcome, row.reason, row.message, row.possibleExtraCharge, row.provenFree, row.cost],
          ['abandoned', 'overdue', 'deadline', 'too slow', true, false, listPrice],
        )
        assert.deepEqual([next.state, next.possibleExtraCharge], ['claimed', false])
        // The two rows were written by one transaction.
        const written = await execute(connection, 'select xmin::text as by from attempts where generation_id = $1', [
          ref.generationId,
        ])
        assert.equal(written.length, 2)
        assert.equal(written[0]?.['by'], written[1]?.['by'])
      })

      test('when the claim fails, nothing is marked either', async () => {
        const { ledger } = own()
        const ref = await accepted(ledger)
        // refused by the table, after the marks were written
        const broken = newAttempt({ ...ref, attempt: 2, item: -1 })
        await assert.rejects(ledger.claimAttempt(broken, [leftAs(ref)]), /attempts_item_check/)
        const row = await mustRead(ref)
        assert.deepEqual([row.state, row.possibleExtraCharge], ['accepted', false])
      })

      test('every state that may cost is marked, every free one is not', async () => {
        const { ledger, connection } = own()
        const marked: Record<string, boolean> = {}
        const states = [
          'claimed',
          'sending',
          'accepted',
          'unknown',
          'succeeded',
          'failed',
          'abandoned',
          'rejected',
          'withdrawn',
          'settled',
        ] as const
        for (const state of states) {
          const ref = await claimed(ledger)
          await force(connection, ref, state, 'some send')
          await ledger.claimAttempt(newAttempt(nextOf(ref)), [leftAs(ref)])
          marked[state] = (await mustRead(ref)).possibleExtraCharge
        }
        const yes = { sending: true, accepted: true, unknown: true, succeeded: true, failed: true, abandoned: true }
        assert.deepEqual(marked, { claimed: false, ...yes, rejected: false, withdrawn: false, settled: false })
      })

      test('an attempt proven free is not marked', async () => {
        const { ledger } = own()
        const ref = await accepted(ledger)
        await ledger.recordVerdict(ref, { ...done, state: 'failed', provenFree: true })
        await ledger.claimAttempt(newAttempt(nextOf(ref)), [leftAs(ref, { outcome: 'failed' })])
        assert.equal((await mustRead(ref)).possibleExtraCharge, false)
      })

      test('an earlier attempt that the caller forgot to name is marked all the same (I3)', async () => {
        const { ledger } = own()
        const ref = await accepted(ledger)
        await ledger.claimAttempt(newAttempt(nextOf(ref)), [])
        const row = await mustRead(ref)
        assert.deepEqual([row.state, row.possibleExtraCharge], ['accepted', true])
      })

      test('what was never sent ends free, and a run that wakes late posts nothing', async () => {
        const { ledger } = own()
        const ref = await claimed(ledger)
        await ledger.claimAttempt(newAttempt(nextOf(ref)), [leftAs(ref, { outcome: 'exhausted' })])
        const late = await ledger.beginSend(ref, anyOffer())
        assert.equal(late.kind, 'decided')
        assert.deepEqual(
          [late.row.state, late.row.outcome, late.row.provenFree, late.row.cost],
          ['withdrawn', 'exhausted', true, free],
        )
      })

      test("an end keeps its words; a withdrawal gets the workflow's", async () => {
        const { ledger } = own()
        const rejected = await sending(ledger)
        await ledger.rejectSend(rejected, rejected.sendId, { reason: 'auth', message: 'bad key' })
        await ledger.claimAttempt(newAttempt(nextOf(rejected)), [leftAs(rejected)])
        const row = await mustRead(rejected)
        assert.deepEqual([row.outcome, row.reason, row.message], ['rejected', 'auth', 'bad key'])
        const given = await claimed(ledger)
        await ledger.withdrawAttempt(newAttempt(given), refusal)
        await ledger.claimAttempt(newAttempt(nextOf(given)), [leftAs(given, { outcome: 'cancelled' })])
        assert.deepEqual([(await mustRead(given)).outcome, (await mustRead(given)).reason], ['cancelled', 'rate_limited'])
      })
    })

    describe('withdrawing', () => {
      test('where there is no row a tombstone is written, and the late claim finds it', async () => {
        const { ledger } = own()
        const ref = await openGeneration(ledger)
        const tombstone = await ledger.withdrawAttempt(newAttempt(ref), refusal)
        assert.deepEqual(
          [tombstone.state, tombstone.outcome, tombstone.provenFree, tombstone.tries],
          ['withdrawn', 'exhausted', true, 0],
        )
        assert.deepEqual(await ledger.claimAttempt(newAttempt(ref), []), tombstone)
        assert.deepEqual(await ledger.beginSend(ref, anyOffer()), { kind: 'decided', row: tombstone })
      })

      test('a row that is not free to take back is answered as it is', async () => {
        const { ledger } = own()
        const ref = await sending(ledger)
        assert.equal((await ledger.withdrawAttempt(newAttempt(ref), refusal)).state, 'sending')
        const taken = await accepted(ledger)
        assert.equal((await ledger.withdrawAttempt(newAttempt(taken), refusal)).state, 'accepted')
      })

      test('after the end of its generation an attempt is born withdrawn', async () => {
        const { ledger } = own()
        const ref = await openGeneration(ledger)
        await ledger.closeGeneration(ref.generationId, closingAs('cancelled'), [])
        const row = await ledger.claimAttempt(newAttempt(ref), [])
        assert.deepEqual([row.state, row.provenFree], ['withdrawn', true])
        assert.equal((await ledger.beginSend(ref, anyOffer())).kind, 'decided')
      })
    })
  })
}
