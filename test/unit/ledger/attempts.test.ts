// What the rows say beside their state: money, words, task ids, times.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import { Client } from 'pg'
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
  passDeadline,
  sending,
  unknown,
} from './fixtures.ts'

const done: ProviderVerdict = { state: 'succeeded', reason: null, message: null, cost: null, provenFree: false, finishedAt: null }
const refusal = { reason: 'rate_limited', message: 'too many requests' } as const
const free = { usd: 0, credits: 0, source: 'none' }
const listPrice = { usd: 0.02, credits: 4, source: 'estimated' }

for (const backend of ledgerBackends) {
  describe(`attempts (${backend})`, () => {
    const own = suiteLedger({ backend })
    const mustRead = async (ref: AttemptRef): Promise<AttemptRow> => {
      const row = await own().ledger.readAttempt(ref)
      assert.ok(row)
      return row
    }

    test('a claim keeps who is asked, where and in which mode, and costs nothing yet', async () => {
      const { ledger } = own()
      const ref = await openGeneration(ledger)
      const attempt = newAttempt(ref, { account: 'second', mode: 'live' })
      const row = await ledger.claimAttempt(attempt, [])
      const { estimate: _estimate, entry: _entry, ...identity } = attempt
      assert.deepEqual({ ...row, ...identity }, row)
      assert.deepEqual(
        { state: row.state, tries: row.tries, sendId: row.sendId, cost: row.cost, provenFree: row.provenFree },
        { state: 'claimed', tries: 0, sendId: null, cost: { usd: null, credits: null, source: 'none' }, provenFree: false },
      )
    })

    test('the send deadline is the clock of the database plus the time for the send', async () => {
      const { ledger, connection } = own()
      const ref = await claimed(ledger)
      const begun = await ledger.beginSend(ref, anyOffer({ timeoutMs: 65_000 }))
      const [clock] = await execute(connection, 'select clock_timestamp() as now')
      assert.equal(begun.kind, 'send')
      const { sendStartedAt, sendDeadlineAt, tries } = begun.row
      assert.ok(sendStartedAt !== null && sendDeadlineAt !== null && clock?.['now'] instanceof Date)
      assert.equal(sendDeadlineAt.getTime() - sendStartedAt.getTime(), 65_000)
      const ageMs = clock['now'].getTime() - sendStartedAt.getTime()
      assert.ok(ageMs >= 0 && ageMs < 5_000, `begun ${ageMs} ms ago`)
      assert.equal(tries, 1)
    })

    test('waiting for a lock does not shorten the time for the send', async () => {
      const { ledger, connection } = own()
      const ref = await claimed(ledger)
      const holder = new Client(connection)
      await holder.connect()
      await holder.query('begin')
      await holder.query('select 1 from attempts where generation_id = $1 for update', [ref.generationId])
      const waiting = ledger.beginSend(ref, anyOffer({ timeoutMs: 65_000 }))
      await holder.query('select pg_sleep(0.2)')
      const { rows } = await holder.query<{ now: Date }>('select clock_timestamp() as now')
      await holder.query('rollback')
      await holder.end()
      const { sendStartedAt } = (await waiting).row
      assert.ok(sendStartedAt !== null && rows[0] !== undefined && sendStartedAt >= rows[0].now)
    })

    test('while one run may be talking, another is told until when, and a third try counts only sends that were begun', async () => {
      const { ledger } = own()
      const ref = await sending(ledger)
      const second = await ledger.beginSend(ref, anyOffer())
      assert.deepEqual([second.kind, second.row.sendId, second.row.tries], ['sending_elsewhere', ref.sendId, 1])
      const released = await ledger.releaseSend(ref, ref.sendId, { ...refusal, wasSent: true })
      assert.deepEqual(
        [released.state, released.reason, released.message, released.sendId, released.sendDeadlineAt],
        ['claimed', 'rate_limited', 'too many requests', null, null],
      )
      const third = await ledger.beginSend(ref, anyOffer())
      assert.equal(third.kind, 'send')
      assert.equal(third.row.tries, 2)
      assert.notEqual(third.row.sendId, ref.sendId)
    })

    test('a send whose deadline passed is unknown to whoever looks next: a reader, a new run, a withdrawal', async () => {
      const { ledger, connection } = own()
      const looks = [
        (ref: AttemptRef) => ledger.readAttempt(ref),
        (ref: AttemptRef) => ledger.beginSend(ref, anyOffer()).then(({ row }) => row),
        (ref: AttemptRef) => ledger.withdrawAttempt(newAttempt(ref), refusal),
      ]
      for (const look of looks) {
        const ref = await sending(ledger)
        assert.equal((await look(ref))?.state, 'sending')
        await passDeadline(connection, ref)
        const row = await look(ref)
        assert.deepEqual([row?.state, row?.reason, row?.cost], ['unknown', 'no_answer', listPrice])
        assert.ok(row?.sendDeadlineAt instanceof Date, 'kept: listening without a callback address ends with it')
        // The run whose time is over cannot free the row any more.
        assert.equal((await ledger.releaseSend(ref, ref.sendId, { ...refusal, wasSent: true })).state, 'unknown')
      }
    })

    test('a run that says its reply was lost has ended: nobody waits for its deadline', async () => {
      const ref = await unknown(own().ledger)
      const [row] = await execute(
        own().connection,
        'select send_deadline_at <= clock_timestamp() as over from attempts where generation_id = $1',
        [ref.generationId],
      )
      assert.deepEqual(row, { over: true })
    })

    test('refused for good: ended, free, with the reason; and once more is the same', async () => {
      const { ledger } = own()
      const ref = await sending(ledger)
      const why = { reason: 'content_policy', message: 'not this' } as const
      const row = await ledger.rejectSend(ref, ref.sendId, why)
      assert.deepEqual(
        [row.state, row.outcome, row.reason, row.message, row.provenFree, row.cost],
        ['rejected', 'rejected', 'content_policy', 'not this', true, free],
      )
      assert.ok(row.finishedAt)
      assert.deepEqual(await ledger.rejectSend(ref, ref.sendId, why), row)
      assert.deepEqual(await ledger.beginSend(ref, anyOffer()), { kind: 'decided', row })
    })

    test('the list price becomes the cost when the task is accepted or its fate unknown, and a measured cost replaces it', async () => {
      const { ledger } = own()
      const lost = await unknown(ledger)
      assert.deepEqual((await mustRead(lost)).cost, listPrice)
      const ref = await accepted(ledger)
      assert.deepEqual((await mustRead(ref)).cost, listPrice)
      const measured = { usd: 0.03, credits: 6, source: 'measured' } as const
      const row = await ledger.recordVerdict(ref, { ...done, cost: measured })
      assert.deepEqual([row.state, row.cost, row.provenFree], ['succeeded', measured, false])
    })

    test('without a list price there is no figure, rather than an invented one', async () => {
      const { ledger } = own()
      const ref = await accepted(ledger, { estimate: { usd: null, credits: null } })
      assert.deepEqual((await mustRead(ref)).cost, { usd: null, credits: null, source: 'none' })
    })

    test('a failure that the provider calls free is free; one that it does not keeps the estimate', async () => {
      const { ledger } = own()
      const failed = { ...done, state: 'failed', reason: 'provider_fault', message: 'internal error' } as const
      const first = await ledger.recordVerdict(await accepted(ledger), { ...failed, provenFree: true })
      assert.deepEqual([first.outcome, first.provenFree, first.cost], ['failed', true, free])
      const zero = { usd: 0, credits: 0, source: 'measured' } as const
      const second = await ledger.recordVerdict(await accepted(ledger), { ...failed, provenFree: true, cost: zero })
      assert.deepEqual([second.provenFree, second.cost], [true, zero])
      const third = await ledger.recordVerdict(await accepted(ledger), failed)
      assert.deepEqual([third.provenFree, third.cost], [false, listPrice])
    })

    test('a verdict without a cost, or with a number that is none, leaves the estimate', async () => {
      const { ledger } = own()
      for (const usd of [Number.NaN, Number.POSITIVE_INFINITY, -1]) {
        const cost = { usd, credits: null, source: 'measured' } as const
        assert.deepEqual((await ledger.recordVerdict(await accepted(ledger), { ...done, cost })).cost, listPrice)
      }
      const huge = { usd: 1e300, credits: 1e-12, source: 'measured' } as const
      assert.deepEqual((await ledger.recordVerdict(await accepted(ledger), { ...done, cost: huge })).cost, huge)
    })

    test('the first verdict is the end; a later one may only bring the measured cost of that same end', async () => {
      const { ledger } = own()
      const ref = await accepted(ledger)
      const first = await ledger.recordVerdict(ref, done)
      const measured = { usd: 0.5, credits: 1, source: 'measured' } as const
      const contrary = {
        ...done,
        state: 'failed',
        reason: 'provider_fault',
        message: 'no',
        cost: measured,
        provenFree: true,
      } as const
      assert.deepEqual(await ledger.recordVerdict(ref, contrary), first)
      assert.deepEqual(await ledger.recordVerdict(ref, { ...done, cost: measured }), { ...first, cost: measured })
    })

    test('an attempt that was left ends by the word of the provider while its generation is open', async () => {
      const { ledger } = own()
      const ref = await accepted(ledger)
      await ledger.claimAttempt(newAttempt(nextOf(ref)), [leftAs(ref)])
      const measured = { usd: 0.04, credits: 8, source: 'measured' } as const
      const row = await ledger.recordVerdict(ref, { ...done, cost: measured })
      assert.deepEqual([row.state, row.outcome, row.cost, row.possibleExtraCharge], ['succeeded', 'succeeded', measured, true])
    })

    test('after the end of its generation it stays owing, for settlement, and gets the measured cost', async () => {
      const { ledger } = own()
      const ref = await accepted(ledger)
      await ledger.closeGeneration(ref.generationId, closingAs('failed', { left: [leftAs(ref)] }), [])
      const measured = { usd: 0.04, credits: 8, source: 'measured' } as const
      const row = await ledger.recordVerdict(ref, { ...done, cost: measured })
      assert.deepEqual([row.state, row.outcome, row.cost], ['abandoned', 'overdue', measured])
    })

    test("the provider's time of finishing counts within what our own clock knows to be true", async () => {
      const { ledger } = own()
      const tooEarly = await ledger.recordVerdict(await accepted(ledger), { ...done, finishedAt: new Date(0) })
      assert.deepEqual(tooEarly.finishedAt, tooEarly.acceptedAt)
      const tooLate = await ledger.recordVerdict(await accepted(ledger), { ...done, finishedAt: new Date('2999-01-01') })
      assert.ok(tooLate.finishedAt !== null && tooLate.finishedAt.getTime() < Date.now() + 60_000)
      const ref = await accepted(ledger)
      await execute(
        own().connection,
        `update attempts set accepted_at = accepted_at - interval '1 minute' where generation_id = $1`,
        [ref.generationId],
      )
      const believable = new Date(((await mustRead(ref)).acceptedAt?.getTime() ?? 0) + 20_000)
      assert.deepEqual((await ledger.recordVerdict(ref, { ...done, finishedAt: believable })).finishedAt, believable)
    })

    describe('task ids', () => {
      test('one that is read from our own POST is written from sending, unknown, abandoned and settled', async () => {
        const { ledger, connection } = own()
        for (const state of ['sending', 'unknown', 'abandoned', 'settled'] as const) {
          const ref = await sending(ledger)
          await force(connection, ref, state, ref.sendId)
          const taskId = `task_${randomUUID()}`
          const row = await ledger.recordTaskId(ref, taskId)
          assert.deepEqual([row.providerTaskId, row.adopted], [taskId, false], state)
          assert.equal(row.state, state === 'sending' || state === 'unknown' ? 'accepted' : state)
          assert.ok(row.acceptedAt)
        }
      })

      test('writing it again changes nothing, and another one never replaces it', async () => {
        const { ledger } = own()
        const ref = await accepted(ledger)
        const row = await mustRead(ref)
        assert.deepEqual(await ledger.recordTaskId(ref, ref.taskId), row)
        assert.deepEqual(await ledger.recordTaskId(ref, 'another'), row)
      })

      test('acceptance clears what an earlier refusal or a lost reply had said', async () => {
        const { ledger } = own()
        const ref = await unknown(ledger)
        assert.equal((await mustRead(ref)).reason, 'no_answer')
        const row = await ledger.recordTaskId(ref, 'late reply')
        assert.deepEqual([row.state, row.reason, row.message, row.outcome], ['accepted', null, null, null])
      })

      test('our own reply corrects an id that was adopted from a callback, and not the other way round', async () => {
        const { ledger } = own()
        const ref = await unknown(ledger)
        const wrong = `claimed_${randomUUID()}`
        const adopted = await ledger.adoptTaskId(ref, wrong)
        assert.deepEqual([adopted?.state, adopted?.adopted, adopted?.providerTaskId], ['accepted', true, wrong])
        const corrected = await ledger.recordTaskId(ref, 'read from our reply')
        assert.deepEqual(
          [corrected.providerTaskId, corrected.adopted, corrected.acceptedAt],
          ['read from our reply', false, adopted?.acceptedAt],
        )
        assert.deepEqual(await ledger.adoptTaskId(ref, wrong), corrected)
      })

      test('one that another attempt of the account holds is not adopted; one of another account or provider is', async () => {
        const { ledger } = own()
        const holder = await accepted(ledger)
        const ref = await unknown(ledger)
        assert.equal(await ledger.isTaskIdHeldElsewhere('kie', 'default', holder.taskId, ref), true)
        assert.equal(await ledger.isTaskIdHeldElsewhere('kie', 'default', holder.taskId, holder), false)
        assert.equal(await ledger.isTaskIdHeldElsewhere('kie', 'second', holder.taskId, ref), false)
        assert.equal(await ledger.adoptTaskId(ref, holder.taskId), null)
        assert.equal((await mustRead(ref)).state, 'unknown')
        const elsewhere = await unknown(ledger, { account: 'second' })
        assert.equal((await ledger.adoptTaskId(elsewhere, holder.taskId))?.state, 'accepted')
        const defapi = await unknown(ledger, { provider: 'defapi' })
        assert.equal((await ledger.adoptTaskId(defapi, holder.taskId))?.state, 'accepted')
      })

      test('a provider that gives one id to two submits: both replies are written, since both may cost', async () => {
        const { ledger } = own()
        const first = await accepted(ledger)
        const second = await sending(ledger)
        const row = await ledger.recordTaskId(second, first.taskId)
        assert.deepEqual([row.state, row.providerTaskId], ['accepted', first.taskId])
        assert.equal(await ledger.isTaskIdHeldElsewhere('kie', 'default', first.taskId, first), true)
      })
    })

    test('text that Postgres cannot hold does not jam a row', async () => {
      const { ledger } = own()
      const ref = await unknown(ledger)
      const lost = await ledger.loseSend(ref, ref.sendId, { message: 'ignored' })
      assert.equal(lost.message, 'socket hang up')
      const row = await ledger.recordTaskId(ref, 'ta\0sk')
      assert.equal(row.providerTaskId, 'ta\uFFFDsk')
      const verdict = { ...done, state: 'failed', reason: 'provider_fault', message: 'a\0b \uD800' } as const
      assert.equal((await ledger.recordVerdict(ref, verdict)).message, 'a\uFFFDb \uFFFD')
    })
  })
}
