import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeEnd, renderAttempts } from '../../../src/cli/render/attempts-table.ts'
import { createPaint } from '../../../src/cli/render/colours.ts'
import { renderGeneration } from '../../../src/cli/render/generation.ts'
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

test('what looking again found is in the row: how it was charged, a second task, claims that nobody has looked up', () => {
  const rowOf = (changes: Parameters<typeof sampleAttempt>[0]): string =>
    renderAttempts([sampleAttempt({ outcome: 'overdue', possibleExtraCharge: true, ...changes })], paint, 140)
      .split('\n')
      .filter((line) => line.startsWith('│'))
      .slice(1)
      .map((line) => line.replaceAll(/│ +│/g, '│').replaceAll(/[│ ]+/g, ' '))
      .join('')
      .trim()
  for (const [changes, says] of [
    [{ state: 'abandoned' }, /deadline passed; owing: it is still being looked after .*\$0\.02 \+ possibly charged/],
    [{ state: 'settled', verdict: 'paid' }, /found paid .*\$0\.02$/],
    [{ state: 'settled', verdict: 'failed_free' }, /found free .*free$/],
    [{ state: 'settled', verdict: 'confirmed_extra' }, /found paid beside another one .*\$0\.02 extra$/],
    [{ state: 'settled', verdict: 'unresolved' }, /nobody could say whether it was .*\$0\.02, if charged/],
    [{ openClaims: 2 }, /callbacks name 2 other tasks, not looked /],
  ] as const)
    assert.match(rowOf(changes), says)
  const extraTasks = [
    { providerTaskId: 'task-2', verdict: 'confirmed_extra', cost: { usd: 0.03, credits: 6, source: 'measured' } },
    { providerTaskId: 'task-3', verdict: null, cost: { usd: null, credits: null, source: 'none' } },
  ] as const
  const row = describeEnd(sampleAttempt({ extraTasks: [...extraTasks] }), paint)
  assert.equal(
    row,
    'succeeded; a second task task-2: found paid beside another one, $0.03; a second task task-3: not looked up yet',
  )
})

test('a spare is told from the picture that was asked for, and a tenant is named', () => {
  const [image] = sampleGeneration().images
  assert.ok(image !== undefined)
  const view = { paint, columns: 120, locate: ({ index }: { index: number }) => `picture-${index}` }
  const generation = sampleGeneration({ tenant: 'team-7', images: [image, { ...image, index: 1, attempt: 1, spare: true }] })
  const text = renderGeneration(generation, view)
  assert.match(text, /^File +picture-0$/m)
  assert.match(text, /^Spare +picture-1\n +image\/png, 768 × 768, 403 KiB, of attempt 1, which was left behind$/m)
  assert.match(text, /^Tenant +team-7$/m)
  assert.doesNotMatch(renderGeneration(sampleGeneration(), view), /Tenant|Spare/)
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
    '1 min',
    '12 min 34 s',
  ])
  assert.deepEqual([12, 412_345, 1_234_567, 32 * 1024 ** 2 + 1].map(describeSize), ['12 B', '403 KiB', '1.2 MiB', '32.1 MiB'])
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
