import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKieProvider } from '../../../src/providers/kie/index.ts'
import type { ProviderReason, QueryOutcome, Snapshot } from '../../../src/providers/provider.ts'
import { readReplies, startReplyServer } from './reply-fixtures.ts'

const apiKey = 'kie-test-key-0123456789'
const market = '330a9433fd309e9e18df1c567ae38471'
const askedTaskIds: Record<string, string> = {
  market,
  gpt4o: '5f1c8c3d9e7b4a6f8d2e1b0c9a7f6e5d',
  kontext: '0c9a7f6e5d5f1c8c3d9e7b4a6f8d2e1b',
}

type Expected =
  | { kind: 'not_found' }
  | { kind: 'unreadable'; reason: ProviderReason; retryAfterMs?: number }
  | {
      kind: 'snapshot'
      state: Snapshot['state']
      reason?: ProviderReason | null
      links?: number
      free?: boolean
      usd?: number | null
    }

const pending: Expected = { kind: 'snapshot', state: 'pending' }
const succeeded = (links = 1, usd: number | null = null): Expected => ({ kind: 'snapshot', state: 'succeeded', links, usd })
const failed = (reason: ProviderReason, free = true, usd: number | null = null): Expected => ({
  kind: 'snapshot',
  state: 'failed',
  reason,
  free,
  usd,
})
const unreadable = (reason: ProviderReason): Expected => ({ kind: 'unreadable', reason })
const notFound: Expected = { kind: 'not_found' }

const expectations: Record<string, Expected> = {
  'market-generating': pending,
  'market-waiting': pending,
  'market-queuing': pending,
  'market-generating-with-credits': { kind: 'snapshot', state: 'pending', usd: 0.03 },
  'market-unknown-state': pending,
  'market-success': succeeded(),
  'market-success-september': succeeded(1, 0.03),
  'market-success-with-callback-echo': succeeded(1, 0.02),
  'market-success-six-pictures': succeeded(6),
  'market-success-empty-list': failed('empty_result', false, 0.03),
  'market-success-no-result': failed('empty_result', false),
  'market-success-object': failed('empty_result', false),
  'market-success-broken-result': unreadable('no_answer'),
  'market-success-unfetchable-link': unreadable('no_answer'),
  'market-success-other-task': unreadable('no_answer'),
  'market-success-with-real-500': unreadable('provider_fault'),
  'market-success-with-real-404': unreadable('no_answer'),
  'market-fail-internal': failed('provider_fault'),
  'market-fail-internal-lower-case': failed('provider_fault'),
  'market-fail-number-code': failed('provider_fault'),
  'market-fail-prohibited': failed('content_policy'),
  'market-fail-422-other': failed('invalid_input'),
  'market-fail-400-transient': failed('provider_fault'),
  'market-fail-400-policy': failed('content_policy'),
  'market-fail-501': failed('provider_fault'),
  'market-fail-524': failed('provider_fault'),
  'market-fail-402': failed('provider_fault'),
  'market-fail-sensitive-word': failed('content_policy'),
  'market-fail-without-words': failed('provider_fault'),
  'market-fail-charged': failed('provider_fault', false, 0.03),
  'market-fail-zero-credits': failed('provider_fault', true, 0),
  'market-fail-unreadable-credits': failed('provider_fault', false),
  'market-408': failed('provider_fault', false),
  'market-501': failed('provider_fault', false),
  'market-501-with-record': failed('provider_fault', true, 0),
  'market-501-with-running-record': unreadable('no_answer'),
  'market-501-with-success-record': unreadable('no_answer'),
  'market-501-with-other-record': unreadable('no_answer'),
  'market-501-real-status': unreadable('provider_fault'),
  'market-not-found': notFound,
  'market-not-found-documented': notFound,
  'market-null-record': notFound,
  'query-bad-key': unreadable('auth'),
  'query-rate-limited': { kind: 'unreadable', reason: 'rate_limited', retryAfterMs: 2_000 },
  'query-maintenance': unreadable('maintenance'),
  'query-internal-error': unreadable('provider_fault'),
  'query-other-422': unreadable('no_answer'),
  'query-parameter-missing': unreadable('no_answer'),
  'query-no-such-path': unreadable('no_answer'),
  'query-html': unreadable('provider_fault'),
  'query-521': unreadable('unreachable'),
  'query-truncated': unreadable('no_answer'),
  'gpt4o-generating': pending,
  'gpt4o-success': succeeded(),
  'gpt4o-success-snake-case': succeeded(),
  'gpt4o-success-response-as-text': succeeded(),
  'gpt4o-complete-but-flag-0': pending,
  'gpt4o-flag-and-status-disagree': pending,
  'gpt4o-flag-only': succeeded(),
  'gpt4o-policy': failed('content_policy'),
  'gpt4o-source-image': failed('source_image'),
  'gpt4o-could-not-fetch': failed('source_image'),
  'gpt4o-too-large': failed('invalid_input'),
  'gpt4o-invalid-format': failed('invalid_input'),
  'gpt4o-create-failed': failed('provider_fault'),
  'gpt4o-not-found': notFound,
  'gpt4o-501-is-no-end': unreadable('no_answer'),
  'kontext-generating': pending,
  'kontext-success': succeeded(),
  'kontext-success-response-as-text': succeeded(),
  'kontext-failed': failed('provider_fault'),
  'kontext-create-failed': failed('provider_fault'),
  'kontext-success-without-link': failed('empty_result', false),
  'kontext-not-found': notFound,
}

