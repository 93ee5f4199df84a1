// I8: no window of a provider goes over what it takes, whatever the network does and however many processes send.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SendOffer } from '../../../src/ledger/accounts-port.ts'
import { createLedger } from '../../../src/ledger/create-ledger.ts'
import type { AttemptRef, Ledger, ProviderVerdict } from '../../../src/ledger/ledger.ts'
import { eventually } from '../../helpers/eventually.ts'
import { ledgerBackends, suiteLedger, type TestLedger, testLinks } from '../../helpers/ledger.ts'
import { anyOffer, claimed, execute, leftAs, manyClaimed, newAttempt, nextOf, offerOf } from './fixtures.ts'

const done: ProviderVerdict = { state: 'succeeded', reason: null, message: null, cost: null, provenFree: false, finishedAt: null }
const refusal = { reason: 'rate_limited', message: 'too many requests' } as const

/** An account that no other test uses. */
const ownAccount = (): string => `account ${randomUUID()}`

async function send(ledger: Ledger, offer: SendOffer): Promise<AttemptRef & { sendId: string }> {
  const ref = await claimed(ledger)
  const begun = await ledger.beginSend(ref, offer)
  assert.equal(begun.kind, 'send')
  return { ...ref, sendId: begun.sendId }
}

/** Why a send cannot begin; null when it did. */
async function whyBusy(ledger: Ledger, offer: SendOffer): Promise<string | null> {
  const begun = await ledger.beginSend(await claimed(ledger), offer)
  return begun.kind === 'busy' ? begun.busy.because : null
}

async function severalLedgers(
  { connection }: TestLedger,
  count: number,
  work: (ledgers: Ledger[]) => Promise<void>,
): Promise<void> {
  const ledgers = Array.from({ length: count }, () =>
    createLedger({ connection, links: testLinks, maxConnections: 5, timeoutMs: 30_000 }),
  )
  try {
    await work(ledgers)
  } finally {
    await Promise.all(ledgers.map((ledger) => ledger.close()))
  }
}

