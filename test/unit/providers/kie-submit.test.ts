import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKieProvider } from '../../../src/providers/kie/index.ts'
import { refusalRows } from '../../../src/providers/kie/refusals.ts'
import type { ProviderReason, ProviderRequest, SubmitOutcome } from '../../../src/providers/provider.ts'
import { readReplies, startReplyServer, submitOptions } from './reply-fixtures.ts'

const apiKey = 'kie-test-key-0123456789'
const requests: Record<string, ProviderRequest> = {
  market: { api: 'market', model: 'google/nano-banana', input: { prompt: 'a red fox', aspect_ratio: '16:9' } },
  gpt4o: { api: 'gpt4o', model: null, input: { prompt: 'a red fox', size: '1:1' } },
  kontext: { api: 'kontext', model: 'flux-kontext-pro', input: { prompt: 'a red fox' } },
}

type Expected = {
  kind: SubmitOutcome['kind']
  reason?: ProviderReason | 'unreachable'
  providerTaskId?: string
  retryAfterMs?: number | null
}

const accepted = (providerTaskId: string): Expected => ({ kind: 'accepted', providerTaskId })
const final = (reason: ProviderReason): Expected => ({ kind: 'refused_final', reason })
const retryable = (reason: ProviderReason, retryAfterMs: number | null = null): Expected => ({
  kind: 'refused_retryable',
  reason,
  retryAfterMs,
})
const unknown: Expected = { kind: 'unknown' }
const notSent: Expected = { kind: 'not_sent', reason: 'unreachable' }

const expectations: Record<string, Expected> = {
  'market-created': accepted('330a9433fd309e9e18df1c567ae38471'),
  'market-created-documented-id': accepted('task_nano-banana-pro_1765178625768'),
  'gpt4o-created': accepted('5f1c8c3d9e7b4a6f8d2e1b0c9a7f6e5d'),
  'kontext-created': accepted('0c9a7f6e5d5f1c8c3d9e7b4a6f8d2e1b'),
  'id-beside-error-code': accepted('330a9433fd309e9e18df1c567ae38471'),
  'bad-key': final('auth'),
  'bad-key-older': final('auth'),
  'bad-key-real-status': final('auth'),
  'no-such-path': final('model_unavailable'),
  'unknown-model': final('model_unavailable'),
  'unknown-model-404': final('model_unavailable'),
  'feature-disabled': final('model_unavailable'),
  'field-required': final('invalid_input'),
  'aspect-ratio-required': final('invalid_input'),
  'outside-options': final('invalid_input'),
  'outside-options-image-size': final('invalid_input'),
  'outside-options-resolution': final('invalid_input'),
  'outside-options-this': final('invalid_input'),
  'no-credits': final('no_credits'),
  'no-credits-older': final('no_credits'),
  'no-credits-as-500': final('no_credits'),
  'sub-key-limit': final('quota'),
  'gpt4o-content-refused': final('content_policy'),
  'rate-limited': retryable('rate_limited'),
  'rate-limited-real-status': retryable('rate_limited', 12_000),
  maintenance: retryable('maintenance'),
  'gpt4o-queue-full': retryable('queue_full'),
  'market-queue-full': unknown,
  'internal-error': unknown,
  'server-exception': unknown,
  'generation-failed-on-submit': unknown,
  'upstream-silent-on-submit': unknown,
  'unlisted-422': unknown,
  'unlisted-code': unknown,
  'ok-without-data': unknown,
  'ok-without-id': unknown,
  'id-is-a-number': unknown,
  'id-with-path': unknown,
  'id-empty': unknown,
  'id-10-kb': unknown,
  'id-with-newline': unknown,
  'id-at-top-level-beside-refusal': unknown,
  'id-malformed-beside-refusal': unknown,
  'code-is-text': unknown,
  'msg-is-a-number': unknown,
  'http-500-envelope': unknown,
  'http-500-html': unknown,
  'http-502-html': unknown,
  'http-503-maintenance': unknown,
  'http-504': unknown,
  'http-520': unknown,
  'http-521': notSent,
  'http-522': notSent,
  'http-523': notSent,
  'http-524': unknown,
  'http-525': notSent,
  'http-526': notSent,
  'http-530': unknown,
  'http-403-edge': unknown,
  'http-429-edge': unknown,
  'http-302': unknown,
  'http-404-other-path': unknown,
  'empty-body': unknown,
  truncated: unknown,
  'html-with-200': unknown,
  'json-array': unknown,
  'json-null': unknown,
}

