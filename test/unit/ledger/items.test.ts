// Several pictures of one generation: numbers of pictures, whose came, and which of several paid tasks is extra.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import type { AttemptRef } from '../../../src/ledger/ledger.ts'
import { ledgerBackends, suiteLedger } from '../../helpers/ledger.ts'
import { anyOffer, closingAs, leftAs, newAttempt, newImage, openGeneration } from './fixtures.ts'

const word = { reason: null, message: null, cost: null, provenFree: false, finishedAt: null }

for (const backend of ledgerBackends) {
  describe(`items (${backend})`, () => {
    const own = suiteLedger({ backend })
    const of = (generationId: string, item: number, attempt = 1): AttemptRef => ({ generationId, item, attempt })

    /** A task that the provider has; `pictures`: for all of them. */
    async function task(ref: AttemptRef, { pictures = 1, left = [] as AttemptRef[] } = {}): Promise<AttemptRef> {
      const { ledger } = own()
      await ledger.claimAttempt(
        newAttempt(ref, { pictures }),
        left.map((one) => leftAs(one)),
      )
      await ledger.beginSend(ref, anyOffer())
      await ledger.recordTaskId(ref, `task_${randomUUID()}`)
      return ref
    }

    test('pictures are numbered as they come, once each, and the end keeps them all', async () => {
      const { ledger } = own()
      const { generationId: id } = await openGeneration(ledger)
      for (const item of [0, 1, 2]) await task(of(id, item))
      for (const item of [2, 0, 2]) {
        await ledger.recordVerdict(of(id, item), { ...word, state: 'succeeded' })
        await ledger.addItemImages(of(id, item), [newImage(of(id, item))])
      }
      const open = await ledger.readGeneration(id)
      assert.deepEqual(
        open?.images.map(({ index, item }) => [index, item]),
        [
          [0, 2],
          [1, 0],
        ],
      )
      assert.equal(open?.status, 'waiting', 'one is still at work')
      const itemFailures = [{ item: 1, type: 'ProvidersExhausted' as const, message: 'nobody' }]
      const closing = closingAs('completed', { servedByAttempt: 1, servedByItem: 2, itemFailures })
      const closed = await ledger.closeGeneration(id, closing, [])
      assert.deepEqual([closed.servedBy?.item, closed.itemFailures, closed.images.length], [2, itemFailures, 2])
      assert.deepEqual(
        closed.attempts.map(({ item, state }) => [item, state]),
        [
          [0, 'succeeded'],
          [1, 'abandoned'],
          [2, 'succeeded'],
        ],
      )
      await ledger.addItemImages(of(id, 1), [newImage(of(id, 1))])
      assert.equal((await ledger.readGeneration(id))?.images.length, 2, 'I2')
      await ledger.addSpares(of(id, 1), [newImage(of(id, 1))])
      assert.deepEqual(
        (await ledger.readGeneration(id))?.images.map(({ index, spare }) => [index, spare]),
        [
          [0, false],
          [1, false],
          [2, true],
        ],
      )
    })

    test('an item whose picture is stored is not left, even where the last word about it could not be written', async () => {
      const { ledger } = own()
      const { generationId: id } = await openGeneration(ledger)
      for (const item of [0, 1]) {
        await task(of(id, item))
        await ledger.addItemImages(of(id, item), [newImage(of(id, item))])
      }
      const { attempts } = await ledger.closeGeneration(id, closingAs('completed', { servedByAttempt: 1 }), [])
      assert.deepEqual(
        attempts.map(({ state }) => state),
        ['accepted', 'accepted'],
      )
    })

    test('pictures of all of them at the end stand behind those of items', async () => {
      const { ledger } = own()
      const { generationId: id } = await openGeneration(ledger)
      const all = await task(of(id, 0), { pictures: 2 })
      for (const item of [0, 1]) await task(of(id, item, 2), { left: [all] })
      await ledger.addItemImages(of(id, 1, 2), [newImage(of(id, 1, 2))])
      const images = [newImage(all), newImage(all)]
      const closed = await ledger.closeGeneration(id, closingAs('completed', { servedByAttempt: 1 }), images)
      assert.deepEqual(
        closed.images.map(({ index, item, attempt }) => [index, item, attempt]),
        [
          [0, 1, 2],
          [1, 0, 1],
          [2, 0, 1],
        ],
      )
    })

    test('a task for all of them is left marked by each item that is paid after it', async () => {
      const { ledger } = own()
      const { generationId: id } = await openGeneration(ledger)
      const all = await task(of(id, 0), { pictures: 2 })
      await task(of(id, 1, 2), { left: [all] })
      const row = await ledger.readAttempt(all)
      assert.deepEqual([row?.state, row?.possibleExtraCharge, row?.pictures], ['abandoned', true, 2])
      assert.equal((await ledger.readAttempt(of(id, 1, 2)))?.possibleExtraCharge, false)
    })

    test('the ledger marks a task for all of them also where nobody names it', async () => {
      const { ledger } = own()
      const { generationId: id } = await openGeneration(ledger)
      const all = await task(of(id, 0), { pictures: 2 })
      await task(of(id, 1, 2))
      assert.equal((await ledger.readAttempt(all))?.possibleExtraCharge, true)
    })

    test('two items with one task id: the one that was sent first holds it', async () => {
      const { ledger } = own()
      const { generationId: id } = await openGeneration(ledger)
      const taskId = `task_${randomUUID()}`
      for (const item of [1, 0]) {
        await ledger.claimAttempt(newAttempt(of(id, item)), [])
        await ledger.beginSend(of(id, item), anyOffer())
        await ledger.recordTaskId(of(id, item), taskId)
      }
      assert.deepEqual(await ledger.earlierHolderOf(of(id, 0), taskId), of(id, 1))
      assert.equal(await ledger.earlierHolderOf(of(id, 1), taskId), null)
      assert.equal(await ledger.earlierHolderOf(of(id, 0), 'another'), null)
    })

    test('a cancelled generation: what was paid beside a picture that is stored is extra', async () => {
      const { ledger } = own()
      for (const item of [0, 1]) {
        const { generationId: id } = await openGeneration(ledger)
        const first = await task(of(id, item))
        const second = await task(of(id, item, 2), { left: [first] })
        await ledger.recordVerdict(second, { ...word, state: 'succeeded' })
        await ledger.addItemImages(second, [newImage(second)])
        await ledger.closeGeneration(id, closingAs('cancelled'), [])
        const row = await ledger.settleAttempt(first, { found: 'paid', cost: null, message: null })
        assert.equal(row.verdict, 'confirmed_extra', `item ${item}`)
      }
    })

    describe('a task for all of them beside those of items', () => {
      /** Left behind, then one task for each of two items. */
      async function split(): Promise<{ id: string; all: AttemptRef; items: [AttemptRef, AttemptRef] }> {
        const { generationId: id } = await openGeneration(own().ledger)
        const all = await task(of(id, 0), { pictures: 2 })
        const items: [AttemptRef, AttemptRef] = [
          await task(of(id, 0, 2), { left: [all] }),
          await task(of(id, 1, 2), { left: [all] }),
        ]
        return { id, all, items }
      }
      const verdictOf = async (ref: AttemptRef) => (await own().ledger.readAttempt(ref))?.verdict
      const paid = { found: 'paid', cost: null, message: null } as const

      test('it serves: what was paid for each item is extra', async () => {
        const { ledger } = own()
        const { id, all, items } = await split()
        await ledger.recordVerdict(all, { ...word, state: 'succeeded' })
        await ledger.closeGeneration(id, closingAs('completed', { servedByAttempt: 1 }), [newImage(all), newImage(all)])
        for (const item of items) await ledger.settleAttempt(item, paid)
        assert.deepEqual([await verdictOf(items[0]), await verdictOf(items[1])], ['confirmed_extra', 'confirmed_extra'])
      })

      test('the items serve: it is extra when it turns out to be paid', async () => {
        const { ledger } = own()
        const { id, all, items } = await split()
        for (const item of items) {
          await ledger.recordVerdict(item, { ...word, state: 'succeeded' })
          await ledger.addItemImages(item, [newImage(item)])
        }
        await ledger.closeGeneration(id, closingAs('completed', { servedByAttempt: 2 }), [])
        await ledger.settleAttempt(all, paid)
        assert.equal(await verdictOf(all), 'confirmed_extra')
        assert.equal(
          (await ledger.listAttempts({ concern: 'confirmed_extra', mode: 'mock', limit: 100 })).attempts.filter(
            ({ generationId }) => generationId === id,
          ).length,
          1,
        )
      })

      test('only one item served, and not the first: it is extra all the same', async () => {
        const { ledger } = own()
        const { id, all, items } = await split()
        await ledger.recordVerdict(items[0], { ...word, state: 'failed', reason: 'provider_fault', provenFree: true })
        await ledger.recordVerdict(items[1], { ...word, state: 'succeeded' })
        await ledger.addItemImages(items[1], [newImage(items[1])])
        await ledger.closeGeneration(id, closingAs('completed', { servedByAttempt: 2, servedByItem: 1 }), [])
        await ledger.settleAttempt(all, paid)
        assert.equal(await verdictOf(all), 'confirmed_extra')
      })

      test('no item came to anything: it is the one that was paid', async () => {
        const { ledger } = own()
        const { id, all, items } = await split()
        for (const item of items)
          await ledger.recordVerdict(item, { ...word, state: 'failed', reason: 'provider_fault', provenFree: true })
        await ledger.closeGeneration(id, closingAs('failed'), [])
        await ledger.settleAttempt(all, paid)
        assert.equal(await verdictOf(all), 'paid')
      })

      test('settled before it: an item is extra as soon as the task for all of them has served', async () => {
        const { ledger } = own()
        const { id, all, items } = await split()
        await ledger.closeGeneration(id, closingAs('failed'), [])
        await ledger.settleAttempt(items[1], paid)
        assert.equal(await verdictOf(items[1]), 'paid')
        await ledger.settleAttempt(all, paid)
        assert.deepEqual([await verdictOf(all), await verdictOf(items[1])], ['paid', 'confirmed_extra'])
      })
    })
  })
}
