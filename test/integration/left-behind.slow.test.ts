// Nine faults that were found in the code of another gateway for picture APIs (pixelrelay, commit 25d85a5), each with the test that shows
// that it cannot happen here. Those without one elsewhere are in this file.
//
// | # | the fault                                                | shown by
// |---|----------------------------------------------------------|---------------------------------------------------------------------
// | 1 | the deadline pays the next provider and forgets the first | fallback "a task that never ends is left owing"
// | 2 | a late failure of the old provider buys again             | here
// | 3 | a late success is booked on the wrong provider            | settlement "a task that finishes after the fallback has served"
// | 4 | a callback that beats the reply is undone by it           | callbacks "a callback before the submit reply is not lost"
// | 5 | a crash after the submit loses the task id                | killed-worker "SIGKILL right after the POST"
// | 6 | a callback that is no success counts as a failure         | here
// | 7 | signatures unchecked without a key, and never too old     | unit/config/config "a public address without a key", unit/providers/kie-callback "five minutes both ways"
// | 8 | a result is announced once, and its loss is swallowed     | nothing is announced: whoever asks is answered from the ledger, unit/gateway/generations
// | 9 | no idempotency key                                        | unit/gateway/create-generation "the same key with the same body"
// |   | no limits                                                 | permits "nothing is refused, and no window at the provider is over its limit"
// |   | no tenants                                                | budgets "two hundred at once on a budget for ten" (a tenant is who pays, not who may see)
// |   | no cost, no storage                                       | callbacks "the callback brings the picture: … stored bytes are the bytes of this generation"
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { LedgerEntry } from '../../src/simulator/ledger.ts'
import { eventually } from '../helpers/eventually.ts'
import { keepHistory } from '../helpers/histories.ts'
import { startService, unhurried } from '../helpers/service.ts'

const service = await startService({ after }, { timings: { ...unhurried, attemptDeadlineMs: 3_000 } })

const taskAt = (id: string, provider: LedgerEntry['provider']): LedgerEntry => {
  const task = service.tasksOf(id).find((one) => one.provider === provider)
  assert.ok(task !== undefined, `no task at ${provider}`)
  return task
}

describe('faults of another gateway', { concurrency: 2, timeout: 240_000 }, () => {
  test('2: a late failure of the provider that was left ends its own attempt, buys nothing, and the other one serves', async () => {
    const match = { promptIncludes: 'fails while the second works' }
    service.fault({ provider: 'kie', on: 'task', fault: 'task_failed', match })
    service.fault({ provider: 'kie', on: 'task', fault: 'slow_task', delayMs: 600_000, match })
    service.fault({ provider: 'defapi', on: 'task', fault: 'stuck', match })
    const id = await service.create({ model: 'nano-banana', prompt: match.promptIncludes, route: { maxPaidAttempts: 5 } })
    await service.until(id, ({ attempts }) => attempts[1]?.state === 'accepted')
    service.simulator.finish(taskAt(id, 'kie').taskId)
    const during = await service.until(id, ({ attempts }) => attempts[0]?.state === 'failed')
    assert.equal(during.attempts[1]?.state, 'accepted', 'the one at work is not touched')
    assert.deepEqual([during.attempts[0]?.cost.usd, during.attempts[0]?.providerTaskId], [0, taskAt(id, 'kie').taskId])
    service.simulator.finish(taskAt(id, 'defapi').taskId)
    const generation = await service.ended(id)
    assert.deepEqual([generation.servedBy?.provider, generation.servedBy?.attempt], ['defapi', 2])
    assert.equal(generation.attempts.length, 2)
    assert.equal(service.tasksOf(id).length, 2)
    await keepHistory(service.handle(id), 'late-failure-while-fallback-works')
  })

  test('6: callbacks that say nothing usable change nothing: only the answer to a query does', async () => {
    const match = { promptIncludes: 'odd callbacks' }
    service.fault({ provider: 'kie', on: 'task', fault: 'stuck', match })
    const bodies = [
      'no JSON at all',
      JSON.stringify({ code: 200, msg: 'ok', data: { state: 'reviewing' } }),
      JSON.stringify({ code: 200, msg: 'ok', data: { state: 'success', resultJson: '{"resultUrls":[]}' } }),
      JSON.stringify({ code: 501, msg: 'failed', data: { state: 'fail', failCode: '500', failMsg: 'it says' } }),
      JSON.stringify({ code: 200, data: null }),
    ]
    for (const body of bodies) {
      service.fault({ provider: 'kie', on: 'callback', fault: 'forge_callback', delayMs: 0, body, match })
    }
    const id = await service.create({ model: 'nano-banana', prompt: match.promptIncludes, route: { fallback: false } })
    await eventually(() => {
      const answers = taskAt(id, 'kie').callbacks.map(({ status }) => status)
      assert.equal(answers.filter((status) => status !== null).length, bodies.length, JSON.stringify(answers))
      assert.ok(answers.includes(400) && answers.includes(200), JSON.stringify(answers))
    })
    // Each one that could be read made it ask, and the provider said that it is still at work.
    await eventually(() => assert.ok(taskAt(id, 'kie').queries > 0))
    const waiting = await service.until(id, ({ attempts }) => attempts[0]?.state === 'accepted')
    assert.equal(waiting.status, 'waiting')
    service.simulator.finish(taskAt(id, 'kie').taskId)
    const generation = await service.ended(id)
    assert.deepEqual([generation.status, generation.servedBy?.provider], ['completed', 'kie'])
    assert.deepEqual(
      generation.attempts.map(({ state, extraTasks, openClaims }) => ({ state, extraTasks, openClaims })),
      [{ state: 'succeeded', extraTasks: [], openClaims: 0 }],
    )
    assert.equal(service.tasksOf(id).length, 1)
  })
})
