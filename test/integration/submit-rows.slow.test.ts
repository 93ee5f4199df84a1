// Every row of "what may happen around the one POST", and the test in which it happens on the real service. Those without one elsewhere are here.
//
// | event                                                     | shown by
// |-----------------------------------------------------------|--------------------------------------------------------------------
// | a run finds `claimed`: one POST                           | callbacks "the callback brings the picture"
// | … refused locally when the claim is stale                 | frozen-worker "SIGSTOP between claim and POST"
// | a run finds `sending`, and it resolves                    | here "a second run waits for the first"
// | … and its deadline passes: unknown                        | frozen-worker "SIGSTOP between claim and POST"; here "a reply that is booked late"
// | a run finds accepted, unknown or an end: posts nothing    | killed-worker "SIGKILL after the task id was written", "right after the POST"; reset
// | not sent, or refused for now: `claimed`, tries + 1        | fallback "a refused connection is retried", "both providers down"
// | refused for good: `rejected`                              | fallback "no credits and a refused key"
// | our task id, from `sending`                               | callbacks "the callback brings the picture"
// | … from `abandoned`                                        | here "a reply that is booked late"
// | … from `unknown`, `accepted`, `settled`                   | unit/ledger/statements "any sequence of events leads where the table leads"
// | … and the ledger is away: written by the next activity    | lost-ledger "lost just after the answer"
// | anything else after a socket: `unknown`                   | unknown-outcome "a submit answered with …"
// | the workflow leaves an attempt: `withdrawn`               | cancel "between two tries"; permits "whoever waits longer than it wants to"
// | … and the row has moved on: that outcome instead          | here "what has moved on is not withdrawn"
// | the submit ends in a timeout or crash: the row says what  | killed-worker "of the last activity try"; lost-ledger "away before anything was sent"
// | a hint names a task for `unknown`: adopted after the test | unknown-outcome "the callback names the task", "another generation's task id"
// | a second spend: the first is marked before                | unknown-outcome "reply and callback lost"; settlement (each fallback)
// | a word about an older send touches nothing                | unit/ledger/statements "a word about a send that is not the newest one", unit/ledger/races
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { MockActivityEnvironment } from '@temporalio/testing'
import type { AttemptStanding, WithdrawInput } from '../../src/activities/types.ts'
import { eventually } from '../helpers/eventually.ts'
import { keepHistory } from '../helpers/histories.ts'
import { composeTestService, startService, unhurried } from '../helpers/service.ts'
import type { Service } from '../helpers/service.ts'
import { startWorkerProcess } from '../helpers/worker-process.ts'

/** One for all: last things are ended first. */
const ends = { after }

const [waits, late] = await Promise.all([
  // Silent for two seconds counts as dead, and its send has a quarter of a minute.
  startService(ends, { workers: false, timings: { ...unhurried, submitHeartbeatTimeoutMs: 2_000 } }),
  // A send is over after four seconds, the run that made it after seven.
  startService(ends, {
    workers: false,
    timings: {
      ...unhurried,
      uploadTimeoutMs: 1_000,
      submitTimeoutMs: 1_500,
      submitFreshnessMs: 2_500,
      recordTaskIdForMs: 2_000,
      submitStartToCloseMs: 7_000,
      unknownListenMs: 500,
      settleForMs: 600_000,
    },
  }),
])
const lateWorker = await startWorkerProcess(ends, late.workerInput, [{ point: 'submit.posted', activityTry: 1, action: 'ask' }])

const postsToKie = ({ simulator }: Service): number =>
  simulator.requests().filter(({ provider, point }) => provider === 'kie' && point === 'submit').length

