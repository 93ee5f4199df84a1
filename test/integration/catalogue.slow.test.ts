// Models of every kind through the whole service: what the catalogue makes of a request is what the provider gets.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { patient, startService } from '../helpers/service.ts'

const service = await startService({ after }, { timings: patient })
const reference = 'https://pictures.example/fox.png'

describe('the catalogue', { concurrency: 4, timeout: 240_000 }, () => {
  test('a picture is scaled up without a word', async () => {
    const generation = await service.generate({ model: 'recraft-crisp-upscale', referenceImages: [reference] })
    assert.equal(generation.status, 'completed')
    assert.equal(generation.servedBy?.model, 'recraft/crisp-upscale')
    assert.equal(generation.prompt, '')
    assert.equal(generation.cost.usd, 0.0025)
    // The simulator refuses a body without the field that this model requires, so it was there.
    assert.deepEqual(
      service.tasksOf(generation.id).map(({ model }) => model),
      ['recraft/crisp-upscale'],
    )
  })

  test('a mask reaches the provider that takes one', async () => {
    const mask = 'https://pictures.example/mask.png'
    const generation = await service.generate({ model: 'ideogram-v3', prompt: 'masked fox', referenceImages: [reference], mask })
    assert.equal(generation.status, 'completed')
    assert.equal(generation.servedBy?.model, 'ideogram/v3-edit')
    assert.equal(generation.attempts.length, 1, 'the simulator, like Kie, requires the mask for this model')
  })

  test('a model that Kie has retired is made by DefAPI, and the record says why', async () => {
    const generation = await service.generate({ model: 'midjourney', prompt: 'retired fox', referenceImages: [reference] })
    assert.equal(generation.servedBy?.provider, 'defapi')
    assert.ok(generation.decisions.some(({ because }) => /Kie has retired Midjourney/.test(because)))
  })

  test('another model stands in when both providers fail at the one that was asked for, and the fidelity says so', async () => {
    service.fault({ provider: 'kie', on: 'task', fault: 'task_failed', times: 1, match: { promptIncludes: 'stand-in fox' } })
    service.fault({ provider: 'defapi', on: 'task', fault: 'task_failed', times: 1, match: { promptIncludes: 'stand-in fox' } })
    const generation = await service.generate({
      model: 'nano-banana',
      prompt: 'stand-in fox',
      route: { models: ['z-image'], maxPaidAttempts: 3 },
    })
    assert.equal(generation.status, 'completed')
    assert.deepEqual(
      generation.attempts.map(({ provider, model }) => [provider, model]),
      [
        ['kie', 'google/nano-banana'],
        ['defapi', 'google/nano-banana'],
        ['kie', 'z-image'],
      ],
    )
    assert.equal(generation.fidelity?.level, 'adapted')
    assert.deepEqual(generation.fidelity?.changes[0]?.field, 'model')
    assert.match(generation.decisions[0]?.decision ?? '', /route kie, then defapi, then kie with z-image in its place/)
  })
})
