// Accounts in trouble: one refusal is enough for everybody, and nobody asks again before there is a reason to.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, beforeEach, describe, test } from 'node:test'
import type { Generation } from '../../src/contract/index.ts'
import { mainTaskQueue, reconcileWorkflowName } from '../../src/contract/index.ts'
import type { AccountGate } from '../../src/ledger/accounts-port.ts'
import { reconcileIds, reconcileInput } from '../../src/temporal/schedules.ts'
import { keepHistory } from '../helpers/histories.ts'
import { startService, unhurried } from '../helpers/service.ts'

const breakerFailures = 3
const timings = { ...unhurried, breakerFailures, breakerPauseMs: 3_000, unknownListenMs: 500, attemptDeadlineMs: 100_000 }

// Two accounts are in permits.slow.test.ts, where there are some.
const service = await startService({ after }, { timings })

const kie = { mode: 'mock', provider: 'kie', account: 'default' } as const

const postsToKie = (): number =>
  service.simulator.requests().filter(({ provider, point }) => provider === 'kie' && point === 'submit').length

async function gate(): Promise<AccountGate> {
  const found = (await service.ledger.listAccounts([kie])).find(({ provider }) => provider === 'kie')
  assert.ok(found !== undefined)
  return found
}

const providersOf = ({ attempts }: Generation): string[] => attempts.map(({ provider }) => provider)

describe('the gate of an account', { concurrency: 1, timeout: 240_000 }, () => {
  beforeEach(async () => {
    await service.ledger.resumeAccount(kie)
  })

  test('credits gone: one POST says so, twenty others go elsewhere without a further one, and a top-up brings it back', async () => {
    service.simulator.setCredits({ provider: 'kie', amount: 0 })
    const before = postsToKie()
    const first = await service.generate({ model: 'nano-banana', prompt: 'the one that finds out' })
    assert.equal(first.servedBy?.provider, 'defapi')
    assert.equal(first.attempts[0]?.reason, 'no_credits')
    assert.equal(postsToKie() - before, 1)
    const { pause } = await gate()
    assert.deepEqual([pause?.by, pause?.reason, pause?.until], ['provider', 'no_credits', null])

    const others = await Promise.all(
      Array.from({ length: 20 }, async (_unused, index) => {
        const id = await service.create({ model: 'nano-banana', prompt: `no credits: ${index}` })
        // Not by asking again and again, which would keep the ledger busier than the workers do.
        await service.handle(id).result()
        return service.read(id)
      }),
    )
    for (const generation of others) {
      assert.equal(generation.servedBy?.provider, 'defapi')
      assert.deepEqual(providersOf(generation), ['kie', 'defapi'])
      assert.deepEqual([generation.attempts[0]?.state, generation.attempts[0]?.activityTries], ['withdrawn', 0])
    }
    assert.equal(postsToKie() - before, 1, 'nobody asked again')

    service.simulator.setCredits({ provider: 'kie', amount: 1_000 })
    await service.client.workflow.execute(reconcileWorkflowName, {
      workflowId: reconcileIds.byHand(randomUUID()),
      taskQueue: mainTaskQueue,
      args: [reconcileInput('balances', false)],
    })
    assert.equal((await gate()).pause, null)
    const again = await service.generate({ model: 'nano-banana', prompt: 'after the top-up' })
    assert.deepEqual(providersOf(again), ['kie'])
  })

  test('paused by a person: whoever has no other provider waits, whoever has goes there, and a resume lets the line go', async () => {
    const before = postsToKie()
    assert.equal((await service.post('/v1/providers/kie/pause', { reason: 'a test' })).status, 200)
    const waiting = await Promise.all(
      [1, 2, 3].map((number) =>
        service.create({ model: 'nano-banana', prompt: `waits for the resume: ${number}`, route: { fallback: false } }),
      ),
    )
    for (const id of waiting) await service.until(id, ({ status }) => status === 'queued')
    const elsewhere = await service.generate({ model: 'nano-banana', prompt: 'does not wait for the resume' })
    assert.equal(elsewhere.servedBy?.provider, 'defapi')
    assert.equal(elsewhere.attempts[0]?.state, 'withdrawn')
    assert.equal(postsToKie(), before)
    assert.equal((await gate()).pause?.by, 'operator')

    assert.equal((await service.post('/v1/providers/kie/resume', {})).status, 200)
    for (const id of waiting) {
      const generation = await service.ended(id)
      assert.deepEqual(providersOf(generation), ['kie'])
      assert.deepEqual([generation.status, generation.attempts[0]?.activityTries], ['completed', 1])
    }
    await keepHistory(service.handle(waiting[0] ?? ''), 'paused-then-resumed')
  })

  test('a breaker opens after three unreadable answers in a row, lets one through after its pause, and closes when that is accepted', async () => {
    service.fault({ provider: 'kie', on: 'submit', fault: 'http_502', match: { promptIncludes: 'breaks' } })
    for (let number = 1; number <= breakerFailures; number += 1) {
      assert.equal((await gate()).breaker, 'closed')
      const broken = await service.generate({ model: 'nano-banana', prompt: `breaks: ${number}`, route: { onUnknown: 'fail' } })
      assert.equal(broken.failure?.type, 'UnknownOutcome', JSON.stringify(broken))
    }
    const open = await gate()
    assert.deepEqual([open.breaker, open.pause?.by], ['open', 'breaker'])
    const before = postsToKie()
    // It waits for the breaker's pause, since it has nowhere else to go.
    const probe = await service.generate({ model: 'nano-banana', prompt: 'the probe', route: { fallback: false } })
    assert.deepEqual([probe.servedBy?.provider, probe.attempts[0]?.activityTries], ['kie', 1])
    assert.ok(
      Date.parse(probe.attempts[0]?.submittedAt ?? '') >= (open.pause?.until?.getTime() ?? Infinity),
      'nothing was sent while the breaker was open',
    )
    assert.equal(postsToKie() - before, 1)
    const closed = await gate()
    assert.deepEqual([closed.breaker, closed.failures, closed.pause], ['closed', 0, null])
  })

  test('half open, one more unreadable answer opens it again', async () => {
    service.fault({ provider: 'kie', on: 'submit', fault: 'http_502', match: { promptIncludes: 'stays broken' } })
    for (let number = 0; number <= breakerFailures; number += 1) {
      await service.generate({
        model: 'nano-banana',
        prompt: `stays broken: ${number}`,
        route: { onUnknown: 'fail', fallback: false },
      })
    }
    const { breaker, pause, failures } = await gate()
    assert.deepEqual([breaker, pause?.by, failures], ['open', 'breaker', breakerFailures + 1])
  })
})