describe('around the one POST', { timeout: 240_000 }, () => {
  test('a second run waits for the first while that may be talking, and takes its word', async (t) => {
    await startWorkerProcess(t, waits.workerInput, [], 'all but submit to kie')
    // Whoever gets the first try is frozen with the reply in hand; the second try is for the other one.
    const fate = { point: 'submit.posted', activityTry: 1, action: 'stop' } as const
    const workers = await Promise.all([1, 2].map(() => startWorkerProcess(t, waits.workerInput, [fate], 'submit to kie')))
    const id = await waits.create({ model: 'nano-banana', prompt: 'two runs of one submit' })
    const frozen = await eventually(() => {
      const found = workers.find(({ points }) => points.includes('submit.posted'))
      assert.ok(found !== undefined, 'nobody has the reply yet')
      return found
    })
    const other = workers.find((worker) => worker !== frozen)
    await other?.reached('submit.claimed')
    // It has found the row, and it is alive and still running: it waits.
    await eventually(async () => {
      const [activity] = (await waits.handle(id).describe()).raw.pendingActivities ?? []
      const beatAt = Number(activity?.lastHeartbeatTime?.seconds ?? 0)
      assert.ok(activity?.attempt === 2 && beatAt > Number(activity.lastStartedTime?.seconds ?? Infinity), 'not waiting yet')
    })
    assert.equal((await waits.read(id)).attempts[0]?.state, 'sending')
    frozen.wake()
    const generation = await waits.ended(id)
    assert.equal(generation.servedBy?.provider, 'kie')
    assert.deepEqual(
      generation.attempts.map(({ activityTries, adopted, possibleExtraCharge }) => ({
        activityTries,
        adopted,
        possibleExtraCharge,
      })),
      [{ activityTries: 1, adopted: false, possibleExtraCharge: false }],
    )
    assert.ok(other?.points.includes('submit.sending') === false, 'the second run never got the right to send')
    assert.equal(postsToKie(waits), 1)
    await keepHistory(waits.handle(id), 'second-run-waits')
  })

  test('a reply that is booked late, after the fallback has served, is still written, and its money settled', async () => {
    const prompt = 'booked late'
    late.fault({ provider: 'kie', on: 'callback', fault: 'drop_callback', match: { promptIncludes: prompt } })
    const id = await late.create({ model: 'nano-banana', prompt })
    const served = await late.ended(id)
    assert.equal(served.servedBy?.provider, 'defapi')
    const [left] = served.attempts
    assert.deepEqual(
      { state: left?.state, taskId: left?.providerTaskId, extra: left?.possibleExtraCharge },
      { state: 'abandoned', taskId: null, extra: true },
    )
    lateWorker.go()
    const settled = await late.until(id, ({ attempts }) => attempts[0]?.state === 'settled')
    const task = late.tasksOf(id).find(({ provider }) => provider === 'kie')
    assert.deepEqual(
      {
        taskId: settled.attempts[0]?.providerTaskId,
        verdict: settled.attempts[0]?.verdict,
        cost: settled.attempts[0]?.cost,
      },
      {
        taskId: task?.taskId,
        verdict: 'confirmed_extra',
        cost: { usd: task?.usd, credits: task?.credits, source: 'measured' },
      },
    )
    assert.equal(settled.servedBy?.provider, 'defapi')
    assert.equal(postsToKie(late), 1)
  })

  test('what has moved on is not withdrawn: the attempt takes the outcome that its row has', async (t) => {
    const prompt = 'not withdrawn'
    late.fault({ provider: 'kie', on: 'task', fault: 'stuck', match: { promptIncludes: prompt } })
    const id = await late.create({ model: 'nano-banana', prompt, route: { fallback: false } })
    await late.until(id, ({ attempts }) => attempts[0]?.state === 'accepted')
    const { composed, ledger } = composeTestService(late.workerInput)
    t.after(() => ledger.close())
    const door = { startSettlement: async () => assert.fail('nothing is owing'), statusOf: async () => 'running' as const }
    const { withdrawAttempt } = composed.createActivities(null, door)
    const standing = await new MockActivityEnvironment().run<[WithdrawInput], AttemptStanding, typeof withdrawAttempt>(
      withdrawAttempt,
      {
        ref: { generationId: id, item: 0, attempt: 1 },
        entry: 0,
        reason: 'withdrawn',
        message: 'too late',
      },
    )
    const [task] = late.tasksOf(id)
    assert.deepEqual([standing.state, standing.providerTaskId], ['accepted', task?.taskId], 'the outcome that it has')
    assert.equal(late.simulator.finish(task?.taskId ?? ''), true)
    assert.equal((await late.ended(id)).servedBy?.provider, 'kie')
  })
})
