// Waiting for a turn: first come, first served, within a priority; nobody who died holds the others up.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AccountLimits, SendOffer, TurnResult } from '../../../src/ledger/accounts-port.ts'
import { createLedger } from '../../../src/ledger/create-ledger.ts'
import type { AttemptRef } from '../../../src/ledger/ledger.ts'
import type { Gate } from '../../../src/ledger/permits.ts'
import { busyBecause } from '../../../src/ledger/when-free.ts'
import { eventually } from '../../helpers/eventually.ts'
import { ledgerBackends, suiteLedger, testLinks } from '../../helpers/ledger.ts'
import { claimed, closingAs, execute, leftAs, manyClaimed, newAttempt, nextOf, offerOf } from './fixtures.ts'

const why = { reason: 'busy', message: 'waited long enough' } as const

for (const backend of ledgerBackends) {
  describe(`the line (${backend})`, () => {
    const own = suiteLedger({ backend })
    const newcomer = () => claimed(own().ledger)
    const ask = (ref: AttemptRef, { accounts, limits }: SendOffer, { priority = 3, holdMs = 60_000 } = {}): Promise<TurnResult> =>
      own().ledger.takeTurn(ref, { accounts, limits, provider: 'kie', mode: 'mock', priority, holdMs })
    const placeOf = (result: TurnResult): number | string => (result.kind === 'waiting' ? result.position : result.kind)
    const begin = async (ref: AttemptRef, offer: SendOffer): Promise<string> => {
      const begun = await own().ledger.beginSend(ref, offer)
      return begun.kind === 'busy' ? begun.busy.because : begun.kind
    }
    /** One line per provider: what earlier tests left in it goes. */
    const fresh = async (limits: Partial<AccountLimits>): Promise<SendOffer> => {
      await execute(own().connection, 'delete from line')
      return offerOf(limits, [`account ${Math.random()}`])
    }
    /** Makes this many permits of the account stop counting now. */
    const free = (offer: SendOffer, count: number) =>
      execute(
        own().connection,
        `update permits set counts_until = clock_timestamp(), open_until = null
         where id in (select id from permits where account = $1 and counts_until > clock_timestamp() order by granted_at limit $2)`,
        [offer.accounts[0], count],
      )
    const fill = async (offer: SendOffer): Promise<void> => {
      for (let n = 0; n < (offer.limits.creates ?? 0); n += 1) assert.equal(await begin(await newcomer(), offer), 'send')
    }
    const isLate = (ref: AttemptRef, seconds: number) =>
      execute(
        own().connection,
        `update line set expected_at = clock_timestamp() - $2 * interval '1 second' where generation_id = $1`,
        [ref.generationId, seconds],
      )

    const letExpire = (ref: AttemptRef) =>
      execute(
        own().connection,
        `update permits set open_until = clock_timestamp(), counts_until = clock_timestamp(), lease_until = clock_timestamp()
         where generation_id = $1`,
        [ref.generationId],
      )

    test('turns come by priority, then by who came first; asking again keeps the place', async () => {
      const offer = await fresh({ creates: 1 })
      await fill(offer)
      const [first, second, urgent] = [await newcomer(), await newcomer(), await newcomer()]
      assert.equal(placeOf(await ask(first, offer)), 1)
      assert.equal(placeOf(await ask(second, offer)), 2)
      assert.equal(placeOf(await ask(urgent, offer, { priority: 1 })), 1)
      assert.deepEqual([placeOf(await ask(second, offer)), placeOf(await ask(first, offer))], [3, 2])
      const turns = [urgent, first, second]
      for (const [index, ref] of turns.entries()) {
        await free(offer, 1)
        const later: (number | string)[] = []
        for (const other of turns.slice(index + 1)) later.push(placeOf(await ask(other, offer)))
        assert.deepEqual(later, [2, 3].slice(0, later.length))
        assert.equal(placeOf(await ask(ref, offer)), 'granted')
        assert.equal(await begin(ref, offer), 'send')
      }
    })

    test('a newcomer does not overtake: it is told of the line, even where there is room', async () => {
      const offer = await fresh({ creates: 1 })
      await fill(offer)
      const waiting = await newcomer()
      assert.equal(placeOf(await ask(waiting, offer)), 1)
      await free(offer, 1)
      assert.equal(await begin(await newcomer(), offer), 'line')
      assert.equal(await begin(waiting, offer), 'send', 'the first in line may send without asking for its turn')
      await free(offer, 1)
      assert.equal(await begin(await newcomer(), offer), 'send', 'it has left the line')
    })

    test('one who is slow to come back holds up one permit, not the whole line', async () => {
      const offer = await fresh({ creates: 2 })
      await fill(offer)
      const refs = [await newcomer(), await newcomer(), await newcomer()]
      for (const [index, ref] of refs.entries()) assert.equal(placeOf(await ask(ref, offer)), index + 1)
      await free(offer, 2)
      const [first, second, third] = refs
      assert.ok(first && second && third)
      assert.equal(placeOf(await ask(third, offer)), 3, 'what is free belongs to the two before it')
      assert.equal(placeOf(await ask(second, offer)), 'granted')
      assert.equal(placeOf(await ask(third, offer)), 2)
      assert.equal(placeOf(await ask(first, offer)), 'granted')
    })

    test('a place that nobody asked for is passed over after ten seconds, and is there again when somebody does', async () => {
      const offer = await fresh({ creates: 1 })
      await fill(offer)
      const [dead, next, last] = [await newcomer(), await newcomer(), await newcomer()]
      for (const ref of [dead, next, last]) await ask(ref, offer)
      await isLate(dead, 5)
      assert.equal(placeOf(await ask(next, offer)), 2)
      await isLate(dead, 11)
      assert.equal(placeOf(await ask(next, offer)), 1)
      await free(offer, 1)
      assert.equal(placeOf(await ask(next, offer)), 'granted')
      assert.equal(placeOf(await ask(last, offer)), 1)
      assert.equal(placeOf(await ask(dead, offer)), 1)
      assert.equal(placeOf(await ask(last, offer)), 2)
    })

    test('a permit that is held is used without another look at the window, and asking again does not take a second one', async () => {
      const offer = await fresh({ creates: 1 })
      const ref = await newcomer()
      assert.equal(placeOf(await ask(ref, offer)), 'granted')
      assert.equal(placeOf(await ask(ref, offer)), 'granted')
      assert.equal(await begin(await newcomer(), offer), 'window', 'held is taken')
      const permits = () => execute(own().connection, 'select send_id from permits where generation_id = $1', [ref.generationId])
      assert.deepEqual(await permits(), [{ send_id: null }])
      assert.equal(await begin(ref, { ...offer, limits: { ...offer.limits, creates: 0 } }), 'send')
      const [used, ...others] = await permits()
      assert.ok(used?.['send_id'] !== null && others.length === 0)
    })

    test('a permit that is not used in time is free for others, and its place is kept', async () => {
      const offer = await fresh({ creates: 1 })
      const [slow, next] = [await newcomer(), await newcomer()]
      assert.equal(placeOf(await ask(slow, offer)), 'granted')
      assert.equal(placeOf(await ask(next, offer)), 1, 'who holds a permit stands in nobody’s way')
      await letExpire(slow)
      assert.equal(placeOf(await ask(next, offer)), 'granted')
      assert.equal(await begin(slow, offer), 'window')
      await letExpire(next)
      assert.equal(placeOf(await ask(slow, offer)), 'granted')
      assert.equal(placeOf(await ask(next, offer)), 1)
    })

    test('a turn that is not needed any more goes to the next: withdrawn, left, or its generation ended', async () => {
      const offer = await fresh({ creates: 1 })
      const ends: ((ref: AttemptRef) => Promise<unknown>)[] = [
        (ref) => own().ledger.withdrawAttempt(newAttempt(ref), why),
        (ref) => own().ledger.claimAttempt(newAttempt(nextOf(ref)), [leftAs(ref)]),
        (ref) => own().ledger.closeGeneration(ref.generationId, closingAs('cancelled'), []),
      ]
      for (const end of ends) {
        const [holder, waiting] = [await newcomer(), await newcomer()]
        assert.equal(placeOf(await ask(holder, offer)), 'granted')
        assert.equal(placeOf(await ask(waiting, offer)), 1)
        await end(waiting)
        assert.equal(placeOf(await ask(waiting, offer)), 'decided')
        await end(holder)
        assert.deepEqual(await execute(own().connection, 'select * from line'), [])
        assert.deepEqual(await execute(own().connection, 'select * from permits where account = $1', [offer.accounts[0]]), [])
      }
    })

    test('a place says when its turn may come: the time of the p-th permit, and beyond those the pace of the limit', async () => {
      const offer = await fresh({ creates: 3, windowMs: 3_000 })
      await fill(offer)
      const expected = [2_000, 3_000, 4_000, 5_000, 5_000]
      const refs = await manyClaimed(own().connection, expected.length)
      const startMs = performance.now()
      await execute(
        own().connection,
        `with numbered as (select id, row_number() over () as n from permits where account = $1)
         update permits set open_until = null, counts_until = clock_timestamp() + (numbered.n + 1) * interval '1 second'
         from numbered where numbered.id = permits.id`,
        [offer.accounts[0]],
      )
      for (const [index, ref] of refs.entries()) {
        const turn = await ask(ref, offer)
        assert.equal(turn.kind, 'waiting')
        assert.deepEqual([turn.position, turn.busy.because], [index + 1, index === 0 ? 'window' : 'line'])
        const { retryAfterMs } = turn.busy
        const atMostMs = expected[index] ?? 0
        const atLeastMs = atMostMs - (performance.now() - startMs)
        assert.ok(retryAfterMs <= atMostMs && retryAfterMs >= atLeastMs, `place ${index + 1}: ${retryAfterMs} ms`)
      }
      await free(offer, 2)
      const soon = await ask(await newcomer(), { ...offer, limits: { ...offer.limits, maxInFlight: 3 } })
      assert.ok(soon.kind === 'waiting' && soon.busy.retryAfterMs >= 100)
    })

    test('a thousand in line: the one at the end is answered as fast as the first, and those far behind take no locks', async (t) => {
      const offer = await fresh({ creates: 2 })
      await fill(offer)
      const refs = await manyClaimed(own().connection, 1_000)
      await execute(
        own().connection,
        `insert into line (mode, provider, generation_id, item, attempt, priority, joined_at, expected_at)
         select 'mock', 'kie', id, 0, 1, 3, clock_timestamp() - interval '1 minute', clock_timestamp() + interval '5 seconds'
         from unnest($1::text[]) as id`,
        [refs.map(({ generationId }) => generationId)],
      )
      const late = await newcomer()
      const startMs = performance.now()
      for (let n = 0; n < 20; n += 1) {
        const turn = await ask(late, offer)
        assert.ok(turn.kind === 'waiting' && turn.position === 1_001 && turn.busy.retryAfterMs === 5_000)
      }
      t.diagnostic(`${((performance.now() - startMs) / 20).toFixed(1)} ms per question`)
    })

    test('many waiting in three processes get through, each sends once, and the window holds', async () => {
      const limits = { creates: 5, windowMs: 400 }
      const offer = { ...(await fresh(limits)), timeoutMs: 2_000 }
      const refs = await manyClaimed(own().connection, 30)
      const ledgers = [1, 2, 3].map(() =>
        createLedger({ connection: own().connection, links: testLinks, maxConnections: 5, timeoutMs: 30_000 }),
      )
      const sentAt: number[] = []
      try {
        await Promise.all(
          refs.map(async (ref, n) => {
            const ledger = ledgers[n % 3] ?? own().ledger
            await eventually(
              async () => {
                const { accounts } = offer
                const turn = await ledger.takeTurn(ref, {
                  accounts,
                  limits: offer.limits,
                  provider: 'kie',
                  mode: 'mock',
                  priority: 1 + (n % 5),
                  holdMs: 1_000,
                })
                assert.equal(turn.kind, 'granted')
                const begun = await ledger.beginSend(ref, offer)
                assert.equal(begun.kind, 'send')
                sentAt.push(performance.now())
              },
              { timeoutMs: 30_000, everyMs: 60 },
            )
            await ledger.recordTaskId(ref, `task ${ref.generationId}`)
          }),
        )
      } finally {
        await Promise.all(ledgers.map((ledger) => ledger.close()))
      }
      assert.equal(sentAt.length, 30)
      const fullest = Math.max(
        ...sentAt.map((start) => sentAt.filter((time) => time >= start && time < start + limits.windowMs).length),
      )
      assert.ok(fullest <= limits.creates, `${fullest} within one window`)
      assert.deepEqual(await execute(own().connection, 'select * from line'), [])
    })
  })
}

