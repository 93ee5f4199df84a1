import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { safeJson, safeText } from '../../../src/observability/safe-text.ts'
import { escapeCorpus, unprintableIn } from './escape-corpus.ts'

test('the corpus itself is hostile, so that the tests below can fail', () => {
  for (const text of escapeCorpus) assert.notDeepEqual(unprintableIn(text), [], JSON.stringify(text))
})

test('no control byte and no invisible character leaves safeText', () => {
  for (const text of escapeCorpus) assert.deepEqual(unprintableIn(safeText(text)), [], JSON.stringify(text))
})

test('any text at all comes out printable, on one line and within its length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.integer({ min: 1, max: 350 }), (text, maxLength) => {
      const safe = safeText(text, maxLength)
      assert.deepEqual(unprintableIn(safe), [])
      assert.ok(safe.length <= maxLength)
    }),
    { numRuns: 2_000 },
  )
})

test('ordinary text of any language stays as it is', () => {
  for (const text of [
    'a red fox in the snow',
    'Ein Fuchs – „rot“ & schön',
    '雪の中の赤い狐',
    'ثعلب أحمر',
    'рыжая лиса',
    '🦊 in ❄',
    'a\\b "c" <d>',
  ]) {
    assert.equal(safeText(text), text)
  }
})

test('what was escaped can still be read', () => {
  assert.equal(safeText('a\nb\tc\u001B[31m\u{E0061}\u009B'), 'a\\nb\\tc\\u001b[31m\\u{e0061}\\u009b')
})

test('long text is cut with a mark and never through a pair', () => {
  assert.equal(safeText('x'.repeat(300)), 'x'.repeat(300))
  assert.equal(safeText('x'.repeat(301)), `${'x'.repeat(299)}…`)
  assert.equal(safeText('🦊🦊🦊', 4), '🦊…')
  assert.equal(safeText('\u0000'.repeat(10_000_000), 20).length <= 20, true)
})

test('a line of JSON keeps its meaning and loses its invisible characters', () => {
  for (const text of escapeCorpus) {
    const json = safeJson(JSON.stringify({ text }))
    assert.deepEqual(unprintableIn(json), [])
    assert.deepEqual(JSON.parse(json), { text })
  }
})
