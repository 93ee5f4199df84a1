import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Problem } from '../../../src/gateway/problem.ts'
import { startGateway } from './start-gateway.ts'

test('it is alive whatever the others do', async (t) => {
  const gateway = await startGateway(t)
  gateway.ledger.isDown = true
  gateway.temporal.isDown = true
  const answer = await gateway.app.inject('/healthz')
  assert.equal(answer.statusCode, 200)
  assert.deepEqual(answer.json(), { status: 'alive' })
})

test('it is ready when ledger and Temporal answer', async (t) => {
  const gateway = await startGateway(t)
  const answer = await gateway.app.inject('/readyz')
  assert.equal(answer.statusCode, 200)
  assert.deepEqual(answer.json(), { status: 'ready' })
})

for (const [what, down, fields] of [
  ['the ledger', ['ledger'], ['ledger']],
  ['Temporal', ['temporal'], ['temporal']],
  ['both', ['ledger', 'temporal'], ['ledger', 'temporal']],
] as const) {
  test(`it is not ready without ${what}, says which, and no address`, async (t) => {
    const gateway = await startGateway(t)
    for (const name of down) gateway[name].isDown = true
    const answer = await gateway.app.inject('/readyz')
    assert.equal(answer.statusCode, 503)
    assert.deepEqual(
      answer.json<Problem>().errors?.map(({ field }) => field),
      fields,
    )
    assert.doesNotMatch(answer.body, /10\.0\.0|hunter2/)
  })
}

test('a dependency that hangs is not ready within the timeout', async (t) => {
  const gateway = await startGateway(t, { limits: { readinessTimeoutMs: 100 } })
  gateway.temporal.before = () => new Promise(() => {})
  const begunMs = performance.now()
  const answer = await gateway.app.inject('/readyz')
  assert.equal(answer.statusCode, 503)
  assert.ok(performance.now() - begunMs < 2_000)
})
