import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDefapiProvider } from '../../../src/providers/defapi/index.ts'
import type { ProviderReason, QueryOutcome, Snapshot } from '../../../src/providers/provider.ts'
import { readReplies, startReplyServer } from './reply-fixtures.ts'

const apiKey = 'dk-test'
const taskId = 'ta2d86a6-4df7-4aca-a940-83d8e4183878'

type Expected = Partial<Pick<Snapshot, 'state' | 'failureReason' | 'sourceUrls' | 'provenFree'>> & {
  kind: QueryOutcome['kind']
  reason?: ProviderReason
  retryAfterMs?: number
  usd?: number | null
}
const pending = (usd: number): Expected => ({ kind: 'snapshot', state: 'pending', usd })
const succeeded = (...sourceUrls: string[]): Expected => ({ kind: 'snapshot', state: 'succeeded', sourceUrls, usd: 0.02 })
const failed = (failureReason: ProviderReason, usd: number | null, provenFree = false): Expected => ({
  kind: 'snapshot',
  state: 'failed',
  failureReason,
  usd,
  provenFree,
})
const unreadable = (reason: ProviderReason): Expected => ({ kind: 'unreadable', reason })

const expectations: Record<string, Expected> = {
  pending: pending(0),
  submitted: pending(0.02),
  'in-progress': pending(0.02),
  'unknown-status': pending(0.02),
  success: succeeded('https://cdn.example/1.png'),
  'success-object': succeeded('https://cdn.example/w.png'),
  'success-midjourney': succeeded('https://cdn.example/grid.png'),
  'success-plain-link': succeeded('https://cdn.example/1.png'),
  'success-list-of-links': succeeded('https://cdn.example/1.png', 'https://cdn.example/2.png'),
  'success-text-as-json': succeeded('https://cdn.example/1.png'),
  'success-unknown-key': succeeded('https://cdn.example/1.png'),
  'success-image-and-text': succeeded('https://cdn.example/1.png'),
  'success-empty-by-policy': failed('content_policy', 0.02),
  'success-empty': failed('empty_result', 0.02),
  'success-text-only': failed('empty_result', 0.02),
  'success-text-is-a-link': failed('empty_result', 0.02),
  'success-unfetchable': unreadable('no_answer'),
  'success-video': failed('empty_result', 0.02),
  failed: failed('provider_fault', null),
  'failed-free': failed('provider_fault', 0, true),
  'failed-free-decimals': failed('provider_fault', 0, true),
  'failed-charged': failed('provider_fault', 0.02),
  'failed-policy': failed('content_policy', 0.02),
  'other-task': unreadable('no_answer'),
  'no-record': unreadable('no_answer'),
  'not-found': { kind: 'not_found' },
  '404-other-code': unreadable('no_answer'),
  'code-1-with-200': unreadable('no_answer'),
  'no-such-route': unreadable('no_answer'),
  'bad-key': unreadable('auth'),
  '429': { kind: 'unreadable', reason: 'rate_limited', retryAfterMs: 3_000 },
  '502': unreadable('provider_fault'),
  '522': unreadable('unreachable'),
  'code-500': unreadable('provider_fault'),
  'success-with-500': unreadable('provider_fault'),
  'success-with-404': unreadable('no_answer'),
  truncated: unreadable('no_answer'),
}

test('defapi: every reply to a query that is on file means what the table says', async (t) => {
  const server = await startReplyServer(t)
  const defapi = createDefapiProvider({ accounts: [{ name: 'default', apiKey }], baseUrl: server.baseUrl })
  const fixtures = readReplies('defapi/query-replies.json')
  assert.deepEqual(fixtures.map((fixture) => fixture.id).sort(), Object.keys(expectations).sort())
  for (const fixture of fixtures) {
    await t.test(fixture.id, async () => {
      server.answerWith(fixture)
      const expected = expectations[fixture.id]
      assert.ok(expected !== undefined, 'no expectation for this reply')
      check(await defapi.query(fixture.api, taskId, { account: 'default', timeoutMs: 5_000 }), expected)
    })
  }
  assert.equal(server.seen[0]?.url, `/api/task/query?task_id=${taskId}`)
})