for (const backend of ledgerBackends) {
  describe(`permits (${backend})`, () => {
    const own = suiteLedger({ backend })

    test('200 at once from several processes, 20 allowed: exactly 20 may send, the others are told when to ask again', async () => {
      const offer = offerOf({ creates: 20 }, [ownAccount()])
      const refs = await manyClaimed(own().connection, 200)
      await severalLedgers(own(), 4, async (ledgers) => {
        const results = await Promise.all(refs.map((ref, n) => (ledgers[n % 4] ?? own().ledger).beginSend(ref, offer)))
        assert.equal(results.filter(({ kind }) => kind === 'send').length, 20)
        const busy = results.filter((result) => result.kind === 'busy')
        assert.equal(busy.length, 180)
        for (const result of busy) {
          assert.deepEqual(result.busy, { because: 'window', pause: null, retryAfterMs: 250 }, 'all of them are on the wire')
          assert.deepEqual([result.row.state, result.row.tries], ['claimed', 0])
        }
      })
    })

    test('what is answered says to the millisecond when there is room again', async () => {
      const offer = offerOf({ creates: 2, windowMs: 8_000 }, [ownAccount()])
      const first = await send(own().ledger, offer)
      const second = await send(own().ledger, offer)
      await own().ledger.recordTaskId(second, `task_${randomUUID()}`)
      await own().ledger.recordTaskId(first, `task_${randomUUID()}`)
      const begun = await own().ledger.beginSend(await claimed(own().ledger), offer)
      const [row] = await execute(
        own().connection,
        `select extract(epoch from counts_until - clock_timestamp()) * 1000 as left_ms from permits where send_id = $1`,
        [second.sendId],
      )
      assert.equal(begun.kind, 'busy')
      const leftMs = Number(row?.['left_ms'])
      const { retryAfterMs } = begun.busy
      assert.ok(leftMs > 4_000 && leftMs <= retryAfterMs && retryAfterMs <= 8_002, `${leftMs} ms left, told ${retryAfterMs} ms`)
    })

    test('never more in any window at the provider, with slow networks, lost replies, refusals and three processes', async (t) => {
      const limits = { creates: 6, windowMs: 300 }
      const offer = { ...offerOf(limits, [ownAccount()]), timeoutMs: 2_000 }
      const random = seededRandom(20_261_122)
      const arrivals: number[] = []
      const refs = await manyClaimed(own().connection, 90)
      await severalLedgers(own(), 3, async (ledgers) => {
        const runs = Array.from({ length: 24 }, async (_, n) => {
          const ledger = ledgers[n % 3] ?? own().ledger
          for (let ref = refs.pop(); ref !== undefined; ref = refs.pop()) await sendOnce(ledger, ref)
        })
        await Promise.all(runs)
      })
      assert.ok(arrivals.length >= 60, `${arrivals.length} arrived`)
      const fullest = fullestWindow(arrivals, limits.windowMs)
      t.diagnostic(`fullest window: ${fullest} of ${limits.creates}`)
      assert.ok(fullest <= limits.creates, `${fullest} arrived within one window`)

      async function sendOnce(ledger: Ledger, ref: AttemptRef): Promise<void> {
        for (;;) {
          const begun = await ledger.beginSend(ref, offer)
          if (begun.kind === 'busy') {
            await sleep(Math.min(begun.busy.retryAfterMs, 60))
            continue
          }
          assert.equal(begun.kind, 'send')
          const end = random()
          if (end < 0.1) {
            await ledger.releaseSend(ref, begun.sendId, { ...refusal, wasSent: false })
            return
          }
          // On its way, counted by the provider, and its answer on the way back.
          await sleep(random() * 250)
          arrivals.push(performance.now())
          await sleep(random() * 100)
          if (end < 0.25) await ledger.rejectSend(ref, begun.sendId, { reason: 'content_policy', message: 'no' })
          else if (end < 0.4) await ledger.loseSend(ref, begun.sendId, { message: 'reset' })
          else if (end < 0.5) await ledger.releaseSend(ref, begun.sendId, { ...refusal, wasSent: true })
          else await ledger.recordTaskId(ref, `task_${randomUUID()}`)
          return
        }
      }
    })

    test('a send that says nothing counts until a window after its deadline', async () => {
      const offer = { ...offerOf({ creates: 1, windowMs: 200 }, [ownAccount()]), timeoutMs: 300 }
      const startMs = performance.now()
      const { sendId } = await send(own().ledger, offer)
      const [row] = await execute(
        own().connection,
        `select extract(epoch from counts_until - send_deadline_at) * 1000 as beyond_ms
         from permits join attempts using (generation_id, item, attempt) where permits.send_id = $1`,
        [sendId],
      )
      assert.equal(Number(row?.['beyond_ms']), 201)
      await eventually(async () => assert.equal(await whyBusy(own().ledger, offer), null), { everyMs: 20 })
      const waitedMs = performance.now() - startMs
      assert.ok(waitedMs >= 500, `only ${waitedMs} ms`)
    })

    describe('tasks at work', () => {
      test('as many as allowed; the end of one makes room for one, however often it is said', async () => {
        const offer = offerOf({ maxInFlight: 2 }, [ownAccount()])
        const { ledger } = own()
        const first = await send(ledger, offer)
        const second = await send(ledger, offer)
        await ledger.recordTaskId(first, `task_${randomUUID()}`)
        await ledger.recordTaskId(second, `task_${randomUUID()}`)
        assert.equal(await whyBusy(ledger, offer), 'in_flight')
        for (let n = 0; n < 3; n += 1) await ledger.recordVerdict(first, done)
        assert.equal(await whyBusy(ledger, offer), null)
        await ledger.recordVerdict(first, done)
        assert.equal(await whyBusy(ledger, offer), 'in_flight')
      })

      test('a refusal frees it at once; a lost reply and an attempt left behind do not, since it may be at work', async () => {
        const offer = offerOf({ maxInFlight: 1 }, [ownAccount()])
        const { ledger } = own()
        const refused = await send(ledger, offer)
        await ledger.rejectSend(refused, refused.sendId, refusal)
        const later = await send(ledger, offer)
        await ledger.releaseSend(later, later.sendId, { ...refusal, wasSent: true })
        const lost = await send(ledger, offer)
        await ledger.loseSend(lost, lost.sendId, { message: 'reset' })
        assert.equal(await whyBusy(ledger, offer), 'in_flight')
        await ledger.claimAttempt(newAttempt(nextOf(lost)), [leftAs(lost)])
        assert.equal(await whyBusy(ledger, offer), 'in_flight')
        await ledger.settleAttempt(lost, { found: 'failed_free', cost: null, message: null })
        assert.equal(await whyBusy(ledger, offer), null)
      })

      test('one that nobody ends is counted until its lease is over', async () => {
        const offer = offerOf({ maxInFlight: 1, leaseMs: 5_000 }, [ownAccount()])
        const { ledger } = own()
        const ref = await send(ledger, offer)
        await ledger.recordTaskId(ref, `task_${randomUUID()}`)
        assert.equal(await whyBusy(ledger, offer), 'in_flight')
        const [left] = await execute(
          own().connection,
          `update permits set lease_until = lease_until - interval '5 seconds' where send_id = $1
           returning lease_until <= clock_timestamp() as over`,
          [ref.sendId],
        )
        assert.deepEqual(left, { over: true })
        assert.equal(await whyBusy(ledger, offer), null)
      })
    })

    test('what the provider never saw does not count; the same word again, or of an older send, frees nothing', async () => {
      const offer = offerOf({ creates: 1 }, [ownAccount()])
      const { ledger } = own()
      const ref = await send(ledger, offer)
      await ledger.releaseSend(ref, ref.sendId, { ...refusal, wasSent: false })
      const again = await ledger.beginSend(ref, offer)
      assert.equal(again.kind, 'send')
      await ledger.releaseSend(ref, ref.sendId, { ...refusal, wasSent: false })
      await ledger.rejectSend(ref, ref.sendId, refusal)
      assert.equal(await whyBusy(ledger, offer), 'window')
      // Seen by the provider: it counts, and once it has its task nobody can say otherwise.
      await ledger.recordTaskId(ref, `task_${randomUUID()}`)
      await ledger.releaseSend(ref, again.sendId, { ...refusal, wasSent: false })
      assert.equal(await whyBusy(ledger, offer), 'window')
    })

    test('the account with most room sends, and becomes the account of the attempt', async () => {
      const [one, two] = [ownAccount(), ownAccount()]
      const offer = offerOf({ creates: 2 }, [one, two])
      const used: string[] = []
      for (let n = 0; n < 4; n += 1) {
        const begun = await own().ledger.beginSend(await claimed(own().ledger), offer)
        used.push(begun.row.account)
      }
      assert.deepEqual(used, [one, two, one, two])
      assert.equal(await whyBusy(own().ledger, offer), 'window')
      const alone = await own().ledger.beginSend(await claimed(own().ledger), offerOf({ creates: 3 }, [one]))
      assert.deepEqual([alone.kind, alone.row.account], ['send', one])
    })

    test('two offers that name the accounts in different order do not wait for each other for ever', async () => {
      const names = [ownAccount(), ownAccount(), ownAccount()]
      const refs = await manyClaimed(own().connection, 60)
      await severalLedgers(own(), 3, async (ledgers) => {
        const results = await Promise.all(
          refs.map((ref, n) =>
            (ledgers[n % 3] ?? own().ledger).beginSend(ref, anyOffer({ accounts: n % 2 === 0 ? names : names.toReversed() })),
          ),
        )
        assert.ok(results.every(({ kind }) => kind === 'send'))
      })
    })

    test('permits that neither count nor are at work go, and ten thousand of them slow nobody down', async (t) => {
      const account = ownAccount()
      await execute(
        own().connection,
        `insert into permits (id, mode, provider, account, generation_id, item, attempt, window_ms, counts_until, lease_until, released_at)
         select $1 || n, 'mock', 'kie', $1, 'old ' || n, 0, 1, 10000, clock_timestamp() - interval '1 hour', clock_timestamp(),
           case when n % 2 = 0 then clock_timestamp() end
         from generate_series(1, 10000) as n`,
        [account],
      )
      const refs = await manyClaimed(own().connection, 20)
      const startMs = performance.now()
      for (const ref of refs) {
        const begun = await own().ledger.beginSend(ref, offerOf({ creates: 20, maxInFlight: 20 }, [account]))
        assert.equal(begun.kind, 'send')
      }
      t.diagnostic(`${((performance.now() - startMs) / refs.length).toFixed(1)} ms per send`)
      const [left] = await execute(own().connection, 'select count(*)::int as count from permits where account = $1', [account])
      assert.ok(Number(left?.['count']) <= 10_000 - 20 * 19, `${String(left?.['count'])} are left`)
    })
  })
}

/** The most arrivals that any window of the provider can hold, wherever it begins. */
function fullestWindow(arrivals: number[], windowMs: number): number {
  const sorted = arrivals.toSorted((one, other) => one - other)
  return Math.max(...sorted.map((start) => sorted.filter((time) => time >= start && time < start + windowMs).length))
}

function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
