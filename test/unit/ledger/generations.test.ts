import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import type { GenerationStatus } from '../../../src/contract/index.ts'
import { InvalidCursorError } from '../../../src/ledger/ledger.ts'
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
  newGeneration,
  newImage,
  nextOf,
  openGeneration,
  sending,
  unknown,
} from './fixtures.ts'

const exact = { level: 'exact' as const, changes: [] }

for (const backend of ledgerBackends) {
  describe(`generations, listing and hints (${backend})`, () => {
    const own = suiteLedger({ backend })

    test('the same id and request is there already; another request under it is a conflict', async () => {
      const { ledger } = own()
      const generation = newGeneration()
      assert.deepEqual(await ledger.createGeneration(generation), { kind: 'created' })
      assert.deepEqual(await ledger.createGeneration(generation), { kind: 'exists' })
      assert.deepEqual(await ledger.createGeneration({ ...generation, requestSha256: 'f'.repeat(64) }), { kind: 'conflict' })
      const found = await ledger.readGeneration(generation.id)
      assert.deepEqual(
        [found?.status, found?.model, found?.prompt, found?.metadata],
        ['planning', 'nano-banana', 'a red fox in the snow', { order: '7' }],
      )
      assert.deepEqual(found?.links, {
        self: `/v1/generations/${generation.id}`,
        temporal: `http://temporal.test/${generation.id}`,
      })
      assert.equal(await ledger.readGeneration('gen_nobody'), null)
    })

    test('the first plan counts, and comes back exactly as it went in, order of keys included', async () => {
      const { ledger } = own()
      const { id } = newGeneration()
      await ledger.createGeneration(newGeneration({ id }))
      assert.equal(await ledger.readPlan(id), null)
      const plan = { zebra: 1, apple: { deep: [1, 2, 'a\0b'] }, '10': 1.5, long_key: null }
      const degraded = { level: 'degraded' as const, changes: [{ field: 'seed', asked: '7', sent: null, why: 'not offered' }] }
      const stored = await ledger.recordPlan(id, plan, degraded)
      assert.deepEqual(await ledger.recordPlan(id, { other: true }, exact), stored)
      assert.equal(JSON.stringify(await ledger.readPlan(id)), JSON.stringify(plan).replace('\\u0000', '\uFFFD'))
      const generation = await ledger.readGeneration(id)
      assert.deepEqual([generation?.status, generation?.fidelity], ['submitting', degraded])
      assert.equal(await ledger.readPlan('gen_nobody'), null)
    })

    test('only what was never planned and never tried can be forgotten', async () => {
      const { ledger } = own()
      const unplanned = newGeneration()
      await ledger.createGeneration(unplanned)
      assert.equal(await ledger.forgetUnplanned(unplanned.id), true)
      assert.equal(await ledger.forgetUnplanned(unplanned.id), false)
      assert.equal(await ledger.readGeneration(unplanned.id), null)
      const planned = await openGeneration(ledger)
      assert.equal(await ledger.forgetUnplanned(planned.generationId), false)
      const tried = newGeneration()
      await ledger.createGeneration(tried)
      await ledger.claimAttempt(newAttempt({ generationId: tried.id, item: 0, attempt: 1 }), [])
      assert.equal(await ledger.forgetUnplanned(tried.id), false)
    })

    test('the end is written once, with its pictures, and is read back as the whole story', async () => {
      const { ledger } = own()
      const first = await accepted(ledger)
      const second = nextOf(first)
      await ledger.claimAttempt(newAttempt(second, { provider: 'defapi', model: 'google/gempix2' }), [leftAs(first)])
      await ledger.beginSend(second, anyOffer({ timeoutMs: 60_000 }))
      await ledger.recordTaskId(second, 'defapi task')
      const cost = { usd: 0.03, credits: null, source: 'measured' } as const
      await ledger.recordVerdict(second, {
        state: 'succeeded',
        reason: null,
        message: null,
        cost,
        provenFree: false,
        finishedAt: null,
      })
      const decisions = [{ at: '2026-11-22T10:00:00.000Z', decision: 'picked defapi', because: 'kie did not finish' }]
      const fidelity = { level: 'adapted' as const, changes: [] }
      const closing = closingAs('completed', { servedByAttempt: 2, fidelity, decisions })
      const generation = await ledger.closeGeneration(first.generationId, closing, [newImage(second, 1), newImage(second, 0)])

      assert.deepEqual(await ledger.readGeneration(first.generationId), generation)
      const { attempts, images, timings, ...rest } = generation
      assert.deepEqual(
        [rest.status, rest.servedBy, rest.cost, rest.fidelity, rest.decisions, rest.failure],
        [
          'completed',
          { provider: 'defapi', model: 'google/gempix2', providerTaskId: 'defapi task', item: 0, attempt: 2 },
          { usd: 0.05, source: 'estimated' },
          fidelity,
          decisions,
          null,
        ],
      )
      assert.deepEqual(
        attempts.map(({ number, state, possibleExtraCharge }) => [number, state, possibleExtraCharge]),
        [
          [1, 'abandoned', true],
          [2, 'succeeded', false],
        ],
      )
      assert.deepEqual(
        images.map(({ index, url }) => [index, url]),
        [
          [0, `/v1/generations/${first.generationId}/images/0`],
          [1, `/v1/generations/${first.generationId}/images/1`],
        ],
      )
      assert.ok(Object.values(timings).every((ms: unknown) => typeof ms === 'number' && ms >= 0))
      assert.deepEqual(await ledger.readImage(first.generationId, 1), newImage(second, 1))
      for (const index of [2, -1, 0.5, 2 ** 40]) assert.equal(await ledger.readImage(first.generationId, index), null)

      const other = closingAs('failed', { failure: { type: 'ProvidersExhausted', message: 'no' } })
      assert.deepEqual(await ledger.closeGeneration(first.generationId, other, [newImage(second, 2)]), generation)
      await ledger.recordPlan(first.generationId, { late: true }, exact)
      assert.deepEqual(await ledger.readGeneration(first.generationId), generation)
    })

    test('pictures and the end are one transaction: when a picture cannot be written, the generation stays open', async () => {
      const { ledger } = own()
      const ref = await accepted(ledger)
      const unwritable = [newImage(ref), { ...newImage(ref), width: 2 ** 40 }]
      await assert.rejects(
        ledger.closeGeneration(ref.generationId, closingAs('completed', { servedByAttempt: 1 }), unwritable),
        /out of range/,
      )
      assert.equal((await ledger.readGeneration(ref.generationId))?.status, 'waiting')
      assert.equal(await ledger.readImage(ref.generationId, 0), null)
    })

    test('at the end no attempt stays open: named ones get the word of the workflow, others a plain one, the server is spared', async () => {
      const { ledger } = own()
      const first = await accepted(ledger)
      const second = nextOf(first)
      const third = nextOf(second)
      await ledger.claimAttempt(newAttempt(second), [])
      await ledger.beginSend(second, anyOffer({ timeoutMs: 60_000 }))
      await ledger.claimAttempt(newAttempt(third), [])
      const closing = closingAs('failed', {
        failure: { type: 'DeadlineExceeded', message: 'too late', provider: 'kie' },
        left: [leftAs(first, { message: 'named' })],
      })
      const { attempts, failure } = await ledger.closeGeneration(first.generationId, closing, [])
      assert.deepEqual(failure, { type: 'DeadlineExceeded', message: 'too late', provider: 'kie' })
      assert.deepEqual(
        attempts.map(({ state, outcome, message, cost }) => [state, outcome, message, cost.source]),
        [
          ['abandoned', 'overdue', 'named', 'estimated'],
          ['abandoned', 'unknown', 'still open when its generation ended', 'estimated'],
          ['withdrawn', 'exhausted', 'still open when its generation ended', 'none'],
        ],
      )
      const served = await accepted(ledger)
      const completed = await ledger.closeGeneration(served.generationId, closingAs('completed', { servedByAttempt: 1 }), [])
      assert.deepEqual([completed.attempts[0]?.state, completed.servedBy?.attempt], ['accepted', 1])
    })

    test('a cancelled generation says so of what it left open', async () => {
      const { ledger } = own()
      const ref = await accepted(ledger)
      const { attempts, status } = await ledger.closeGeneration(ref.generationId, closingAs('cancelled'), [])
      assert.deepEqual([status, attempts[0]?.state, attempts[0]?.outcome], ['cancelled', 'abandoned', 'cancelled'])
    })

    test('closing what does not exist is an error of the caller', async () => {
      await assert.rejects(
        own().ledger.closeGeneration('gen_nobody', closingAs('failed'), []),
        /there is no generation gen_nobody/,
      )
    })

    describe('listing', () => {
      test('pages hold each generation once, the newest first, also while new ones come in and when times are equal', async () => {
        const { ledger, connection } = own()
        const ids: string[] = []
        for (let n = 0; n < 7; n += 1) {
          const { id } = newGeneration()
          await ledger.createGeneration(newGeneration({ id }))
          ids.push(id)
        }
        await execute(connection, `update generations set created_at = '2026-01-01T00:00:00.123Z' where id = any($1)`, [
          ids.slice(0, 4),
        ])
        const seen: string[] = []
        let cursor: string | null = null
        do {
          const page: Awaited<ReturnType<typeof ledger.listGenerations>> = await ledger.listGenerations({
            limit: 2,
            ...(cursor === null ? {} : { cursor }),
          })
          assert.ok(page.generations.length <= 2)
          seen.push(...page.generations.map(({ id }) => id))
          cursor = page.nextCursor
          await ledger.createGeneration(newGeneration())
        } while (cursor !== null)
        const tied = ids.slice(0, 4).toSorted().toReversed()
        // other tests of this file have made some, too
        assert.deepEqual(
          seen.filter((id) => ids.includes(id)),
          [...ids.slice(4).toReversed(), ...tied],
        )
        assert.equal(new Set(seen).size, seen.length)
      })

      test('a cursor of somebody else is refused', async () => {
        for (const cursor of [
          '',
          'x',
          Buffer.from('[1]').toString('base64url'),
          Buffer.from('[1e300,"a"]').toString('base64url'),
          Buffer.from('["a","b"]').toString('base64url'),
        ]) {
          await assert.rejects(own().ledger.listGenerations({ limit: 5, cursor }), InvalidCursorError)
        }
      })

      test('every status can be filtered by, and a page says of each generation what the filter asked for', async () => {
        const { ledger, connection } = own()
        const expected: Partial<Record<GenerationStatus, string[]>> = {}
        const add = (status: GenerationStatus, { generationId }: { generationId: string }): void => {
          expected[status] = [...(expected[status] ?? []), generationId]
        }
        const unplanned = newGeneration()
        await ledger.createGeneration(unplanned)
        add('planning', { generationId: unplanned.id })
        add('submitting', await openGeneration(ledger))
        add('submitting', await claimed(ledger))
        add('submitting', await sending(ledger))
        add('waiting', await accepted(ledger))
        add('listening', await unknown(ledger))
        const finished = await accepted(ledger)
        await force(connection, finished, 'succeeded', 'send')
        add('storing', finished)
        // a place in line, and one whose turn has come
        const limits = { ...anyOffer().limits, maxInFlight: 1 }
        // at a provider of its own: whoever stands in line comes before the other attempts of this test
        const defapi = { provider: 'defapi' } as const
        const turn = { accounts: ['narrow'], limits, ...defapi, mode: 'mock', priority: 3, holdMs: 60_000 } as const
        const [first, waiting] = [await claimed(ledger, defapi), await claimed(ledger, defapi)]
        assert.deepEqual((await ledger.takeTurn(first, turn)).kind, 'granted')
        assert.deepEqual((await ledger.takeTurn(waiting, turn)).kind, 'waiting')
        add('submitting', first)
        add('queued', waiting)
        assert.equal((await ledger.readGeneration(waiting.generationId))?.status, 'queued')
        for (const state of ['failed', 'abandoned', 'rejected', 'withdrawn', 'settled'] as const) {
          const ref = await claimed(ledger)
          await force(connection, ref, state, 'send')
          add('submitting', ref)
        }
        // the newest attempt counts, not the first
        const second = await accepted(ledger)
        await ledger.claimAttempt(newAttempt(nextOf(second)), [leftAs(second)])
        await ledger.beginSend(nextOf(second), anyOffer())
        await ledger.recordTaskId(nextOf(second), 'task of the second')
        add('waiting', second)
        for (const status of ['completed', 'failed', 'cancelled'] as const) {
          const ref = await accepted(ledger)
          await ledger.closeGeneration(ref.generationId, closingAs(status), [])
          add(status, ref)
        }
        const statuses: GenerationStatus[] = [
          'planning',
          'queued',
          'submitting',
          'waiting',
          'listening',
          'storing',
          'completed',
          'failed',
          'cancelled',
        ]
        const ours = new Set(Object.values(expected).flat())
        for (const status of statuses) {
          const { generations, nextCursor } = await ledger.listGenerations({ status, limit: 100 })
          const found = generations.map(({ id }) => id).filter((id) => ours.has(id))
          assert.deepEqual(found.toSorted(), (expected[status] ?? []).toSorted(), status)
          assert.ok(generations.every((generation) => generation.status === status))
          assert.equal(nextCursor, null)
        }
        const { generations, nextCursor } = await ledger.listGenerations({ status: 'submitting', limit: 3 })
        assert.equal(generations.length, 3)
        assert.ok(nextCursor !== null)
        const rest = await ledger.listGenerations({ status: 'submitting', limit: 100, cursor: nextCursor })
        const all = await ledger.listGenerations({ status: 'submitting', limit: 100 })
        assert.deepEqual([...generations, ...rest.generations], all.generations)
      })
    })

    describe('hints', () => {
      const hint = {
        claimedTaskId: 'task',
        claimedState: 'success',
        bodySha256: 'd'.repeat(64),
        receivedAt: new Date('2026-11-22T10:00:00.123Z'),
      }

      test('the same claim twice is one row; another state, another id or none at all is another row', async () => {
        const { ledger } = own()
        const ref = { generationId: `gen_${randomUUID()}`, item: 0, attempt: 1 }
        await ledger.keepHint({ ...ref, ...hint })
        await ledger.keepHint({ ...ref, ...hint, bodySha256: 'e'.repeat(64), receivedAt: new Date('2026-11-22T11:00:00Z') })
        assert.deepEqual(await ledger.readHints(ref), [{ ...ref, ...hint }])
        await ledger.keepHint({ ...ref, ...hint, claimedState: 'fail', receivedAt: new Date('2026-11-22T10:00:01Z') })
        await ledger.keepHint({ ...ref, ...hint, claimedTaskId: null, receivedAt: new Date('2026-11-22T10:00:02Z') })
        await ledger.keepHint({ ...ref, ...hint, claimedTaskId: null, receivedAt: new Date('2026-11-22T10:00:03Z') })
        assert.deepEqual(
          (await ledger.readHints(ref)).map(({ claimedTaskId, claimedState }) => [claimedTaskId, claimedState]),
          [
            ['task', 'success'],
            ['task', 'fail'],
            [null, 'success'],
          ],
        )
        assert.deepEqual(await ledger.readHints({ ...ref, attempt: 2 }), [])
      })

      test('at most twenty per attempt, the first ones; a claim too long to be an id names nothing', async () => {
        const { ledger } = own()
        const ref = { generationId: `gen_${randomUUID()}`, item: 0, attempt: 1 }
        await ledger.keepHint({ ...ref, ...hint, claimedTaskId: 'x'.repeat(201), claimedState: 'a\0b' })
        for (let n = 0; n < 25; n += 1) {
          await ledger.keepHint({
            ...ref,
            ...hint,
            claimedTaskId: `task ${n}`,
            receivedAt: new Date(hint.receivedAt.getTime() + n + 1),
          })
        }
        const kept = await ledger.readHints(ref)
        assert.deepEqual([kept[0]?.claimedTaskId, kept[0]?.claimedState], [null, 'a\uFFFDb'])
        assert.deepEqual(
          kept.slice(1).map(({ claimedTaskId }) => claimedTaskId),
          Array.from({ length: 19 }, (_, n) => `task ${n}`),
        )
      })
    })
  })
}
