import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createDefapiProvider } from '../../../src/providers/defapi/index.ts'
import type { CallbackVerdict } from '../../../src/providers/provider.ts'
import { readCallbacks } from './reply-fixtures.ts'

const defapi = createDefapiProvider({ accounts: [], baseUrl: 'https://api.defapi.org' })
const taskId = 'ta2d86a6-4df7-4aca-a940-83d8e4183878'
const bodyOf = (value: unknown): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const read = (rawBody: Uint8Array): CallbackVerdict => defapi.readCallback({ rawBody, headers: {}, nowMs: 0 })

test('defapi: every callback on file is read as a claim, also by a provider without a key', () => {
  const claims = readCallbacks('defapi/callbacks.json').map(({ body }) => read(bodyOf(body)))
  assert.deepEqual(claims, [
    { ok: true, claim: { claimedTaskId: taskId, claimedState: 'success' } },
    { ok: true, claim: { claimedTaskId: taskId, claimedState: 'failed' } },
    { ok: true, claim: { claimedTaskId: taskId, claimedState: 'success' } },
  ])
})

test('defapi: the id may stand flat or in data, but not two different ones', () => {
  const idOf = (body: unknown): unknown => {
    const verdict = read(bodyOf(body))
    return verdict.ok ? verdict.claim.claimedTaskId : verdict.status
  }
  const bodies = [
    { task_id: taskId },
    { data: { task_id: taskId } },
    { task_id: taskId, data: { task_id: taskId } },
    { task_id: taskId, data: { task_id: 'x' } },
    {},
    { task_id: 7 },
    { task_id: '../x' },
    { task_id: 'a'.repeat(129) },
    { taskId },
  ]
  assert.deepEqual(bodies.map(idOf), [taskId, taskId, taskId, 400, null, null, null, null, null])
})

test('defapi: hostile bodies are malformed or harmless, and none makes the door throw', () => {
  const json = JSON.stringify({ task_id: taskId })
  const malformed = [
    '',
    'x',
    '[]',
    'null',
    `${json}\0`,
    `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
    JSON.stringify({ x: 'x'.repeat(256 * 1024) }),
  ]
  for (const body of malformed) assert.equal(read(bodyOf(body)).ok, false, body.slice(0, 20))
  assert.equal(read(Buffer.from(json, 'utf16le')).ok, false)
  const marked = read(bodyOf(`\uFEFF${json}`))
  assert.equal(marked.ok && marked.claim.claimedTaskId, taskId)
  const polluted = read(bodyOf('{"__proto__":{"task_id":"evil","status":"success"}}'))
  assert.deepEqual(polluted, { ok: true, claim: { claimedTaskId: null, claimedState: null } })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bodyOf)), (rawBody) => {
      const verdict = read(rawBody)
      if (verdict.ok)
        assert.ok(
          verdict.claim.claimedTaskId === null || /^[\w-]{1,128}$/.test(verdict.claim.claimedTaskId),
          'the claimed id is not well formed',
        )
    }),
  )
})
