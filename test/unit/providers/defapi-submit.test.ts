import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDefapiProvider } from '../../../src/providers/defapi/index.ts'
import type { ProviderReason, SubmitOutcome } from '../../../src/providers/provider.ts'
import { readReplies, startReplyServer, submitOptions } from './reply-fixtures.ts'

const apiKey = 'dk-test'
const taskId = 'ta2d86a6-4df7-4aca-a940-83d8e4183878'
const request = { api: 'image', model: 'google/nano-banana', input: { prompt: 'a red fox', aspect_ratio: '16:9' } }

type Expected = [kind: SubmitOutcome['kind'], detail?: string | number | null]
const final = (reason: ProviderReason): Expected => ['refused_final', reason]

const expectations: Record<string, Expected> = {
  created: ['accepted', taskId],
  'id-beside-error': ['accepted', taskId],
  'bad-key': final('auth'),
  'bad-key-with-200': final('auth'),
  '401-other-code': final('auth'),
  '402': final('no_credits'),
  'insufficient-with-400': final('no_credits'),
  'insufficient-with-200': final('no_credits'),
  '429': ['refused_retryable', 30_000],
  '429-about-credits': ['refused_retryable', null],
  'credit-mentioned-with-200': ['unknown'],
  validation: ['unknown'],
  'no-such-route': ['unknown'],
  'code-500': ['unknown'],
  'not-found-on-submit': ['unknown'],
  'ok-without-id': ['unknown'],
  'ok-without-data': ['unknown'],
  'id-malformed': ['unknown'],
  'id-is-a-number': ['unknown'],
  'id-beside-bad-key': ['unknown'],
  'code-is-text': ['unknown'],
  '502': ['unknown'],
  '503': ['unknown'],
  '504': ['unknown'],
  '500-insufficient': ['unknown'],
  '521': ['not_sent', 'unreachable'],
  '524': ['unknown'],
  'html-with-200': ['unknown'],
  truncated: ['unknown'],
  empty: ['unknown'],
}

test('defapi: every reply to a submit that is on file means what the table says', async (t) => {
  const server = await startReplyServer(t)
  const defapi = createDefapiProvider({ accounts: [{ name: 'default', apiKey }], baseUrl: server.baseUrl })
  const fixtures = readReplies('defapi/submit-replies.json')
  assert.deepEqual(fixtures.map((fixture) => fixture.id).sort(), Object.keys(expectations).sort())
  for (const fixture of fixtures) {
    await t.test(fixture.id, async () => {
      server.answerWith(fixture)
      assert.deepEqual(pick(await defapi.submit(request, submitOptions)), expectations[fixture.id])
    })
  }
})

test('defapi: the body, path and headers are those of the endpoint', async (t) => {
  const server = await startReplyServer(t)
  const defapi = createDefapiProvider({ accounts: [{ name: 'default', apiKey }], baseUrl: server.baseUrl })
  server.answer(200, '{"code":0,"message":"ok","data":{"task_id":"ta1"}}')
  const callbackUrl = 'https://hooks.example/v1/callbacks/defapi/token'
  const input = { prompt: 'a red fox', callback_url: 'https://thief.example/' }
  await defapi.submit({ ...request, input }, { ...submitOptions, callbackUrl })
  for (const api of ['gpt-image', 'midjourney', 'midjourney-edits', 'wan'])
    await defapi.submit({ api, model: null, input }, submitOptions)
  assert.deepEqual(
    server.seen.map(({ method, url, body }) => [method, url, JSON.parse(body) as unknown]),
    [
      ['POST', '/api/image/gen', { prompt: 'a red fox', model: 'google/nano-banana', callback_url: callbackUrl }],
      ['POST', '/api/gpt-image/gen', { prompt: 'a red fox' }],
      ['POST', '/api/midjourney/imagine', { prompt: 'a red fox' }],
      ['POST', '/api/midjourney/edits', { prompt: 'a red fox' }],
      ['POST', '/api/wan-image/gen', { prompt: 'a red fox' }],
    ],
  )
  assert.equal(server.seen[0]?.headers.authorization, 'Bearer dk-test')
  await assert.rejects(defapi.submit({ api: 'flux', model: null, input }, submitOptions), /defapi has no api "flux"/)
})

test('defapi: a key that the provider repeats is hidden, and without a key nothing is sent', async (t) => {
  const server = await startReplyServer(t)
  const defapi = createDefapiProvider({ accounts: [{ name: 'default', apiKey }], baseUrl: server.baseUrl })
  server.answer(401, JSON.stringify({ code: 1007, message: `Invalid Api Key ${apiKey}`, detail: `key ${apiKey}` }))
  const outcome = await defapi.submit(request, submitOptions)
  assert.equal(
    outcome.kind === 'refused_final' && outcome.message,
    'HTTP 401, code 1007: Invalid Api Key [hidden] - key [hidden]',
  )
  const keyless = createDefapiProvider({ accounts: [], baseUrl: server.baseUrl })
  assert.deepEqual(pick(await keyless.submit(request, submitOptions)), final('auth'))
  assert.equal(server.seen.length, 1)
})

function pick(outcome: SubmitOutcome): Expected {
  switch (outcome.kind) {
    case 'accepted':
      return [outcome.kind, outcome.providerTaskId]
    case 'unknown':
      return [outcome.kind]
    case 'not_sent':
    case 'refused_final':
      return [outcome.kind, outcome.reason]
    case 'refused_retryable':
      return [outcome.kind, outcome.retryAfterMs]
  }
}
