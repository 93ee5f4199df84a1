import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGenerationRequest } from '../../../src/catalog/parse-request.ts'
import { requestSha256 } from '../../../src/catalog/request-digest.ts'

const minimal = { model: 'nano-banana', prompt: 'a fox' }

test('a tenant is a name that can stand in a path and in a table', () => {
  for (const tenant of ['a', 'Team-7', '0', 'a.b_c-d', 'x'.repeat(64)]) {
    assert.ok(parseGenerationRequest({ ...minimal, tenant }).ok, tenant)
  }
  for (const tenant of ['', '.', '-a', '_a', '*', 'a/b', 'a b', 'ä', 'a\n', 'x'.repeat(65)]) {
    const parsed = parseGenerationRequest({ ...minimal, tenant })
    assert.ok(!parsed.ok, tenant)
    assert.deepEqual(parsed.errors, [
      {
        field: 'tenant',
        message: 'tenant must be 1 to 64 letters, digits, dots, dashes or underscores, and begin with a letter or digit',
      },
    ])
  }
})

test('a request without any of the later fields has the digest it always had, so that its key still finds it', () => {
  const request = {
    model: 'nano-banana',
    prompt: 'a red fox in the snow',
    route: { fallback: false, maxPaidAttempts: 1 },
    metadata: { order: '17' },
  }
  const parsed = parseGenerationRequest(request)
  assert.ok(parsed.ok)
  // as the release before these fields computed it
  assert.equal(requestSha256(parsed.request), 'f540a0bca6eba35995916c0633fa260dec07d917ceb12d505452e8268b17df78')
  assert.notEqual(requestSha256({ ...parsed.request, tenant: 'a' }), requestSha256(parsed.request))
})