test('kie: every reply to a submit that is on file means what the table says', async (t) => {
  const server = await startReplyServer(t)
  const kie = createKieProvider({
    accounts: [{ name: 'default', apiKey }],
    baseUrl: server.baseUrl,
    uploadBaseUrl: 'http://127.0.0.1:9',
    webhookHmacKeys: [],
  })
  const fixtures = readReplies('kie/submit-replies.json')
  assert.deepEqual(fixtures.map((fixture) => fixture.id).sort(), Object.keys(expectations).sort())
  for (const fixture of fixtures) {
    await t.test(fixture.id, async () => {
      server.answerWith(fixture)
      const request = requests[fixture.api]
      assert.ok(request !== undefined, `no request for ${fixture.api}`)
      const outcome = await kie.submit(request, submitOptions)
      assert.deepEqual(pick(outcome), expectations[fixture.id])
      if (outcome.kind === 'unknown') assert.equal(outcome.httpStatus, fixture.httpStatus)
      if (outcome.kind !== 'accepted')
        assert.ok(outcome.message !== '' && outcome.message.length <= 300, 'the message is empty or too long')
    })
  }
})

test('kie: every row of the refusal table is met by a reply on file', () => {
  const fixtures = readReplies('kie/submit-replies.json')
  for (const row of refusalRows) {
    const isMet = fixtures.some(({ body, api }) => {
      if (typeof body !== 'object' || body === null || !('code' in body) || !('msg' in body)) return false
      const isOnApi = row.apis === null || row.apis.some((name) => name === api)
      return isOnApi && body.code === row.code && (row.message === null || row.message.test(String(body.msg)))
    })
    // 422 with the validation words is an inference from two recorded facts and has no body of its own.
    assert.ok(isMet || (row.code === 422 && row.reason === 'invalid_input'), `${row.code} ${String(row.message)}`)
  }
})

test('kie: a 522 that took as long as an unacknowledged request is an unknown outcome', async () => {
  const { classifySubmit } = await import('../../../src/providers/kie/classify.ts')
  const reply = { status: 522, body: Buffer.from('error code: 522'), retryAfter: null }
  const context = { api: 'market' as const, path: '/api/v1/jobs/createTask', nowMs: 0, clean: (text: string) => text }
  assert.equal(classifySubmit({ kind: 'reply', reply: { ...reply, elapsedMs: 20_000 } }, context).kind, 'not_sent')
  assert.equal(classifySubmit({ kind: 'reply', reply: { ...reply, elapsedMs: 91_000 } }, context).kind, 'unknown')
})

test('kie: the body, path and headers are those of the endpoint', async (t) => {
  const server = await startReplyServer(t)
  const kie = createKieProvider({
    accounts: [{ name: 'default', apiKey }],
    baseUrl: `${server.baseUrl}/`,
    uploadBaseUrl: 'http://127.0.0.1:9',
    webhookHmacKeys: [],
  })
  server.answer(200, '{"code":200,"data":{"taskId":"abc"}}')
  const callbackUrl = 'https://hooks.example/v1/callbacks/kie/token'
  const native = { callBackUrl: 'https://thief.example/', prompt: 'a red fox' }

  await kie.submit({ api: 'market', model: 'google/nano-banana', input: native }, { ...submitOptions, callbackUrl })
  await kie.submit({ api: 'gpt4o', model: null, input: native }, { ...submitOptions, callbackUrl })
  await kie.submit({ api: 'kontext', model: 'flux-kontext-max', input: { ...native, model: 'other' } }, submitOptions)

  const sent = server.seen.map(({ method, url, body }) => ({ method, url, body: JSON.parse(body) as unknown }))
  assert.deepEqual(sent, [
    {
      method: 'POST',
      url: '/api/v1/jobs/createTask',
      body: { model: 'google/nano-banana', callBackUrl: callbackUrl, input: native },
    },
    { method: 'POST', url: '/api/v1/gpt4o-image/generate', body: { prompt: 'a red fox', callBackUrl: callbackUrl } },
    { method: 'POST', url: '/api/v1/flux/kontext/generate', body: { prompt: 'a red fox', model: 'flux-kontext-max' } },
  ])
  for (const { headers } of server.seen) {
    assert.equal(headers.authorization, `Bearer ${apiKey}`)
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers.connection, 'close')
  }
})

