import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redactSecrets, redactUrl, redactUrls } from '../../../src/observability/redact.ts'

const token = `v1.AbCdEf12.${'Zx-9_'.repeat(20)}`

test('a secret disappears as it is, in a URL and in JSON', () => {
  const secret = 'k/+ "y=='
  const text = `raw ${secret} url ${encodeURIComponent(secret)} json ${JSON.stringify({ secret })}`
  const redacted = redactSecrets(text, [secret])
  assert.equal(redacted, 'raw [secret] url [secret] json {"secret":"[secret]"}')
})

test('a secret inside a longer secret leaves nothing of the longer one', () => {
  assert.equal(redactSecrets('key-1234-extra key-1234', ['key-1234', 'key-1234-extra']), '[secret] [secret]')
})

test('an empty or tiny secret does not blank out the text', () => {
  assert.equal(redactSecrets('all of it stays', ['', 'a', 'it']), 'all of it stays')
})

test('a secret with half a surrogate pair or with pattern characters is only text', () => {
  assert.equal(redactSecrets('x \uD800abc.*$& y', ['\uD800abc.*$&']), 'x [secret] y')
})

test('the callback token is taken out of its URL wherever that stands', () => {
  for (const [text, expected] of [
    [`/v1/callbacks/kie/${token}`, '/v1/callbacks/kie/[token]'],
    [`https://pub.example/v1/callbacks/defapi/${token}?x=1#f`, 'https://pub.example/v1/callbacks/defapi/[token]'],
    [`POST /v1/callbacks/kie/${token} HTTP/1.1`, 'POST /v1/callbacks/kie/[token] HTTP/1.1'],
    [
      `{"callBackUrl":"https://pub.example/v1/callbacks/kie/${token}","a":1}`,
      '{"callBackUrl":"https://pub.example/v1/callbacks/kie/[token]","a":1}',
    ],
    [`https%3A%2F%2Fp.example%2Fv1%2Fcallbacks%2Fkie%2F${token}`, 'https%3A%2F%2Fp.example%2Fv1%2Fcallbacks%2Fkie%2F[token]'],
    ['/v1/callbacks/kie/short', '/v1/callbacks/kie/[token]'],
    [`the token ${token} alone`, 'the token [token] alone'],
  ] as const) {
    assert.equal(redactUrls(text), expected)
  }
})

test('query strings, fragments and credentials are dropped from every URL in a text', () => {
  assert.equal(
    redactUrls('get https://u:p@cdn.example/a.png?X-Amz-Signature=abc&x="q" then http://h/p#frag, postgres://me:pw@db/x'),
    'get https://cdn.example/a.png"q" then http://h/p postgres://db/x',
  )
})

test('a URL without anything secret stays as it is', () => {
  for (const url of ['https://cdn.example/a/b.png', '/v1/generations/gen_01', 'not a url', '']) {
    assert.equal(redactUrl(url), url)
    assert.equal(redactUrls(url), url)
  }
})

test('a path loses its query string', () => {
  assert.equal(redactUrl('/v1/generations?cursor=abc'), '/v1/generations')
})
