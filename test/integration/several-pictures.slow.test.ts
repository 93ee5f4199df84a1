// `count` above 1 through the whole service: one task or several, what is kept, what it costs.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { patient, startService } from '../helpers/service.ts'

const service = await startService({ after }, { timings: patient })

describe('several pictures', { concurrency: 4, timeout: 240_000 }, () => {
  test('one task of a model that takes the number', async () => {
    const generation = await service.generate({
      model: 'wan-2.7',
      prompt: 'four herons',
      count: 4,
      route: { providers: ['kie'] },
    })
    assert.equal(generation.status, 'completed')
    assert.deepEqual([generation.count, generation.images.length, generation.attempts.length], [4, 4, 1])
    assert.equal(generation.attempts[0]?.pictures, 4)
    assert.deepEqual([generation.cost.usd, service.tasksOf(generation.id).length], [0.096, 1])
    const pictures = await Promise.all([0, 1, 2, 3].map((index) => service.imageBytes(generation.id, index)))
    assert.ok(pictures.every((bytes) => bytes.length > 1000))
  })

  test('as many tasks of a model that takes none, each with a picture, an attempt and a price of its own', async () => {
    const generation = await service.generate({ model: 'nano-banana', prompt: 'three geese', count: 3 })
    assert.equal(generation.status, 'completed')
    assert.deepEqual(
      generation.images.map(({ index }) => index),
      [0, 1, 2],
    )
    assert.deepEqual(new Set(generation.images.map(({ item }) => item)), new Set([0, 1, 2]))
    assert.deepEqual(
      generation.attempts.map(({ item, number, outcome }) => [item, number, outcome]),
      [
        [0, 1, 'succeeded'],
        [1, 1, 'succeeded'],
        [2, 1, 'succeeded'],
      ],
    )
    assert.deepEqual([generation.cost.usd, generation.itemFailures, service.tasksOf(generation.id).length], [0.06, [], 3])
  })

  test('one item falls back by itself: all pictures come', async () => {
    const prompt = 'herons of two houses'
    service.fault({ provider: 'kie', on: 'task', fault: 'task_failed', match: { promptIncludes: prompt }, times: 1 })
    const generation = await service.generate({ model: 'nano-banana', prompt, count: 3 })
    assert.deepEqual([generation.status, generation.images.length, generation.itemFailures], ['completed', 3, []])
    assert.equal(
      generation.attempts.filter(({ provider, outcome }) => provider === 'defapi' && outcome === 'succeeded').length,
      1,
    )
    assert.deepEqual([service.tasksOf(generation.id).length, generation.fidelity?.level], [4, 'exact'])
  })

  test('one item is refused for good: the others are kept, and its failure is named', async () => {
    const prompt = 'an unequal pair of herons'
    service.fault({ provider: 'kie', on: 'task', fault: 'content_refusal', match: { promptIncludes: prompt }, times: 1 })
    const generation = await service.generate({ model: 'nano-banana', prompt, count: 2 })
    assert.deepEqual([generation.status, generation.images.length, generation.failure], ['completed', 1, null])
    assert.deepEqual(
      generation.itemFailures.map(({ type, provider }) => [type, provider]),
      [['ContentRefused', 'kie']],
    )
    const [failure] = generation.itemFailures
    assert.ok(generation.images.every(({ item }) => item !== failure?.item))
  })

  test('a budget holds all of them: without room for three nothing is sent', async () => {
    await service.ledger.setBudget({ mode: 'mock', tenant: 'small', period: 'hour' }, 0.05)
    const request = { model: 'nano-banana', count: 3, tenant: 'small', route: { fallback: false } }
    const refused = await service.post('/v1/generations', { ...request, prompt: 'three too many' })
    assert.equal(refused.status, 402)
    const fits = await service.generate({ ...request, prompt: 'two fit', count: 2 })
    assert.equal(fits.images.length, 2)
  })

  test('a lost reply of one item is heard of by its own callback, and paid once', async () => {
    const prompt = 'lost goose'
    service.fault({ provider: 'kie', on: 'submit', fault: 'lost_task_reply', match: { promptIncludes: prompt }, times: 1 })
    const generation = await service.generate({ model: 'nano-banana', prompt, count: 2 })
    assert.equal(generation.images.length, 2)
    assert.equal(service.tasksOf(generation.id).length, 2)
    assert.equal(generation.attempts.filter(({ adopted }) => adopted).length, 1)
  })
})
