import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeEnd, renderAttempts } from '../../../src/cli/render/attempts-table.ts'
import { createPaint } from '../../../src/cli/render/colours.ts'
import { createProgressLine, describeProgress } from '../../../src/cli/render/progress.ts'
import { describeCost, describeDuration, describeSize, describeUsd } from '../../../src/cli/render/units.ts'
import { sampleAttempt, sampleGeneration } from './sample-generation.ts'

const paint = createPaint(false)

test('the table of attempts tells provider, activity tries, how it ended, wait and cost', () => {
  const table = renderAttempts(
    [
      sampleAttempt({
        outcome: 'exhausted',
        reason: 'maintenance',
        message: 'back soon',
        activityTries: 5,
        acceptedAt: null,
        cost: { usd: null, credits: null, source: 'none' },
      }),
      sampleAttempt({ number: 2, provider: 'defapi', cost: { usd: 0.0275, credits: null, source: 'estimated' } }),
    ],
    paint,
    140,
  )
  const rows = table.split('\n').filter((line) => /^│ +\d/.test(line))
  const cells = rows.map((row) => row.split('│').map((cell) => cell.trim()))
  assert.deepEqual(cells[0], ['', '1', 'kie', '5', 'retries exhausted: maintenance – back soon', '–', 'free', ''])
  assert.deepEqual(cells[1], ['', '2', 'defapi', '1', 'succeeded', '2.1 s', '$0.0275 (estimated)', ''])
})

test('a narrow terminal wraps the long column and loses no word', () => {
  const message = 'one two three four five six seven eight nine ten eleven twelve'
  const table = renderAttempts([sampleAttempt({ outcome: 'failed', message })], paint, 80)
  for (const word of message.split(' ')) assert.match(table, new RegExp(`\\b${word}\\b`))
  assert.ok(table.split('\n').every((line) => line.length <= 90))
})

test('an attempt that may have been charged although another served says so', () => {
  const table = renderAttempts([sampleAttempt({ possibleExtraCharge: true, outcome: 'overdue' })], paint, 140)
  assert.match(table, /\$0\.02 \+ possibly charged/)
})

test('an open attempt and an adopted task id are told apart from the others', () => {
  assert.equal(describeEnd(sampleAttempt({ outcome: null, state: 'sending' }), paint), 'still sending')
  assert.match(describeEnd(sampleAttempt({ adopted: true }), paint), /learned from a callback/)
})

test('numbers carry the unit that fits', () => {
  assert.deepEqual([0, 999, 1_000, 59_949, 60_000, 754_000].map(describeDuration), [
    '0 ms',
    '999 ms',
    '1.0 s',
    '59.9 s',
    '1 min 0 s',
    '12 min 34 s',
  ])
  assert.deepEqual([12, 412_345, 1_234_567].map(describeSize), ['12 B', '412 kB', '1.2 MB'])
  assert.deepEqual([0.02, 0.0275, 1, 0.12345].map(describeUsd), ['$0.02', '$0.0275', '$1.00', '$0.1235'])
  assert.equal(describeCost({ usd: 0, source: 'measured' }), '$0.00')
  assert.equal(describeCost({ usd: null, source: 'none' }), '–')
})

test('progress is one rewritten line on a terminal and a line per change elsewhere', () => {
  for (const isTTY of [true, false]) {
    let text = ''
    const line = createProgressLine({ write: (more) => (text += more), isTTY, columns: 60 })
    line.show('planning')
    line.show('planning')
    line.show('storing', performance.now())
    line.clear()
    if (isTTY) {
      assert.equal(text.split('\n').length, 1)
      assert.equal(text.split('\r').length, 5)
    } else assert.equal(text, 'planning\nstoring\n')
  }
})

test('progress names the try and what the provider says', () => {
  const attempts = [sampleAttempt({ outcome: null, activityTries: 3, reason: 'rate_limited' })]
  assert.equal(
    describeProgress(sampleGeneration({ status: 'submitting', attempts })),
    'submitting to kie, try 3, kie says rate limited',
  )
})
