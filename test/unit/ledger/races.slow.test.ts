// Many clients at once, each with connections of its own, as so many processes would have.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { createLedger } from '../../../src/ledger/create-ledger.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { ledgerBackends, suiteLedger, testLinks } from '../../helpers/ledger.ts'
import {
  anyOffer,
  accepted,
  claimed,
  closingAs,
  execute,
  leftAs,
  newAttempt,
  newGeneration,
  newImage,
  nextOf,
  openGeneration,
  unknown,
} from './fixtures.ts'

const clientCount = 20
const why = { reason: 'rate_limited', message: 'given up', wasSent: true } as const

for (const backend of ledgerBackends) {
  describe(`races of ${clientCount} clients (${backend})`, () => {
    const own = suiteLedger({ backend })
    let clients: Ledger[] = []
    before(() => {
      clients = Array.from({ length: clientCount }, () =>
        createLedger({ connection: own().connection, links: testLinks, maxConnections: 2, timeoutMs: 20_000 }),
      )
    })
    after(() => Promise.all(clients.map((client) => client.close())))
    const all = <T>(ask: (client: Ledger, index: number) => Promise<T>): Promise<T[]> =>
      Promise.all(clients.map((client, index) => ask(client, index)))

    test('claim and begin by all of them: exactly one may post, the others are told to wait', async () => {
      for (let round = 0; round < 5; round += 1) {
        const ref = await openGeneration(own().ledger)
        const results = await all(async (client) => {
          await client.claimAttempt(newAttempt(ref), [])
          return client.beginSend(ref, anyOffer())
        })
        const kinds = results.map(({ kind }) => kind)
        assert.equal(kinds.filter((kind) => kind === 'send').length, 1)
        assert.equal(kinds.filter((kind) => kind === 'sending_elsewhere').length, clientCount - 1)
        const row = await own().ledger.readAttempt(ref)
        const winner = results.find(({ kind }) => kind === 'send')
        assert.deepEqual([row?.tries, row?.sendId], [1, winner?.row.sendId])
      }
    })

    test('claim, begin and withdraw without a row: either one posts and nobody withdrew, or nobody may post', async () => {
      const ends = new Set<string>()
      for (let round = 0; round < 12; round += 1) {
        const ref = await openGeneration(own().ledger)
        // Half of them withdraw, or one that comes late: so that both ends are met.
        const withdraws = (index: number): boolean => (round % 2 === 0 ? index % 2 === 0 : index === clientCount - 1)
        const results = await all(async (client, index) => {
          if (withdraws(index)) {
            for (let reads = 0; reads < round % 2; reads += 1) await client.readAttempt(ref)
            return client.withdrawAttempt(newAttempt(ref), why).then(({ state }) => `withdraw found ${state}`)
          }
          await client.claimAttempt(newAttempt(ref), [])
          const { kind, row } = await client.beginSend(ref, anyOffer())
          return kind === 'decided' ? `begin found ${row.state}` : kind
        })
        const state = (await own().ledger.readAttempt(ref))?.state ?? 'absent'
        ends.add(state)
        assert.equal(results.filter((result) => result === 'send').length, state === 'sending' ? 1 : 0, results.join(', '))
        const allowed =
          state === 'sending'
            ? ['send', 'sending_elsewhere', 'withdraw found sending']
            : ['withdraw found withdrawn', 'begin found withdrawn']
        assert.deepEqual(
          results.filter((result) => !allowed.includes(result)),
          [],
        )
      }
      assert.deepEqual([...ends].toSorted(), ['sending', 'withdrawn'])
    })

    test('a release and a new begin, again and again: each send has its own id, and an old one never speaks for a new one', async () => {
      const ref = await claimed(own().ledger)
      const sendIds: string[] = []
      await all(async (client) => {
        for (let tries = 0; tries < 5; tries += 1) {
          const begun = await client.beginSend(ref, anyOffer())
          if (begun.kind !== 'send') continue
          sendIds.push(begun.sendId)
          const released = await client.releaseSend(ref, begun.sendId, why)
          // By now another one may be sending; the same word said again must not free its row.
          await client.releaseSend(ref, begun.sendId, why)
          assert.ok(released.sendId !== begun.sendId)
        }
      })
      assert.ok(sendIds.length > 1)
      assert.equal(new Set(sendIds).size, sendIds.length)
      assert.equal((await own().ledger.readAttempt(ref))?.tries, sendIds.length)
    })

    test('one task id adopted for many attempts at once: exactly one gets it', async () => {
      const refs = await Promise.all(clients.map(() => unknown(own().ledger)))
      const taskId = `task_${randomUUID()}`
      const results = await all((client, index) => client.adoptTaskId(refs[index] ?? assert.fail(), taskId))
      assert.equal(results.filter((row) => row !== null).length, 1)
      const holders = await execute(own().connection, 'select state from attempts where provider_task_id = $1', [taskId])
      assert.deepEqual(holders, [{ state: 'accepted' }])
    })

    test('our own reply and an adoption of the same id elsewhere: the reply is always written', async () => {
      for (let round = 0; round < 5; round += 1) {
        const refs = await Promise.all([unknown(own().ledger), unknown(own().ledger)])
        const taskId = `task_${randomUUID()}`
        const [recorded] = await Promise.all([
          clients[0]?.recordTaskId(refs[0], taskId),
          clients[1]?.adoptTaskId(refs[1], taskId),
        ])
        assert.deepEqual([recorded?.state, recorded?.providerTaskId], ['accepted', taskId])
      }
    })

    test('many successors claimed at once: every earlier attempt is marked, none is lost', async () => {
      const first = await accepted(own().ledger)
      await all((client, index) =>
        client.claimAttempt(newAttempt({ ...nextOf(first), attempt: 2 + (index % 3) }), [leftAs(first)]),
      )
      const rows = await execute(
        own().connection,
        'select attempt, state, possible_extra_charge from attempts where generation_id = $1 order by attempt',
        [first.generationId],
      )
      const next = { state: 'claimed', possible_extra_charge: false }
      assert.deepEqual(rows, [
        { attempt: 1, state: 'abandoned', possible_extra_charge: true },
        { attempt: 2, ...next },
        { attempt: 3, ...next },
        { attempt: 4, ...next },
      ])
    })

    test('one id, many creators: one makes it, the others find it; one end, many closers: the first stays (I2)', async () => {
      const generation = newGeneration()
      const created = await all((client) => client.createGeneration(generation))
      assert.equal(created.filter(({ kind }) => kind === 'created').length, 1)
      assert.equal(created.filter(({ kind }) => kind === 'exists').length, clientCount - 1)
      const ref = { generationId: generation.id, item: 0, attempt: 1 }
      const plans = await all((client, index) => client.recordPlan(generation.id, { by: index }, { level: 'exact', changes: [] }))
      assert.equal(new Set(plans.map((plan) => JSON.stringify(plan))).size, 1)
      const closed = await all((client, index) =>
        index % 2 === 0
          ? client.closeGeneration(generation.id, closingAs('completed', { servedByAttempt: 1 }), [newImage(ref)])
          : client.closeGeneration(generation.id, closingAs('cancelled'), []),
      )
      const first = closed[0] ?? assert.fail()
      for (const other of closed) assert.deepEqual(other, first)
      assert.equal(first.images.length, first.status === 'completed' ? 1 : 0)
    })

    test('a claim and the end of its generation: never a claimed attempt in an ended generation', async () => {
      for (let round = 0; round < 5; round += 1) {
        const ref = await openGeneration(own().ledger)
        await all((client, index) =>
          index === 7
            ? client.closeGeneration(ref.generationId, closingAs('cancelled'), []).then(() => {})
            : client.claimAttempt(newAttempt({ ...ref, attempt: index + 1 }), []).then(() => {}),
        )
        const rows = await execute(own().connection, 'select distinct state from attempts where generation_id = $1', [
          ref.generationId,
        ])
        assert.deepEqual(rows, [{ state: 'withdrawn' }])
      }
    })

    test('a flood of hints: at most twenty are kept', async () => {
      const ref = await claimed(own().ledger)
      await all(async (client, index) => {
        for (let n = 0; n < 3; n += 1) {
          const claim = { claimedTaskId: `task_${index}_${n}`, claimedState: 'success', bodySha256: 'd'.repeat(64) }
          await client.keepHint({ ...ref, ...claim, receivedAt: new Date() })
        }
      })
      assert.equal((await own().ledger.readHints(ref)).length, 20)
    })
  })
}