const fixtures = readReplies('kie/query-replies.json')

async function ask(t: Parameters<typeof startReplyServer>[0], id: string): Promise<QueryOutcome> {
  const server = await startReplyServer(t)
  const fixture = fixtures.find((fixture) => fixture.id === id)
  assert.ok(fixture !== undefined, id)
  server.answerWith(fixture)
  const kie = createKieProvider({
    accounts: [{ name: 'default', apiKey }],
    baseUrl: server.baseUrl,
    uploadBaseUrl: 'http://127.0.0.1:9',
    webhookHmacKeys: [],
  })
  return kie.query(fixture.api, askedTaskIds[fixture.api] ?? '', { account: 'default', timeoutMs: 5_000 })
}

async function snapshotOf(t: Parameters<typeof startReplyServer>[0], id: string): Promise<Snapshot> {
  const outcome = await ask(t, id)
  assert.equal(outcome.kind, 'snapshot')
  assert.ok(outcome.kind === 'snapshot', 'not a snapshot')
  return outcome.snapshot
}

test('kie: every reply to a query that is on file means what the table says', async (t) => {
  assert.deepEqual(fixtures.map((fixture) => fixture.id).sort(), Object.keys(expectations).sort())
  for (const { id } of fixtures) {
    await t.test(id, async (t) => {
      const expected = expectations[id]
      assert.ok(expected !== undefined, 'no expectation for this reply')
      check(await ask(t, id), expected)
    })
  }
})

function check(outcome: QueryOutcome, expected: Expected): void {
  assert.equal(outcome.kind, expected.kind)
  if (outcome.kind === 'unreadable' && expected.kind === 'unreadable') {
    assert.equal(outcome.reason, expected.reason)
    assert.equal(outcome.retryAfterMs, expected.retryAfterMs ?? null)
  }
  if (outcome.kind !== 'snapshot' || expected.kind !== 'snapshot') return
  const { snapshot } = outcome
  assert.equal(snapshot.state, expected.state)
  assert.equal(snapshot.failureReason, expected.reason ?? null)
  assert.equal(snapshot.sourceUrls.length, expected.links ?? 0)
  assert.equal(snapshot.provenFree, expected.free ?? false)
  assert.equal(snapshot.cost?.usd ?? null, expected.usd ?? null)
}

test('kie: the recorded success of September is read whole', async (t) => {
  assert.deepEqual(await snapshotOf(t, 'market-success-september'), {
    providerTaskId: market,
    state: 'succeeded',
    rawState: 'success',
    failureReason: null,
    failureMessage: null,
    sourceUrls: ['https://tempfile.aiquickdraw.com/images/chatgpt/file_00000000000000000000000000000001.png'],
    cost: { usd: 0.03, credits: 6 },
    provenFree: false,
    createdAtMs: 1776862567160,
    finishedAtMs: 1776862622656,
    echo: { model: 'gpt-image-2-text-to-image', prompt: 'a red fox in the snow', callbackUrl: null },
  })
})

test('kie: what is repeated of our request is found through three layers of JSON, the callback link included', async (t) => {
  const callbackUrl = 'https://hooks.example/v1/callbacks/kie/AAAAAAAAAAAAAAAAAAAAAAAA'
  const prompt = 'a red fox in the snow'
  assert.deepEqual((await snapshotOf(t, 'market-success-with-callback-echo')).echo, {
    model: 'google/nano-banana',
    prompt,
    callbackUrl,
  })
  assert.deepEqual((await snapshotOf(t, 'gpt4o-success')).echo, { model: null, prompt, callbackUrl })
  assert.deepEqual((await snapshotOf(t, 'kontext-success')).echo, { model: 'flux-kontext-pro', prompt, callbackUrl: null })
})

