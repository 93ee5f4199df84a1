import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSealer } from '../../../src/tokens/sealed-text.ts'
import { createCallbackTokens } from '../../../src/tokens/tokens.ts'
import { createUploadTokens } from '../../../src/tokens/upload-tokens.ts'

const secret = 'a secret for tests only, 32 bytes or more'
const tokens = createUploadTokens({ current: secret })
const sha256 = '5f'.repeat(32)
const nowMs = Date.parse('2026-11-28T12:00:00.500Z')

test('a link opens its picture until it expires, by whole seconds', () => {
  const token = tokens.seal({ sha256, expiresAtMs: nowMs })
  assert.match(token, /^[\w.-]+$/)
  assert.deepEqual(tokens.open(token, { sha256, nowMs }), { expiresAtMs: nowMs + 500 })
  assert.equal(tokens.open(token, { sha256, nowMs: nowMs + 500 }), null)
})

test('a link opens no other picture', () => {
  const token = tokens.seal({ sha256, expiresAtMs: nowMs + 60_000 })
  assert.equal(tokens.open(token, { sha256: '5e'.repeat(32), nowMs }), null)
})

test('a token for one purpose is worthless for the other, under the same secret', () => {
  const callbacks = createCallbackTokens({ current: secret })
  const upload = tokens.seal({ sha256, expiresAtMs: nowMs + 60_000 })
  const callback = callbacks.seal({ generationId: 'gen_1', item: 0, attempt: 1 })
  assert.equal(callbacks.open(upload), null)
  assert.equal(tokens.open(callback, { sha256, nowMs }), null)
  // Also not with the key id of the other written in front: key and tag differ, too.
  const [, callbackKeyId] = callback.split('.')
  const [version, , sealed] = upload.split('.')
  assert.equal(callbacks.open(`${version}.${callbackKeyId}.${sealed}`), null)
})

test('the purpose is in the key and in what is authenticated, whatever the sealed text is', () => {
  const [callbacks, uploads] = [
    createSealer('callback', { current: secret }, 100),
    createSealer('upload', { current: secret }, 100),
  ]
  const token = uploads.seal('the same text')
  assert.equal(uploads.open(token), 'the same text')
  assert.equal(callbacks.open(token), null)
  const [, callbackKeyId] = callbacks.seal('x').split('.')
  const [version, uploadKeyId, sealed] = token.split('.')
  assert.notEqual(callbackKeyId, uploadKeyId)
  assert.equal(callbacks.open(`${version}.${callbackKeyId}.${sealed}`), null)
})

test('a reference that spells like a link seals nothing that opens a picture', () => {
  const callbacks = createCallbackTokens({ current: secret })
  assert.equal(tokens.open(callbacks.seal({ generationId: sha256, item: 0, attempt: 1 }), { sha256, nowMs }), null)
})

test('the previous secret still opens, a strange one does not', () => {
  const token = tokens.seal({ sha256, expiresAtMs: nowMs + 60_000 })
  const rotated = createUploadTokens({ current: 'the next secret, long enough', previous: secret })
  assert.notEqual(rotated.open(token, { sha256, nowMs }), null)
  assert.equal(createUploadTokens({ current: 'the next secret, long enough' }).open(token, { sha256, nowMs }), null)
  for (const nonsense of ['', 'v1', `${token}A`, token.slice(1), 'x'.repeat(1_000)]) {
    assert.equal(tokens.open(nonsense, { sha256, nowMs }), null)
  }
})

test('what is no SHA-256 is not sealed', () => {
  assert.throws(() => tokens.seal({ sha256: 'abc', expiresAtMs: nowMs }), RangeError)
  assert.throws(() => tokens.seal({ sha256, expiresAtMs: 5 }), RangeError)
})
