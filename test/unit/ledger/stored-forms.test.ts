// Text, JSON and cursors as they are written and read back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { InvalidCursorError } from '../../../src/ledger/ledger.ts'
import { readCursor, toCursor } from '../../../src/ledger/page-cursor.ts'
import { toJsonText, toText } from '../../../src/ledger/storable-text.ts'

test('JSON comes back as it went in, except for what Postgres cannot hold', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(JSON.parse(toJsonText(value)), JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('NUL and halves of surrogate pairs are replaced, in keys and values, and text that only looks like them is not', () => {
  const odd = {
    'k\0': 'v\0',
    half: '\uD83D',
    other: '\uDC00x',
    pair: '\uD83E\uDD8A',
    looks: String.raw`\u0000 and \ud800`,
    tab: '\t',
  }
  assert.deepEqual(JSON.parse(toJsonText(odd)), {
    'k\uFFFD': 'v\uFFFD',
    half: '\uFFFD',
    other: '\uFFFDx',
    pair: '\uD83E\uDD8A',
    looks: String.raw`\u0000 and \ud800`,
    tab: '\t',
  })
  assert.equal(toText('a\0b'), 'a\uFFFDb')
})

test('what has no JSON form is an error, not a missing row', () => {
  assert.throws(() => toJsonText(undefined), TypeError)
})

test('a cursor leads back to where it came from, and nothing else is one', () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true }), fc.stringMatching(/^[A-Za-z0-9._:-]{1,200}$/), (createdAt, id) => {
      assert.deepEqual(readCursor(toCursor({ createdAt, id })), { createdAt, id })
    }),
  )
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.throws(() => readCursor(text), InvalidCursorError)
    }),
  )
})