function check(outcome: QueryOutcome, expected: Expected): void {
  assert.equal(outcome.kind, expected.kind)
  if (outcome.kind === 'unreadable') {
    assert.equal(outcome.reason, expected.reason)
    assert.equal(outcome.retryAfterMs, expected.retryAfterMs ?? null)
  }
  if (outcome.kind !== 'snapshot') return
  const { snapshot } = outcome
  assert.equal(snapshot.providerTaskId, taskId)
  assert.equal(snapshot.state, expected.state)
  assert.equal(snapshot.failureReason, expected.failureReason ?? null)
  assert.deepEqual(snapshot.sourceUrls, expected.sourceUrls ?? [])
  assert.equal(snapshot.provenFree, expected.provenFree ?? false)
  assert.equal(snapshot.cost?.usd ?? null, expected.usd)
  assert.equal(snapshot.createdAtMs, Date.UTC(2026, 0, 25, 12))
  assert.equal(snapshot.echo, null)
}

test('defapi: an end without a picture says in whose words it ended', async (t) => {
  const server = await startReplyServer(t)
  const defapi = createDefapiProvider({ accounts: [{ name: 'default', apiKey }], baseUrl: server.baseUrl })
  const messages: Record<string, string | null> = {}
  for (const fixture of readReplies('defapi/query-replies.json')) {
    server.answerWith(fixture)
    const outcome = await defapi.query('image', taskId, { account: 'default', timeoutMs: 5_000 })
    if (outcome.kind === 'snapshot' && outcome.snapshot.state === 'failed') messages[fixture.id] = outcome.snapshot.failureMessage
  }
  assert.match(messages['success-empty-by-policy'] ?? '', /^Request successful, but the official returned empty content/)
  assert.equal(messages['success-text-only'], 'the model answered in words: I cannot draw that.')
  assert.equal(messages['failed'], 'upstream error')
  assert.equal(messages['failed-free-decimals'], null)
})

test('defapi: a result that is nested without end is not read, and not taken for an empty one', async () => {
  const { readRecord } = await import('../../../src/providers/defapi/mapping.ts')
  let result: unknown = 'https://cdn.example/1.png'
  for (let depth = 0; depth < 40; depth += 1) result = [result]
  assert.equal(readRecord('ta1', { task_id: 'ta1', status: 'success', result }).kind, 'unreadable')
})

test('defapi: only amounts are amounts', async () => {
  const { readAmount } = await import('../../../src/providers/defapi/mapping.ts')
  const given = [
    '0.000034188',
    '0',
    '3.4188e-05',
    0.5,
    '',
    ' 1',
    '-1',
    -1,
    '1,5',
    '0x10',
    'Infinity',
    Number.NaN,
    null,
    undefined,
    {},
    '1'.repeat(30),
  ]
  assert.deepEqual(given.map(readAmount), [0.000034188, 0, 0.000034188, 0.5, ...Array<null>(12).fill(null)])
})

test('defapi: the balance comes as text or as a number', async (t) => {
  const server = await startReplyServer(t)
  const defapi = createDefapiProvider({ accounts: [{ name: 'default', apiKey }], baseUrl: server.baseUrl })
  const results: Record<string, unknown> = {}
  for (const fixture of readReplies('defapi/balance-replies.json')) {
    server.answerWith(fixture)
    const result = await defapi.balance({ account: 'default', timeoutMs: 5_000 })
    results[fixture.id] = result.kind === 'balance' ? result.balance : result.kind
  }
  const balance = { credits: null, usd: 12.345 }
  assert.deepEqual(results, { 'balance-text': balance, 'balance-number': balance, 'balance-bad-key': 'unreadable' })
  assert.equal(server.seen[0]?.url, '/api/user')
})