test('kie: times are read as milliseconds and as ISO instants; a text without a zone is no time', async (t) => {
  const iso = await snapshotOf(t, 'kontext-success')
  assert.deepEqual(
    [iso.createdAtMs, iso.finishedAtMs],
    [Date.UTC(2026, 3, 22, 12, 56, 7, 160), Date.UTC(2026, 3, 22, 12, 57, 2, 656)],
  )
  const bare = await snapshotOf(t, 'gpt4o-success-snake-case')
  assert.deepEqual([bare.createdAtMs, bare.finishedAtMs], [null, null])
})

test('kie: of the two Kontext links the lasting one is taken', async (t) => {
  assert.deepEqual((await snapshotOf(t, 'kontext-success')).sourceUrls, ['https://tempfile.aiquickdraw.com/f/00000001.jpeg'])
})

test('kie: failures say why, in the words of the provider', async (t) => {
  assert.equal((await snapshotOf(t, 'market-fail-524')).failureMessage, 'generate task timeout.')
  assert.equal(
    (await snapshotOf(t, 'gpt4o-policy')).failureMessage,
    'Your content was flagged by OpenAI as violating content policies',
  )
  assert.equal((await snapshotOf(t, 'market-fail-without-words')).failureMessage, null)
  assert.match((await snapshotOf(t, 'market-success-no-result')).failureMessage ?? '', /without a link/)
})

test('kie: a credit is half a cent, exactly', async () => {
  const { creditsToUsd } = await import('../../../src/providers/kie/mapping.ts')
  assert.deepEqual([4, 3.24, 0.8, 18, 6.5, 5916.25].map(creditsToUsd), [0.02, 0.0162, 0.004, 0.09, 0.0325, 29.58125])
})

test('kie: words decide only under codes that Kie uses for several things, and only whole words', async () => {
  const { readFailureReason } = await import('../../../src/providers/kie/failures.ts')
  const cases: [unknown, string | null, ProviderReason][] = [
    [451, 'flagged', 'source_image'],
    ['524', 'your prompt was flagged', 'provider_fault'],
    [500, 'flagged as NSFW', 'content_policy'],
    [501, 'The response violates our usage guidelines', 'content_policy'],
    ['500', 'retry policy exhausted', 'provider_fault'],
    ['500', 'case sensitive field name', 'provider_fault'],
    ['500', 'insensitive', 'provider_fault'],
    ['422', 'Internal Error, Please try again later', 'provider_fault'],
    [null, 'aspect_ratio is required', 'invalid_input'],
    [undefined, null, 'provider_fault'],
    [{ code: 422 }, null, 'provider_fault'],
    ['nsfw_detected', null, 'content_policy'],
  ]
  for (const [code, words, reason] of cases)
    assert.equal(readFailureReason(code, words), reason, `${String(code)} ${String(words)}`)
})

test('kie: a query asks the record of its api for exactly the id, whatever characters that has', async (t) => {
  const server = await startReplyServer(t)
  const kie = createKieProvider({
    accounts: [{ name: 'default', apiKey }],
    baseUrl: server.baseUrl,
    uploadBaseUrl: 'http://127.0.0.1:9',
    webhookHmacKeys: [],
  })
  server.answer(200, '{"code":422,"msg":"recordInfo is null","data":null}')
  await kie.query('market', 'a&b=c/../d e', { account: 'default', timeoutMs: 5_000 })
  await kie.query('gpt4o', 'abc', { account: 'default', timeoutMs: 5_000 })
  await kie.query('kontext', 'abc', { account: 'default', timeoutMs: 5_000 })
  assert.deepEqual(
    server.seen.map(({ url }) => url),
    [
      '/api/v1/jobs/recordInfo?taskId=a%26b%3Dc%2F..%2Fd%20e',
      '/api/v1/gpt4o-image/record-info?taskId=abc',
      '/api/v1/flux/kontext/record-info?taskId=abc',
    ],
  )
  await assert.rejects(kie.query('midjourney', 'abc', { account: 'default', timeoutMs: 5_000 }), /no api/)
})

test('kie: the balance is in credits and dollars, and anything else is not a balance', async (t) => {
  const server = await startReplyServer(t)
  const kie = createKieProvider({
    accounts: [{ name: 'default', apiKey }],
    baseUrl: server.baseUrl,
    uploadBaseUrl: 'http://127.0.0.1:9',
    webhookHmacKeys: [],
  })
  const results: Record<string, unknown> = {}
  for (const fixture of readReplies('kie/balance-replies.json')) {
    server.answerWith(fixture)
    const result = await kie.balance({ account: 'default', timeoutMs: 5_000 })
    results[fixture.id] = result.kind === 'balance' ? result.balance : result.kind
  }
  assert.deepEqual(results, {
    balance: { credits: 5916.25, usd: 29.58125 },
    'balance-bad-key': 'unreadable',
    'balance-text': 'unreadable',
  })
  assert.equal(server.seen[0]?.url, '/api/v1/chat/credit')
})
