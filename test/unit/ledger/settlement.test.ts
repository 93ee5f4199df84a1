// What becomes of attempts that were left open, and of tasks that nobody ordered.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import type { AttemptReport, SettlementVerdict } from '../../../src/contract/index.ts'
import type { AttemptRef, AttemptRow, NewImage } from '../../../src/ledger/ledger.ts'
import type { SettlementFinding } from '../../../src/ledger/settlement-port.ts'
import { ledgerBackends, suiteLedger } from '../../helpers/ledger.ts'
import {
  accepted,
  anyOffer,
  claimed,
  closingAs,
  execute,
  leftAs,
  newAttempt,
  newImage,
  nextOf,
  sending,
  unknown,
} from './fixtures.ts'

const word = { reason: null, message: null, cost: null, provenFree: false, finishedAt: null }
const listPrice = { usd: 0.02, credits: 4, source: 'estimated' }
const free = { usd: 0, credits: 0, source: 'none' }
const paid: SettlementFinding = { found: 'paid', cost: null, message: null }
const failedFree: SettlementFinding = { found: 'failed_free', cost: null, message: null }
const unresolved: SettlementFinding = { found: 'unresolved', cost: null, message: null }

for (const backend of ledgerBackends) {
  describe(`settlement (${backend})`, () => {
    const own = suiteLedger({ backend })
    const mustRead = async (ref: AttemptRef): Promise<AttemptRow> => (await own().ledger.readAttempt(ref)) ?? assert.fail()
    const reportOf = async (ref: AttemptRef): Promise<AttemptReport> => {
      const generation = await own().ledger.readGeneration(ref.generationId)
      return generation?.attempts.find(({ number }) => number === ref.attempt) ?? assert.fail()
    }
    const claim = (ref: AttemptRef, claimedTaskId: string, claimedState = 'success') =>
      own().ledger.keepHint({ ...ref, claimedTaskId, claimedState, bodySha256: 'd'.repeat(64), receivedAt: new Date() })
    /** The next attempt, with a task, after the earlier one was left. */
    async function successor(ref: AttemptRef): Promise<AttemptRef> {
      const next = nextOf(ref)
      await own().ledger.claimAttempt(newAttempt(next), [leftAs(ref)])
      await own().ledger.beginSend(next, anyOffer())
      await own().ledger.recordTaskId(next, `task_${randomUUID()}`)
      return next
    }
    const close = (ref: AttemptRef, servedByAttempt: number | null = null) =>
      own().ledger.closeGeneration(
        ref.generationId,
        closingAs(servedByAttempt === null ? 'failed' : 'completed', { servedByAttempt }),
        servedByAttempt === null ? [] : [newImage({ ...ref, attempt: servedByAttempt })],
      )
    /** Attempts left behind at the end, with a task each; none of them served. */
    async function owing(count: number): Promise<AttemptRef[]> {
      let ref: AttemptRef = await accepted(own().ledger)
      const refs = [ref]
      while (refs.length < count) refs.push((ref = await successor(ref)))
      await close(ref)
      return refs
    }

    test('an owing row is closed once, with verdict and cost; what is found later does not change it', async () => {
      const { ledger } = own()
      const [ref] = await owing(1)
      assert.ok(ref)
      const measured = { usd: 0.03, credits: 6, source: 'measured' } as const
      const row = await ledger.settleAttempt(ref, { found: 'paid', cost: measured, message: 'finished after 14 minutes' })
      assert.deepEqual([row.state, row.verdict, row.cost, row.provenFree], ['settled', 'paid', measured, false])
      assert.deepEqual([row.outcome, row.reason, row.message], ['overdue', 'deadline', 'finished after 14 minutes'])
      assert.ok(row.settledAt)
      for (const finding of [paid, failedFree, unresolved]) assert.deepEqual(await ledger.settleAttempt(ref, finding), row)
      const report = await reportOf(ref)
      assert.deepEqual([report.verdict, report.settledAt], ['paid', row.settledAt.toISOString()])
    })

    test('free is free, and what nobody could find out keeps its list price', async () => {
      const { ledger } = own()
      const [first, second] = await owing(2)
      assert.ok(first !== undefined && second !== undefined)
      const one = await ledger.settleAttempt(first, failedFree)
      assert.deepEqual([one.verdict, one.provenFree, one.cost], ['failed_free', true, free])
      const other = await ledger.settleAttempt(second, unresolved)
      assert.deepEqual([other.verdict, other.provenFree, other.cost], ['unresolved', false, listPrice])
      assert.deepEqual((await ledger.readGeneration(first.generationId))?.cost, { usd: 0.02, source: 'estimated' })
    })

    test('what is not owing is answered as it is', async () => {
      const { ledger } = own()
      for (const make of [claimed, sending, unknown, accepted]) {
        const ref = await make(ledger)
        assert.deepEqual(await ledger.settleAttempt(ref, paid), await mustRead(ref))
        assert.equal((await mustRead(ref)).verdict, null)
      }
    })

    test('settling releases the permit: the next task may be made', async () => {
      const { ledger } = own()
      const account = `only-one-${randomUUID()}`
      const limits = { ...anyOffer().limits, maxInFlight: 1 }
      const offer = { ...anyOffer({ accounts: [account] }), limits }
      const first = await claimed(ledger, { account })
      assert.equal((await ledger.beginSend(first, offer)).kind, 'send')
      await ledger.recordTaskId(first, `task_${randomUUID()}`)
      const second = await claimed(ledger, { account })
      await close(first)
      assert.equal((await ledger.beginSend(second, offer)).kind, 'busy', 'left behind, but still at work there')
      await ledger.settleAttempt(first, failedFree)
      assert.equal((await ledger.beginSend(second, offer)).kind, 'send')
      const verdict = { ...word, state: 'succeeded' } as const
      await ledger.recordTaskId(second, `task_${randomUUID()}`)
      await ledger.recordVerdict(second, verdict)
      assert.equal((await ledger.beginSend(await claimed(ledger, { account }), offer)).kind, 'send', 'so does the end of a task')
    })

    describe('which of several paid tasks is extra', () => {
      // finding per attempt, in the order of settling → verdict per attempt
      const cases: [string, (1 | 2 | 3)[], SettlementVerdict[]][] = [
        ['settled in order', [1, 2, 3], ['paid', 'confirmed_extra', 'confirmed_extra']],
        ['settled backwards', [3, 2, 1], ['paid', 'confirmed_extra', 'confirmed_extra']],
        ['settled in between', [2, 3, 1], ['paid', 'confirmed_extra', 'confirmed_extra']],
      ]
      for (const [name, order, verdicts] of cases) {
        test(`none served, ${name}: the first attempt is the one that was wanted`, async () => {
          const refs = await owing(3)
          for (const number of order) await own().ledger.settleAttempt(refs[number - 1] ?? assert.fail(), paid)
          assert.deepEqual(await Promise.all(refs.map(async (ref) => (await mustRead(ref)).verdict)), verdicts)
        })
      }

      test('one served: every other paid one is extra, a free or an unresolved one is not', async () => {
        const { ledger } = own()
        const refs: AttemptRef[] = [await accepted(ledger)]
        for (let n = 0; n < 3; n += 1) refs.push(await successor(refs.at(-1) ?? assert.fail()))
        const last = refs.at(-1) ?? assert.fail()
        await ledger.recordVerdict(last, { ...word, state: 'succeeded' })
        await close(last, last.attempt)
        for (const [n, finding] of [failedFree, paid, unresolved].entries()) {
          await ledger.settleAttempt(refs[n] ?? assert.fail(), finding)
        }
        assert.deepEqual(
          (await ledger.readGeneration(last.generationId))?.attempts.map(({ state, verdict }) => [state, verdict]),
          [
            ['settled', 'failed_free'],
            ['settled', 'confirmed_extra'],
            ['settled', 'unresolved'],
            ['succeeded', null],
          ],
        )
      })

      test('a failure that the provider charged counts as the first one, a free failure does not', async () => {
        const { ledger } = own()
        for (const [provenFree, verdict] of [
          [false, 'confirmed_extra'],
          [true, 'paid'],
        ] as const) {
          const first = await accepted(ledger)
          const second = await successor(first)
          await ledger.recordVerdict(second, { ...word, state: 'failed', reason: 'provider_fault', provenFree })
          await close(second)
          assert.equal((await ledger.settleAttempt(first, paid)).verdict, verdict)
        }
      })

      test('it is read anew when another one ends after it was settled', async () => {
        const { ledger } = own()
        const first = await accepted(ledger)
        const second = await successor(first)
        assert.equal((await ledger.settleAttempt(first, paid)).verdict, 'paid')
        await ledger.recordVerdict(second, { ...word, state: 'succeeded' })
        assert.equal((await mustRead(first)).verdict, 'confirmed_extra')
      })

      test('two tasks for one POST: the second is extra; where the first came to nothing, the second is the one that was paid', async () => {
        const { ledger } = own()
        const [ref] = await owing(1)
        assert.ok(ref)
        await ledger.addExtraTask(ref, 'other')
        await ledger.settleExtraTask(ref, 'other', paid)
        const verdictOfExtra = async () => (await ledger.readExtraTasks(ref))[0]?.verdict
        assert.equal(await verdictOfExtra(), 'paid', 'nobody knows of another one yet')
        await ledger.settleAttempt(ref, paid)
        assert.deepEqual([(await mustRead(ref)).verdict, await verdictOfExtra()], ['paid', 'confirmed_extra'])
        const [lone] = await owing(1)
        assert.ok(lone)
        await ledger.settleAttempt(lone, failedFree)
        await ledger.addExtraTask(lone, 'other')
        await ledger.settleExtraTask(lone, 'other', paid)
        await ledger.settleExtraTask(lone, 'other', failedFree)
        const [extra] = await ledger.readExtraTasks(lone)
        assert.deepEqual(extra, { providerTaskId: 'other', verdict: 'paid', cost: listPrice }, 'the first finding stays')
      })
    })

    describe('what there is left to look after', () => {
      test('of one generation: rows left open, with claims, with tasks that nobody looked up; nothing else', async () => {
        const { ledger } = own()
        const first = await accepted(ledger)
        const second = await successor(first)
        const third = await successor(second)
        await ledger.recordVerdict(second, { ...word, state: 'succeeded' })
        await claim(second, 'a stranger')
        await ledger.recordVerdict(third, { ...word, state: 'failed', provenFree: true })
        await close(third, 2)
        const list = async () =>
          (await ledger.owingOf(first.generationId)).map(({ attempt, state, hasOpenClaims, entry }) => [
            attempt,
            state,
            hasOpenClaims,
            entry,
          ])
        assert.deepEqual(await list(), [
          [1, 'abandoned', false, 0],
          [2, 'succeeded', true, 0],
        ])
        await ledger.settleAttempt(first, paid)
        await ledger.addExtraTask(second, 'a stranger')
        assert.deepEqual(await list(), [[2, 'succeeded', true, 0]])
        await ledger.settleExtraTask(second, 'a stranger', unresolved)
        assert.deepEqual(await list(), [])
        assert.deepEqual(await ledger.owingOf('gen_nobody'), [])
      })

      test('of all ended generations of a mode, the longest first, up to a limit', async () => {
        const { ledger, connection } = own()
        // of their own mode, since other tests of this file leave rows as well
        const make = async () => {
          const ref = await accepted(ledger, { mode: 'live' })
          await execute(connection, `update generations set mode = 'live' where id = $1`, [ref.generationId])
          return ref
        }
        const [young, old, open, withExtra] = [await make(), await make(), await make(), await make()]
        for (const ref of [young, old]) await close(ref)
        await ledger.recordVerdict(withExtra, { ...word, state: 'succeeded' })
        await close(withExtra, 1)
        await ledger.addExtraTask(withExtra, 'extra')
        await ledger.claimAttempt(newAttempt(nextOf(open), { mode: 'live' }), [leftAs(open)])
        const age = (ref: AttemptRef, minutes: number) =>
          execute(
            connection,
            `update attempts set finished_at = finished_at - $2 * interval '1 minute' where generation_id = $1`,
            [ref.generationId, minutes],
          )
        await age(old, 60)
        await age(withExtra, 30)
        const leftBefore = new Date(Date.now() + 60_000)
        const ids = async (filter: { leftBefore: Date; limit: number }) =>
          (await ledger.listOwing({ mode: 'live', ...filter })).map(({ generationId }) => generationId)
        const [a, b, c] = [old, withExtra, young].map(({ generationId }) => generationId)
        assert.deepEqual(await ids({ leftBefore, limit: 9 }), [a, b, c])
        assert.deepEqual(await ids({ leftBefore, limit: 2 }), [a, b])
        assert.deepEqual(await ids({ leftBefore: new Date(Date.now() - 45 * 60_000), limit: 9 }), [a])
      })
    })

    test('spares are added behind the pictures of the one that served, once', async () => {
      const { ledger } = own()
      const first = await accepted(ledger)
      const second = await successor(first)
      const { index: _index, spare: _spare, ...picture } = newImage(first)
      const spares: Omit<NewImage, 'index' | 'spare'>[] = [picture, { ...picture, sha256: 'e'.repeat(64) }]
      await assert.rejects(ledger.addSpares(first, spares), /still open/)
      await close(second, 2)
      for (let times = 0; times < 2; times += 1) await ledger.addSpares(first, spares)
      const { images } = (await ledger.readGeneration(first.generationId)) ?? assert.fail()
      assert.deepEqual(
        images.map(({ index, attempt, spare, sha256 }) => [index, attempt, spare, sha256[0]]),
        [
          [0, 2, false, 'c'],
          [1, 1, true, 'c'],
          [2, 1, true, 'e'],
        ],
      )
      assert.equal((await ledger.readImage(first.generationId, 2))?.spare, true)
    })

    describe('faults of a gateway that pays twice and forgets once', () => {
      test('1: a deadline is not a failure: the first attempt is owing and marked before the next one is claimed', async () => {
        const first = await accepted(own().ledger)
        await successor(first)
        const row = await mustRead(first)
        assert.deepEqual([row.state, row.possibleExtraCharge, row.cost], ['abandoned', true, listPrice])
        assert.deepEqual(
          (await own().ledger.owingOf(first.generationId)).map(({ attempt }) => attempt),
          [1],
        )
      })

      test('2: a late failure of the first attempt ends the first attempt and touches nothing of the second', async () => {
        const { ledger } = own()
        const first = await accepted(ledger)
        const second = await successor(first)
        const before = await mustRead(second)
        const failed = { ...word, state: 'failed', reason: 'provider_fault', message: 'late', provenFree: true } as const
        const row = await ledger.recordVerdict(first, failed)
        assert.deepEqual([row.state, row.reason, row.provenFree, row.cost], ['failed', 'provider_fault', true, free])
        assert.deepEqual(await mustRead(second), before)
        assert.equal((await ledger.readGeneration(first.generationId))?.status, 'waiting')
      })

      test('3: a late success of the first attempt is booked on it, under its own task id, and says truly who served', async () => {
        const { ledger } = own()
        const first = await accepted(ledger)
        const second = await successor(first)
        const cost = { usd: 0.03, credits: 6, source: 'measured' } as const
        const row = await ledger.recordVerdict(first, { ...word, state: 'succeeded', cost })
        assert.deepEqual([row.state, row.outcome, row.providerTaskId, row.cost], ['succeeded', 'succeeded', first.taskId, cost])
        const generation = await close(second, 1)
        assert.deepEqual([generation.servedBy?.attempt, generation.servedBy?.providerTaskId], [1, first.taskId])
        assert.equal((await mustRead(second)).state, 'abandoned')
        assert.equal((await ledger.settleAttempt(second, paid)).verdict, 'confirmed_extra')
      })
    })
  })
}
