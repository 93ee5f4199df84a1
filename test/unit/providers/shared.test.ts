import assert from 'node:assert/strict'
import { test } from 'node:test'
import { field, readJson, unwrapJson } from '../../../src/providers/shared/json-text.ts'
import { callbackSecret, createRedactor } from '../../../src/providers/shared/message-text.ts'
import { readRetryAfterMs } from '../../../src/providers/shared/retry-after.ts'
import { keepWebUrls } from '../../../src/providers/shared/source-urls.ts'
import { readTimeMs } from '../../../src/providers/shared/times.ts'
import { createCallbackTokens } from '../../../src/tokens/tokens.ts'
import { createUploadTokens } from '../../../src/tokens/upload-tokens.ts'

test('Retry-After is read as seconds or as an HTTP date, and nothing else', () => {
  const nowMs = Date.UTC(2026, 10, 22, 12, 0, 0)
  const cases: [string | null, number | null][] = [
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5_000],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['999999999', 86_400_000],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 86_400_000],
    [null, null],
    ['', null],
    ['-1', null],
    ['1.5', null],
    ['1e3', null],
    ['0x10', null],
    ['soon', null],
    ['2026', 2_026_000],
    ['2026-11-22', null],
    ['9'.repeat(400), null],
    ['Sun, 99 Nov 2026 12:00:30 GMT', null],
  ]
  for (const [header, expected] of cases) assert.equal(readRetryAfterMs(header, nowMs), expected, String(header))
})

test('times: only instants that cannot be misread', () => {
  const cases: [unknown, number | null][] = [
    [1776862567160, 1776862567160],
    [1776862567160.9, 1776862567160],
    ['1776862567160', 1776862567160],
    ['2026-01-25T12:00:00Z', Date.UTC(2026, 0, 25, 12)],
    ['2026-01-25 12:00:00+08:00', Date.UTC(2026, 0, 25, 4)],
    ['2026-01-25T12:00:00.123456Z', Date.UTC(2026, 0, 25, 12, 0, 0, 123)],
    ['2026-01-25 12:00:00', null],
    ['2026-01-25T12:00:00', null],
    ['2026-01-25', null],
    ['2026-99-25T12:00:00Z', null],
    [1776862567, null],
    [0, null],
    [-1, null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    ['', null],
    [null, null],
    [{}, null],
    [true, null],
  ]
  for (const [value, expected] of cases) assert.equal(readTimeMs(value), expected, String(value))
})

test('JSON: hostile forms are refused or harmless', () => {
  const bytes = (text: string, encoding: BufferEncoding = 'utf8'): Uint8Array => Buffer.from(text, encoding)
  assert.deepEqual(readJson(bytes('\uFEFF{"a":1}')), { a: 1 })
  assert.deepEqual(readJson(bytes('{"a":1,"a":2}')), { a: 2 })
  assert.deepEqual(readJson(`${'['.repeat(64)}${']'.repeat(64)}`) === undefined, false)
  for (const source of [
    `${'['.repeat(65)}${']'.repeat(65)}`,
    `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
    `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    '['.repeat(100_000),
    '',
    '{"a":1}\0',
    '{"a":\u00001}',
    'NaN',
    "{'a':1}",
    bytes('{"a":1}', 'utf16le'),
    Buffer.concat([Buffer.from([0xff, 0xfe]), bytes('{"a":1}', 'utf16le')]),
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
  ]) {
    assert.equal(readJson(source), undefined)
  }
  // Brackets inside strings are text.
  assert.equal(readJson(JSON.stringify('[{"\\'.repeat(500))), '[{"\\'.repeat(500))
})

test('JSON: __proto__ is an ordinary key and own members are the only members', () => {
  const value = readJson('{"__proto__":{"taskId":"x"},"data":{"constructor":1}}')
  assert.equal(field(value, 'taskId'), undefined)
  assert.equal(field(value, 'toString'), undefined)
  assert.equal(field(field(value, 'data'), 'constructor'), 1)
  assert.equal(({} as Record<string, unknown>)['taskId'], undefined)
})

test('JSON inside JSON is unwrapped up to three layers, and a text that is no JSON stays as it is', () => {
  const wrap = (value: unknown, layers: number): unknown => (layers === 0 ? value : JSON.stringify(wrap(value, layers - 1)))
  for (const layers of [0, 1, 2, 3]) assert.deepEqual(unwrapJson(wrap({ a: 1 }, layers)), { a: 1 })
  assert.equal(typeof unwrapJson(wrap({ a: 1 }, 4)), 'string')
  assert.equal(unwrapJson('not json'), 'not json')
})

test('links are kept once, in order, and only if they are web links of a sane length', () => {
  const long = `https://a.example/${'x'.repeat(2_048)}`
  const given = [
    'https://b.example/2',
    'HTTPS://a.example/1',
    'ftp://a.example',
    'https://',
    'javascript:alert(1)',
    '//a.example',
    7,
    null,
    long,
    'https://b.example/2',
  ]
  assert.deepEqual(keepWebUrls(given), ['https://b.example/2', 'HTTPS://a.example/1'])
  assert.equal(keepWebUrls(Array.from({ length: 100 }, (_, index) => `https://a.example/${index}`)).length, 32)
})

test('no secret and no path of a link is left in a message, wherever the cut falls', () => {
  const secret = 'S3CR3T-S3CR3T-S3CR3T'
  const clean = createRedactor([secret, null, ''])
  for (let before = 0; before <= 320; before += 1) {
    const text = clean(`${'x'.repeat(before)}${secret}y${secret}`)
    assert.ok(text.length <= 300 && !text.includes('S3'), `${before}`)
  }
  const message = clean(
    'get https://cdn.example/a/b?sig=1 or http:\\/\\/hooks.example\\/v1\\/t or https%3A%2F%2Fx.example%2Fy now',
  )
  assert.equal(message, 'get https://cdn.example/… or http://hooks.example/… or https://x.example/… now')
})

test('a sealed token is hidden wherever it stands, with or without the link around it, whole or cut', () => {
  const clean = createRedactor(['key'])
  const secrets = { current: 'a secret of the test, long enough' }
  const sha256 = 'b'.repeat(64)
  for (const token of [
    createUploadTokens(secrets).seal({ sha256, expiresAtMs: Date.now() + 60_000 }),
    createCallbackTokens(secrets).seal({ generationId: 'g', item: 0, attempt: 1 }),
  ]) {
    const secret = token.split('.')[2]?.slice(0, 16) ?? ''
    for (const text of [
      `could not load /v1/uploads/${sha256.slice(0, 12)}/${token}`,
      `bad: gateway.example.com/v1/uploads/x/${token}: 404`,
      `GET ${token}?x=1`,
      `"%2Fv1%2Fuploads%2Fx%2F${token.replaceAll('.', '%2E')}"`,
      `cut ${token.slice(0, 40)}`,
    ]) {
      const cleaned = clean(text)
      assert.ok(secret.length === 16 && !cleaned.includes(secret), cleaned)
      assert.ok(cleaned.includes('[hidden]'), cleaned)
    }
  }
  assert.equal(clean('gateway.example.com/v1/uploads is down, v1.2.3'), 'gateway.example.com/v1/uploads is down, v1.2.3')
})

test('the token of a callback link is its last segment, unless that is an ordinary word', () => {
  assert.equal(callbackSecret('https://hooks.example/v1/callbacks/kie/abcdefghijklmnop'), 'abcdefghijklmnop')
  assert.equal(callbackSecret('https://hooks.example/v1/callbacks/kie'), null)
  assert.equal(callbackSecret(null), null)
})
