// Pauses, the breaker and balances of provider accounts: one truth for every process.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RefusalReason } from '../../../src/contract/index.ts'
import type { AccountRef, Pause, PauseRules, SendOffer } from '../../../src/ledger/accounts-port.ts'
import type { BeginSendResult } from '../../../src/ledger/ledger.ts'
import { eventually } from '../../helpers/eventually.ts'
import { ledgerBackends, suiteLedger } from '../../helpers/ledger.ts'
import { anyOffer, claimed, execute, offerOf } from './fixtures.ts'

const rules: PauseRules = { rateLimitPauseMs: 10_000, maintenancePauseMs: 120_000, breakerFailures: 3, breakerPauseMs: 30_000 }
const operator = { by: 'operator', reason: 'operator', message: 'by hand' } as const
let accounts = 0

for (const backend of ledgerBackends) {
  describe(`the gate of an account (${backend})`, () => {
    const own = suiteLedger({ backend })
    const newAccount = (): AccountRef => ({ mode: 'mock', provider: 'kie', account: `account ${(accounts += 1)}` })
    const offerFor = (...refs: AccountRef[]): SendOffer => anyOffer({ accounts: refs.map(({ account }) => account) })
    const begin = async (offer: SendOffer): Promise<BeginSendResult> => own().ledger.beginSend(await claimed(own().ledger), offer)
    const refused = (
      account: AccountRef,
      reason: RefusalReason,
      retryAfterMs: number | null = null,
      sentAt: Date | null = null,
    ) =>
      own().ledger.noteAccountNews(account, { kind: 'refused', reason, message: 'provider said no', retryAfterMs, sentAt }, rules)
    const fault = (account: AccountRef, sentAt: Date | null = null, pauseRules = rules) =>
      own().ledger.noteAccountNews(account, { kind: 'fault', message: 'reset', sentAt }, pauseRules)
    const gateOf = async (ref: AccountRef) => {
      const gates = await own().ledger.listAccounts([ref])
      return gates.find(({ account }) => account === ref.account) ?? assert.fail()
    }
    const lengthMs = (pause: Pause | null): number | null => {
      assert.ok(pause)
      return pause.until === null ? null : pause.until.getTime() - pause.since.getTime()
    }
    const isAbout = (ms: number | null, expectedMs: number): void =>
      assert.ok(ms !== null && Math.abs(ms - expectedMs) < 2_000, `${ms} ms, not ${expectedMs}`)

    test('a refusal pauses the account for everybody, as long as the provider says, else by its kind', async () => {
      const cases: [RefusalReason, number | null, number | null][] = [
        ['rate_limited', 7_000, 7_000],
        ['rate_limited', null, 10_000],
        ['rate_limited', 0, 10_000],
        ['rate_limited', 1e15, 86_400_000],
        ['queue_full', null, 10_000],
        ['maintenance', null, 120_000],
        ['quota', null, 3_600_000],
        ['no_credits', 5_000, null],
        ['auth', null, null],
      ]
      for (const [reason, retryAfterMs, expectedMs] of cases) {
        const account = newAccount()
        const pause = await refused(account, reason, retryAfterMs)
        assert.deepEqual([pause?.by, pause?.reason, pause?.message], ['provider', reason, 'provider said no'])
        if (expectedMs === null) assert.equal(lengthMs(pause), null)
        else isAbout(lengthMs(pause), expectedMs)
        const begun = await begin(offerFor(account))
        assert.ok(begun.kind === 'busy' && begun.busy.because === 'paused', reason)
        assert.deepEqual(begun.busy.pause, pause)
        assert.equal(begun.row.state, 'claimed')
      }
    })

    test('other refusals show that it is well: they pause nothing and end a run of faults', async () => {
      for (const reason of ['content_policy', 'invalid_input', 'source_image', 'model_unavailable'] as const) {
        const account = newAccount()
        await fault(account)
        await fault(account)
        assert.equal(await refused(account, reason), null)
        assert.equal((await gateOf(account)).failures, 0)
        assert.equal(await fault(account), null)
      }
    })

    test('a paused account is passed over; when all are, the pause that ends first is named', async () => {
      const [one, two] = [newAccount(), newAccount()]
      await refused(one, 'rate_limited', 60_000)
      const begun = await begin(offerFor(one, two))
      assert.deepEqual([begun.kind, begun.row.account], ['send', two.account])
      await refused(two, 'maintenance', 30_000)
      const none = await begin(offerFor(one, two))
      assert.ok(none.kind === 'busy' && none.busy.because === 'paused')
      assert.equal(none.busy.pause?.reason, 'maintenance')
      isAbout(none.busy.retryAfterMs, 30_000)
      await own().ledger.resumeAccount(one)
      assert.equal((await begin(offerFor(one, two))).row.account, one.account)
    })

    test('a pause ends by itself', async () => {
      const account = newAccount()
      await refused(account, 'rate_limited', 30_000)
      assert.equal((await begin(offerFor(account))).kind, 'busy')
      await execute(own().connection, 'update accounts set paused_until = clock_timestamp() where account = $1', [
        account.account,
      ])
      assert.equal((await begin(offerFor(account))).kind, 'send')
      assert.equal((await gateOf(account)).pause, null)
    })

    test("an operator's pause stays as it is, whatever the provider says; of the provider's own, the longer stays", async () => {
      const account = newAccount()
      const first = await refused(account, 'maintenance', 60_000)
      assert.equal(await refused(account, 'rate_limited', 5_000), null)
      assert.deepEqual((await gateOf(account)).pause, first)
      assert.equal((await refused(account, 'no_credits'))?.until, null)
      assert.equal(await refused(account, 'maintenance', 60_000), null)
      const until = new Date(Date.now() + 20_000)
      const byHand = await own().ledger.pauseAccount(account, { ...operator, reason: 'auth', until })
      assert.deepEqual([byHand.by, byHand.until], ['operator', until])
      assert.equal(await refused(account, 'auth'), null)
      assert.equal(await fault(account, null, { ...rules, breakerFailures: 1 }), null)
      await own().ledger.pauseAccount(account, { by: 'provider', reason: 'no_credits', message: 'empty', until: null })
      await own().ledger.recordBalance(account, { credits: 100, usd: null })
      assert.deepEqual((await gateOf(account)).pause, byHand)
    })

    test('resume ends any pause, says whether there was one, and old news does not bring it back', async () => {
      const account = newAccount()
      assert.equal(await own().ledger.resumeAccount(account), false)
      await own().ledger.pauseAccount(account, { ...operator, until: null })
      const [clock] = await execute(own().connection, `select clock_timestamp() - interval '5 ms' as now`)
      assert.ok(clock?.['now'] instanceof Date)
      assert.equal(await own().ledger.resumeAccount(account), true)
      assert.equal(await own().ledger.resumeAccount(account), false)
      assert.equal(await refused(account, 'no_credits', null, clock['now']), null)
      assert.equal((await begin(offerFor(account))).kind, 'send')
      assert.equal((await refused(account, 'no_credits', null, new Date(Date.now() + 1_000)))?.reason, 'no_credits')
    })

    describe('the breaker', () => {
      test('opens after a run of faults, and one that was accepted in between ends the run', async () => {
        const account = newAccount()
        await fault(account)
        await fault(account)
        await own().ledger.noteAccountNews(account, { kind: 'accepted' }, rules)
        await fault(account)
        assert.equal(await fault(account), null)
        assert.deepEqual([(await gateOf(account)).breaker, (await begin(offerFor(account))).kind], ['closed', 'send'])
        const pause = await fault(account)
        assert.equal(pause?.by, 'breaker')
        isAbout(lengthMs(pause), 30_000)
        assert.equal((await gateOf(account)).breaker, 'open')
        assert.equal((await begin(offerFor(account))).kind, 'busy')
        // Sends that were under way when it opened do not hold it open.
        assert.equal(await fault(account), null)
      })

      test('half open after its pause: one at a time until one is accepted; a fault opens it again, an old one does not', async () => {
        const account = newAccount()
        const quick = { ...rules, breakerPauseMs: 200 }
        const before = new Date(Date.now() - 1_000)
        for (let n = 0; n < 3; n += 1) await fault(account, before, quick)
        await eventually(async () => assert.equal((await gateOf(account)).breaker, 'half_open'))
        assert.equal(await fault(account, before, quick), null)
        const probe = await begin(offerFor(account))
        assert.equal(probe.kind, 'send')
        const second = await begin(offerFor(account))
        assert.ok(second.kind === 'busy' && second.busy.because === 'in_flight', 'one is on the wire')
        await own().ledger.loseSend(probe.row, probe.sendId, { message: 'reset' })
        assert.equal((await fault(account, probe.row.sendStartedAt, quick))?.by, 'breaker')
        await eventually(async () => assert.equal((await gateOf(account)).breaker, 'half_open'))
        // Its answer shows that it is well, but made no task: one more fault is enough.
        await refused(account, 'content_policy')
        assert.equal((await fault(account, new Date(Date.now() + 1_000), quick))?.by, 'breaker')
        await eventually(async () => assert.equal((await gateOf(account)).breaker, 'half_open'))
        const next = await begin(offerFor(account))
        assert.equal(next.kind, 'send')
        await own().ledger.recordTaskId(next.row, `task of ${next.row.generationId}`)
        await own().ledger.noteAccountNews(account, { kind: 'accepted', sentAt: next.row.sendStartedAt }, quick)
        const kinds = [(await begin(offerFor(account))).kind, (await begin(offerFor(account))).kind]
        assert.deepEqual([...kinds, (await gateOf(account)).breaker], ['send', 'send', 'closed'])
      })

      test('an accepted task closes it at once, a resume too', async () => {
        for (const close of ['accepted', 'resume'] as const) {
          const account = newAccount()
          for (let n = 0; n < 3; n += 1) await fault(account)
          if (close === 'accepted') await own().ledger.noteAccountNews(account, { kind: 'accepted' }, rules)
          else await own().ledger.resumeAccount(account)
          const { breaker, failures, pause } = await gateOf(account)
          assert.deepEqual({ breaker, failures, pause }, { breaker: 'closed', failures: 0, pause: null })
        }
      })

      test('a hundred faults at once count a hundred', async () => {
        const account = newAccount()
        const patient = { ...rules, breakerFailures: 1_000 }
        await Promise.all(Array.from({ length: 100 }, () => fault(account, null, patient)))
        assert.equal((await gateOf(account)).failures, 100)
      })
    })

    describe('balances', () => {
      const readings = (ref: AccountRef) =>
        execute(own().connection, 'select credits::float8, usd::float8 from balances where account = $1 order by at', [
          ref.account,
        ])

      test('a reading ends the pauses it disproves, and no others', async () => {
        const cases: [RefusalReason, { credits: number | null; usd: number | null }, boolean][] = [
          ['no_credits', { credits: 0, usd: null }, false],
          ['no_credits', { credits: 12, usd: null }, true],
          ['no_credits', { credits: null, usd: 0.5 }, true],
          ['auth', { credits: 0, usd: null }, true],
          ['maintenance', { credits: 100, usd: null }, false],
        ]
        for (const [reason, balance, resumed] of cases) {
          const account = newAccount()
          await refused(account, reason)
          assert.deepEqual(await own().ledger.recordBalance(account, balance), { resumed }, reason)
          const gate = await gateOf(account)
          assert.equal(gate.pause === null, resumed)
          assert.deepEqual([gate.balance?.credits, gate.balance?.usd], [balance.credits, balance.usd])
          assert.ok(gate.balance?.at instanceof Date)
        }
      })

      test('the history has every change, and what does not change once a minute', async () => {
        const account = newAccount()
        for (const credits of [100, 100, 90, 90, Number.NaN]) await own().ledger.recordBalance(account, { credits, usd: null })
        const history = [
          { credits: 100, usd: null },
          { credits: 90, usd: null },
          { credits: null, usd: null },
        ]
        assert.deepEqual(await readings(account), history)
        await execute(own().connection, `update balances set at = at - interval '61 s' where account = $1`, [account.account])
        await own().ledger.recordBalance(account, { credits: null, usd: null })
        assert.deepEqual(await readings(account), [...history, { credits: null, usd: null }])
      })
    })

    test('the list has every account that was used or is configured, with what counts just now', async () => {
      const [used, known] = [newAccount(), { ...newAccount(), mode: 'live' } as const]
      const offer = offerOf({ creates: 3 }, [used.account])
      const done = await begin(offer)
      const refusedSend = await begin(offer)
      const waiting = await claimed(own().ledger)
      assert.ok(done.kind === 'send' && refusedSend.kind === 'send')
      await own().ledger.rejectSend(refusedSend.row, refusedSend.sendId, { reason: 'invalid_input', message: 'no' })
      await own().ledger.takeTurn(waiting, {
        accounts: offer.accounts,
        limits: { ...offer.limits, creates: 2 },
        provider: 'kie',
        mode: 'mock',
        priority: 3,
        holdMs: 1_000,
      })
      const gates = await own().ledger.listAccounts([known])
      const usedGate = gates.find(({ account }) => account === used.account)
      assert.deepEqual(
        [usedGate?.inWindow, usedGate?.inFlight, usedGate?.inLine, usedGate?.breaker, usedGate?.balance],
        [2, 1, 1, 'closed', null],
      )
      const knownGate = gates.find(({ account }) => account === known.account)
      const nothing = { pause: null, failures: 0, breaker: 'closed', inWindow: 0, inFlight: 0, inLine: 0, balance: null }
      assert.deepEqual(knownGate, { ...known, ...nothing })
    })
  })
}