test('kie: no message repeats the key, the callback token or a link', async (t) => {
  const server = await startReplyServer(t)
  const kie = createKieProvider({
    accounts: [{ name: 'default', apiKey }],
    baseUrl: server.baseUrl,
    uploadBaseUrl: 'http://127.0.0.1:9',
    webhookHmacKeys: ['hmac-secret-hmac-secret'],
  })
  const token = 'Zm9yYmlkZGVuLXRva2Vu'
  const callbackUrl = `https://hooks.example/v1/callbacks/kie/${token}`
  const echo = `${'x'.repeat(285)} ${apiKey} ${callbackUrl} hmac-secret-hmac-secret`
  for (const body of [
    JSON.stringify({ code: 401, msg: echo }),
    JSON.stringify({ code: 418, msg: echo.slice(280) }),
    echo.slice(286),
    `<p>${callbackUrl.replaceAll('/', '\\/')}`,
  ]) {
    server.answer(200, body)
    const outcome = await kie.submit({ api: 'market', model: 'm', input: {} }, { ...submitOptions, callbackUrl })
    assert.ok(outcome.kind !== 'accepted', 'accepted')
    // Also the beginning of a secret, which a cut in the wrong order would leave.
    for (const secret of ['kie-test', token.slice(0, 8), 'hmac-sec', '/v1/callbacks'])
      assert.ok(!outcome.message.includes(secret), outcome.message)
  }
})

test('kie: without a key nothing is sent, and the refusal says so', async (t) => {
  const server = await startReplyServer(t)
  const kie = createKieProvider({
    accounts: [],
    baseUrl: server.baseUrl,
    uploadBaseUrl: 'http://127.0.0.1:9',
    webhookHmacKeys: [],
  })
  assert.deepEqual(kie.accounts, [])
  assert.deepEqual(pick(await kie.submit({ api: 'market', model: 'm', input: {} }, submitOptions)), final('auth'))
  const query = await kie.query('market', 'abc', { account: 'default', timeoutMs: 1_000 })
  assert.equal(query.kind === 'unreadable' && query.reason, 'auth')
  assert.equal((await kie.balance({ account: 'default', timeoutMs: 1_000 })).kind, 'unreadable')
  assert.equal(server.seen.length, 0)
})

test('kie: an api that does not exist and unusable settings are errors of ours', async () => {
  const uploadBaseUrl = 'https://uploads.kie.test'
  const settings = { accounts: [{ name: 'default', apiKey }], baseUrl: 'https://api.kie.ai', uploadBaseUrl, webhookHmacKeys: [] }
  const kie = createKieProvider(settings)
  await assert.rejects(kie.submit({ api: 'midjourney', model: null, input: {} }, submitOptions), /kie has no api "midjourney"/)
  await assert.rejects(kie.submit({ api: 'toString', model: null, input: {} }, submitOptions), /no api/)
  await assert.rejects(kie.submit({ api: 'market', model: null, input: {} }, submitOptions), /needs a model/)
  assert.throws(
    () => createKieProvider({ ...settings, baseUrl: 'https://user:secret@api.kie.ai' }),
    (error: Error) => !error.message.includes('secret'),
  )
  assert.throws(() => createKieProvider({ ...settings, baseUrl: 'ftp://api.kie.ai' }), /base URL/)
  assert.throws(() => createKieProvider({ ...settings, uploadBaseUrl: 'uploads.kie.test' }), /kie uploads: the base URL/)
  assert.throws(
    () => createKieProvider({ ...settings, accounts: [{ name: 'default', apiKey: 'two\nlines' }] }),
    (error: Error) => !error.message.includes('two'),
  )
  assert.throws(() => createKieProvider({ ...settings, webhookHmacKeys: ['good', ''] }), /empty/)
  assert.equal(createKieProvider({ ...settings, baseUrl: 'https://api.kie.ai/' }).baseUrl, 'https://api.kie.ai')
})

function pick(outcome: SubmitOutcome): Expected {
  switch (outcome.kind) {
    case 'accepted':
      return accepted(outcome.providerTaskId)
    case 'unknown':
      return unknown
    case 'not_sent':
      return outcome.reason === 'unreachable' ? notSent : { kind: 'not_sent' }
    case 'refused_final':
      return final(outcome.reason)
    case 'refused_retryable':
      return retryable(outcome.reason, outcome.retryAfterMs)
  }
}