describe('when a place comes up', () => {
  const limits: AccountLimits = { creates: 2, windowMs: 1_000, maxInFlight: 10, leaseMs: 60_000 }
  const gate = (changes: Partial<Gate> = {}): Gate => ({
    account: 'default',
    isPaused: false,
    pauseEndsInMs: null,
    isHalfOpen: false,
    inWindow: 0,
    inFlight: 0,
    open: 0,
    freesInMs: [],
    paused_by: null,
    pause_reason: null,
    pause_message: null,
    paused_at: null,
    paused_until: null,
    ...changes,
  })
  const inMs = (gates: Gate[], position: number): number => busyBecause(gates, limits, position).retryAfterMs

  test('several accounts: their free times together', () => {
    const gates = [gate({ inWindow: 2, freesInMs: [300, 700] }), gate({ inWindow: 2, freesInMs: [100, 900] })]
    assert.deepEqual(
      [1, 2, 3, 4].map((position) => inMs(gates, position)),
      [100, 300, 700, 900],
    )
  })

  test('tasks at work and a half open account: asked about again soon, further back later', () => {
    const full = gate({ inFlight: 10 })
    assert.equal(busyBecause([full], limits, 1).because, 'in_flight')
    assert.deepEqual(
      [1, 2, 3].map((position) => inMs([full], position)),
      [250, 500, 750],
    )
    assert.equal(inMs([gate({ isHalfOpen: true, open: 1 })], 1), 250)
  })

  test('a limit that was lowered: more must free before there is room', () => {
    assert.equal(inMs([gate({ inWindow: 4, freesInMs: [100, 200, 300, 400] })], 1), 300)
  })

  test('all paused: the pause that ends first, and those without an end last', () => {
    const pause = { paused_by: 'provider', pause_message: 'no', paused_at: new Date() } as const
    const endless = gate({ isPaused: true, pause_reason: 'auth', ...pause })
    const short = gate({ isPaused: true, pause_reason: 'rate_limited', ...pause, pauseEndsInMs: 4_000, paused_until: new Date() })
    const busy = busyBecause([endless, short], limits, 3)
    assert.deepEqual([busy.because, busy.pause?.reason, busy.retryAfterMs], ['paused', 'rate_limited', 4_000])
    assert.equal(busyBecause([endless, gate()], limits, 1).because === 'paused', false)
  })
})
