import assert from 'node:assert/strict'
import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createCallbackTokens, maxTokenLength } from '../../../src/tokens/tokens.ts'

const secret = 'a secret for tests only, 32 bytes or more'
const tokens = createCallbackTokens({ current: secret })
const ref = { generationId: 'gen_01JABCDEFGHJKMNPQRSTVWXYZ0', item: 0, attempt: 1 }

const anyRef = fc.record(
  {
    generationId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/),
    item: fc.integer({ min: 0, max: 999_999 }),
    attempt: fc.integer({ min: 1, max: 999_999 }),
  },
  { noNullPrototype: true },
)

test('what was sealed is opened, for every attempt there can be', () => {
  fc.assert(
    fc.property(anyRef, (any) => {
      const token = tokens.seal(any)
      assert.deepEqual(tokens.open(token), any)
      assert.match(token, /^[\w.-]+$/)
      assert.ok(token.length <= maxTokenLength)
      assert.equal(encodeURIComponent(token), token)
    }),
    { numRuns: 500 },
  )
})

test('the longest reference fits exactly into the longest token', () => {
  const longest = { generationId: 'x'.repeat(200), item: 999_999, attempt: 999_999 }
  assert.equal(tokens.seal(longest).length, maxTokenLength)
  assert.deepEqual(tokens.open(tokens.seal(longest)), longest)
})

test('a token shows nothing of what it seals and is another one each time', () => {
  const [first, second] = [tokens.seal(ref), tokens.seal(ref)]
  assert.notEqual(first, second)
  const bytes = Buffer.from(first.split('.')[2] ?? '', 'base64url')
  assert.equal(bytes.includes(ref.generationId), false)
  assert.equal(first.includes(ref.generationId), false)
})

test('any changed, missing or added character makes a token worthless', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~= \n+/%é\u0000'
  // 0, 1 and 2 spare bits in the last character
  for (const generationId of ['gen_1', 'gen_12', 'gen_123']) {
    const token = tokens.seal({ ...ref, generationId })
    assert.notEqual(tokens.open(token), null)
    for (let at = 0; at < token.length; at += 1) {
      for (const other of alphabet) {
        if (other === token[at]) continue
        assert.equal(tokens.open(token.slice(0, at) + other + token.slice(at + 1)), null, `${at} ${other}`)
      }
      assert.equal(tokens.open(token.slice(0, at) + token.slice(at + 1)), null)
      assert.equal(tokens.open(`${token.slice(0, at)}A${token.slice(at)}`), null)
    }
    for (const extra of ['=', 'A', '.', ' ', '\n', '/']) assert.equal(tokens.open(token + extra), null)
  }
})

test('the previous key still opens, and only the current one seals', () => {
  const old = createCallbackTokens({ current: 'the old secret of last month' })
  const rotated = createCallbackTokens({ current: secret, previous: 'the old secret of last month' })
  assert.deepEqual(rotated.open(old.seal(ref)), ref)
  assert.equal(old.open(rotated.seal(ref)), null)
  assert.deepEqual(tokens.open(rotated.seal(ref)), ref)
})

test('a token of an unknown key is not opened, also when it carries our key id', () => {
  const token = createCallbackTokens({ current: 'somebody else has this secret' }).seal(ref)
  assert.equal(tokens.open(token), null)
  const [, ourId] = tokens.seal(ref).split('.')
  assert.equal(tokens.open(token.replace(/\.[^.]+\./, `.${ourId}.`)), null)
})

test('a token sealed with the right key but without version and key id bound to it is not opened', () => {
  const [, id] = tokens.seal(ref).split('.')
  const key = Buffer.from(hkdfSync('sha256', Buffer.from(secret), 'darkroom', 'callback token v1 key', 32))
  const sealWith = (associated: string, text = '0.1.gen_1'): string => {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(associated))
    return `v1.${id}.${Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString('base64url')}`
  }
  assert.deepEqual(tokens.open(sealWith(`darkroom callback v1 ${id}`)), { generationId: 'gen_1', item: 0, attempt: 1 })
  assert.equal(tokens.open(sealWith('darkroom callback v1 other')), null)
  assert.equal(tokens.open(sealWith('')), null)
  // and what we would never seal is not opened either, were it sealed with the right key
  for (const text of [`0.1.${'x'.repeat(220)}`, '0.1.', '1.gen_1', '-1.1.gen_1', 'x', '']) {
    assert.equal(tokens.open(sealWith(`darkroom callback v1 ${id}`, text)), null, text)
  }
})

test('garbage of any kind and size is null, never an error', () => {
  const [, id] = tokens.seal(ref).split('.')
  for (const text of [
    '',
    '.',
    'v1',
    'v1.',
    'v1..',
    `v1.${id}.`,
    `v1.${id}.AAAA`,
    `v1.${id}.${'A'.repeat(37)}`,
    `v2.${id}.${'A'.repeat(80)}`,
  ]) {
    assert.equal(tokens.open(text), null)
  }
  for (const length of [maxTokenLength, maxTokenLength + 1, 1_000_000]) {
    assert.equal(tokens.open(`v1.${id}.`.padEnd(length, 'A')), null)
  }
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^v1\.[\w-]{8}\.[\w-]{0,340}$/)), (text) => {
      assert.equal(tokens.open(text), null)
    }),
    { numRuns: 2_000 },
  )
  // from an untyped caller
  const untyped: { open(token: unknown): unknown } = tokens
  for (const odd of [undefined, null, 5, {}, []]) assert.equal(untyped.open(odd), null)
})

test('a good token with anything behind it is oversize or malformed, not opened', () => {
  assert.equal(tokens.open(tokens.seal({ ...ref, generationId: 'x'.repeat(200) }).padEnd(maxTokenLength + 1, 'A')), null)
})

test('a reference that cannot exist is not sealed', () => {
  for (const wrong of [
    { ...ref, generationId: '' },
    { ...ref, generationId: 'x'.repeat(201) },
    { ...ref, generationId: 'é'.repeat(101) },
    { ...ref, item: -1 },
    { ...ref, item: 0.5 },
    { ...ref, attempt: 0 },
    { ...ref, attempt: 1_000_000 },
    { ...ref, attempt: Number.NaN },
  ]) {
    assert.throws(() => tokens.seal(wrong), RangeError)
  }
})

test('a secret that could be guessed is refused with a sentence that does not show it', () => {
  assert.throws(
    () => createCallbackTokens({ current: 'change-me' }),
    /^RangeError: The callback secret has 9 bytes; it needs at least 16/,
  )
  assert.throws(() => createCallbackTokens({ current: secret, previous: '' }), RangeError)
})

test('bytes and text are the same secret', () => {
  assert.deepEqual(createCallbackTokens({ current: Buffer.from(secret) }).open(tokens.seal(ref)), ref)
})
