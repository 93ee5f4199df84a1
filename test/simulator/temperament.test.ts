// A simulator whose providers have a temperament of their own, drawn from the seed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawDurationMs, drawTemperament } from '../../src/simulator/temperament.ts'
import { randomOf } from '../../src/simulator/random.ts'
import { startTestSimulator } from '../helpers/simulator.ts'

const medianOf = (values: number[]): number => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0

test('the same seed draws the same temperament, and neither provider is the better one by nature', () => {
  assert.deepEqual(drawTemperament(7, 'kie'), drawTemperament(7, 'kie'))
  const seeds = Array.from({ length: 200 }, (_, at) => at + 1)
  const kieIsQuicker = seeds.filter((seed) => drawTemperament(seed, 'kie').medianMs < drawTemperament(seed, 'defapi').medianMs)
  assert.ok(kieIsQuicker.length > 70 && kieIsQuicker.length < 130, `${kieIsQuicker.length} of 200`)
})

test('half of the pictures take less than the median that was drawn, and all of them take some time', () => {
  const temperament = drawTemperament(7, 'kie')
  const durations = Array.from({ length: 2_000 }, (_, at) => drawDurationMs(temperament, randomOf(7, 'duration', at)))
  assert.ok(Math.abs(medianOf(durations) / temperament.medianMs - 1) < 0.05, `${medianOf(durations)} of ${temperament.medianMs}`)
  assert.ok(Math.min(...durations) > 0, 'above 0')
})

test('what it does wrong is listed as rules; without a temperament there are none', async (t) => {
  const drawn = await startTestSimulator(t, { temperament: 'drawn', seed: 7 })
  const rules = drawn.faults()
  assert.equal(rules.length, 8)
  for (const { toxicity = 1, provider, id } of rules) {
    assert.ok(toxicity <= 0.3, `${id} strikes in ${toxicity}`)
    assert.ok(provider === 'kie' || provider === 'defapi', 'of one provider')
  }
  const alike = await startTestSimulator(t, { seed: 7 })
  assert.deepEqual(alike.faults(), [])
})
