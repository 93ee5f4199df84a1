// Two tasks for one attempt, and claims of callbacks that name others.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import type { AttemptReport } from '../../../src/contract/index.ts'
import type { AttemptRef, AttemptRow } from '../../../src/ledger/ledger.ts'
import { ledgerBackends, suiteLedger } from '../../helpers/ledger.ts'
import { accepted, closingAs, leftAs, newAttempt, nextOf, sending, unknown } from './fixtures.ts'

const word = { reason: null, message: null, cost: null, provenFree: false, finishedAt: null }
const listPrice = { usd: 0.02, credits: 4, source: 'estimated' }

for (const backend of ledgerBackends) {
  describe(`tasks beside the own one (${backend})`, () => {
    const own = suiteLedger({ backend })
    const mustRead = async (ref: AttemptRef): Promise<AttemptRow> => (await own().ledger.readAttempt(ref)) ?? assert.fail()
    const reportOf = async (ref: AttemptRef): Promise<AttemptReport> => {
      const generation = await own().ledger.readGeneration(ref.generationId)
      return generation?.attempts.find(({ number }) => number === ref.attempt) ?? assert.fail()
    }
    const claim = (ref: AttemptRef, claimedTaskId: string, claimedState = 'success') =>
      own().ledger.keepHint({ ...ref, claimedTaskId, claimedState, bodySha256: 'd'.repeat(64), receivedAt: new Date() })
    const close = (ref: AttemptRef) => own().ledger.closeGeneration(ref.generationId, closingAs('failed'), [])

    describe('two tasks for one attempt', () => {
      test('an adopted id that gives way to the one of our own reply stays in the ledger, as an extra task', async () => {
        const { ledger } = own()
        const ref = await unknown(ledger)
        await ledger.adoptTaskId(ref, 'adopted')
        await ledger.recordTaskId(ref, 'own')
        await ledger.recordTaskId(ref, 'own')
        assert.equal((await mustRead(ref)).providerTaskId, 'own')
        const extra = { providerTaskId: 'adopted', verdict: null, cost: listPrice }
        assert.deepEqual(await ledger.readExtraTasks(ref), [extra])
        assert.deepEqual((await reportOf(ref)).extraTasks, [extra])
        assert.deepEqual((await ledger.readGeneration(ref.generationId))?.cost, { usd: 0.04, source: 'estimated' })
      })

      test('the same id, first from a callback and then from our reply, is one task', async () => {
        const { ledger } = own()
        const ref = await unknown(ledger)
        await ledger.adoptTaskId(ref, `task ${ref.generationId}`)
        const row = await ledger.recordTaskId(ref, `task ${ref.generationId}`)
        assert.deepEqual([row.adopted, await ledger.readExtraTasks(ref)], [false, []])
      })

      test('a second reply with another id is an extra task; the first one stays', async () => {
        const { ledger } = own()
        const ref = await accepted(ledger)
        const row = await ledger.recordTaskId(ref, 'another')
        assert.equal(row.providerTaskId, ref.taskId)
        assert.deepEqual(
          (await ledger.readExtraTasks(ref)).map(({ providerTaskId }) => providerTaskId),
          ['another'],
        )
      })

      test('an end by the adopted task stands; the task of our late reply is kept beside it', async () => {
        const { ledger } = own()
        const ref = await unknown(ledger)
        await ledger.adoptTaskId(ref, `adopted ${ref.generationId}`)
        await ledger.recordVerdict(ref, { ...word, state: 'succeeded' })
        const row = await ledger.recordTaskId(ref, 'late reply')
        assert.deepEqual([row.state, row.providerTaskId], ['succeeded', `adopted ${ref.generationId}`])
        assert.deepEqual(
          (await ledger.readExtraTasks(ref)).map(({ providerTaskId }) => providerTaskId),
          ['late reply'],
        )
      })

      test('what was kept as extra and turns out to be our own is not counted twice', async () => {
        const { ledger } = own()
        const ref = await unknown(ledger)
        await ledger.addExtraTask(ref, 'seen in a callback')
        await ledger.recordTaskId(ref, 'seen in a callback')
        await ledger.addExtraTask(ref, 'seen in a callback')
        assert.deepEqual(await ledger.readExtraTasks(ref), [])
      })

      test('another attempt may not adopt what one has kept as an extra task', async () => {
        const { ledger } = own()
        const holder = await accepted(ledger)
        const taskId = `task_${randomUUID()}`
        await ledger.addExtraTask(holder, taskId)
        const ref = await unknown(ledger)
        assert.equal(await ledger.isTaskIdHeldElsewhere('kie', 'default', taskId, ref), true)
        assert.equal(await ledger.isTaskIdHeldElsewhere('kie', 'default', taskId, holder), false)
        assert.equal(await ledger.isTaskIdHeldElsewhere('kie', 'second', taskId, ref), false)
        assert.equal(await ledger.adoptTaskId(ref, taskId), null)
      })

      test('a left attempt without a task id takes one from a callback and stays owing; one that has an id keeps it', async () => {
        const { ledger } = own()
        const ref = await unknown(ledger)
        await close(ref)
        const taskId = `task_${randomUUID()}`
        const row = await ledger.adoptTaskId(ref, taskId)
        assert.deepEqual(
          [row?.state, row?.providerTaskId, row?.adopted, row?.outcome, row?.reason, row?.cost],
          ['abandoned', taskId, true, 'unknown', 'no_answer', listPrice],
        )
        assert.equal((await ledger.adoptTaskId(ref, `task_${randomUUID()}`))?.providerTaskId, taskId)
      })

      test('the task id that a submit could not write is written when its attempt is left', async () => {
        const { ledger } = own()
        const lost = await sending(ledger)
        await ledger.claimAttempt(newAttempt(nextOf(lost)), [leftAs(lost, { providerTaskId: 'known to the submit' })])
        const row = await mustRead(lost)
        assert.deepEqual(
          [row.state, row.providerTaskId, row.adopted, row.outcome, row.message, row.cost],
          ['abandoned', 'known to the submit', false, 'overdue', 'too slow', listPrice],
        )
        const held = await accepted(ledger)
        const left = [leftAs(held, { providerTaskId: 'another' }), leftAs(nextOf(held), { providerTaskId: 'of no row' })]
        await ledger.closeGeneration(held.generationId, closingAs('failed', { left }), [])
        assert.equal((await mustRead(held)).providerTaskId, held.taskId)
        assert.deepEqual(
          (await ledger.readExtraTasks(held)).map(({ providerTaskId }) => providerTaskId),
          ['another'],
        )
      })
    })

    describe('claims', () => {
      test('open until they are the own task, an extra one, or dismissed, whatever state they claim next', async () => {
        const { ledger } = own()
        const ref = await accepted(ledger)
        await claim(ref, ref.taskId)
        for (const id of ['one', 'two', 'three']) await claim(ref, id)
        assert.deepEqual((await ledger.openClaims(ref)).toSorted(), ['one', 'three', 'two'])
        assert.equal((await reportOf(ref)).openClaims, 3)
        await ledger.addExtraTask(ref, 'one')
        await ledger.dismissClaim(ref, 'two', 'another prompt')
        await claim(ref, 'two', 'fail')
        await claim(ref, 'three', 'fail')
        assert.deepEqual(await ledger.openClaims(ref), ['three'])
        assert.equal((await reportOf(ref)).openClaims, 1)
        assert.deepEqual(await ledger.openClaims(nextOf(ref)), [])
      })

      test('are not counted while somebody listens for the lost reply, and are afterwards', async () => {
        const { ledger } = own()
        const ref = await unknown(ledger)
        await claim(ref, 'perhaps ours')
        assert.equal((await reportOf(ref)).openClaims, 0)
        await close(ref)
        assert.equal((await reportOf(ref)).openClaims, 1)
      })
    })
  })
}
