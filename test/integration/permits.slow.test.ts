// The limits of the providers' accounts hold across processes, and whoever finds no room stands in line (I8). The simulator refuses what
// is more than its limits, and its books say what really arrived.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Generation, RouteRequest } from '../../src/contract/index.ts'
import { mockKeyOf } from '../../src/dev/mock-providers.ts'
import { fingerprint } from '../../src/simulator/accounts.ts'
import type { LedgerEntry, RequestEntry } from '../../src/simulator/ledger.ts'
import { eventually } from '../helpers/eventually.ts'
import { keepHistory } from '../helpers/histories.ts'
import { startService, unhurried } from '../helpers/service.ts'
import type { Service } from '../helpers/service.ts'
import { startWorkerProcess } from '../helpers/worker-process.ts'

// Both limits bind: a window lets five begin in two seconds, and what they begin is at work for longer than that.
const creates = 5
const windowMs = 2_000
const maxInFlight = 6
const pictureMs = 2_500

const accounts = ['first', 'second']

/** One for both: last things are ended first. */
const ends = { after }

const [crowded, single] = await Promise.all([
  startService(ends, {
    workers: false,
    env: {
      KIE_ACCOUNTS: accounts.map((name) => `${name}=key-of-${name}`).join(','),
      DARKROOM_KIE_MAX_CREATES: String(creates),
      DARKROOM_KIE_WINDOW_MS: String(windowMs),
      DARKROOM_KIE_MAX_IN_FLIGHT: String(maxInFlight),
    },
    // Callbacks come, so nobody need poll.
    timings: { ...unhurried, attemptDeadlineMs: 100_000, callbackGraceMs: 20_000 },
    simulator: {
      pictureMs,
      kieApiKeys: accounts.map(mockKeyOf),
      rateLimit: { kie: { creates, windowMs, queriesPerSecond: null } },
    },
  }),
  startService({ after }, { env: { DARKROOM_KIE_MAX_IN_FLIGHT: '1' }, timings: { ...unhurried, attemptDeadlineMs: 100_000 } }),
])
await Promise.all([1, 2, 3].map(() => startWorkerProcess(ends, crowded.workerInput)))

/** The fullest of all windows that begin with one of them. */
function fullestWindow(timesMs: number[]): number {
  return Math.max(...timesMs.map((from) => timesMs.filter((atMs) => atMs >= from && atMs < from + windowMs).length))
}

/** The most tasks that were at work at the same time. */
function mostAtWork(tasks: LedgerEntry[]): number {
  return Math.max(
    ...tasks.map(
      ({ createdAtMs }) =>
        tasks.filter((other) => other.createdAtMs <= createdAtMs && (other.finishedAtMs ?? Infinity) > createdAtMs).length,
    ),
  )
}

const submitsAtKie = ({ simulator }: Service): RequestEntry[] =>
  simulator.requests().filter(({ provider, point }) => provider === 'kie' && point === 'submit')

describe('forty at once, three worker processes, two accounts', { timeout: 240_000 }, () => {
  const service = crowded
  let generations: Generation[] = []

  before(async () => {
    const ids = await Promise.all(
      Array.from({ length: 40 }, (_unused, index) =>
        service.create({ model: 'nano-banana', prompt: `one of forty: ${index}`, route: { fallback: false } }),
      ),
    )
    generations = await Promise.all(
      ids.map(async (id) => {
        // Not by asking again and again: forty who do that keep the ledger busier than the workers do.
        await service.handle(id).result()
        return service.read(id)
      }),
    )
  })

  test('nothing is refused, and no window at the provider is over its limit', () => {
    assert.equal(submitsAtKie(service).length, 40)
    assert.equal(service.simulator.ledger().length, 40, 'a refused one would have made no task')
    for (const account of accounts) {
      const key = fingerprint(mockKeyOf(account))
      const times = submitsAtKie(service)
        .filter(({ keyFingerprint }) => keyFingerprint === key)
        .map(({ atMs }) => atMs)
      assert.ok(fullestWindow(times) <= creates, `${fullestWindow(times)} in one window of ${account}`)
    }
  })

  test('no account has more tasks at work than it may', () => {
    for (const account of accounts) {
      const key = fingerprint(mockKeyOf(account))
      const tasks = service.simulator.ledger().filter(({ keyFingerprint }) => keyFingerprint === key)
      assert.ok(mostAtWork(tasks) <= maxInFlight, `${mostAtWork(tasks)} at work on ${account}`)
    }
  })

  test('both accounts share the load, and each task is asked for under the account that sent it', () => {
    for (const account of accounts) {
      const share = generations.filter(({ attempts }) => attempts[0]?.account === account).length
      assert.ok(share >= 10, `${share} of 40 by ${account}`)
    }
    for (const { id, attempts } of generations) {
      assert.equal(service.tasksOf(id)[0]?.keyFingerprint, fingerprint(mockKeyOf(attempts[0]?.account ?? '')))
    }
  })

  test('all complete, each with one try: standing in line is never a failed one', () => {
    for (const { status, attempts } of generations) {
      assert.equal(status, 'completed')
      assert.deepEqual(
        attempts.map(({ activityTries }) => activityTries),
        [1],
      )
    }
    const inLine = generations.filter(({ decisions }) => decisions.some(({ decision }) => decision.includes('stand in line')))
    assert.ok(inLine.length >= 20, `${inLine.length} stood in line`)
  })

  test('one account runs out of credits: it is left after one POST, and the other sends the same attempt', async () => {
    const [first = '', second = ''] = accounts
    const refs = accounts.map((account) => ({ mode: 'mock', provider: 'kie', account }) as const)
    // Of two that are equally free, the first is asked first.
    await eventually(async () => {
      const gates = (await service.ledger.listAccounts(refs)).filter(({ provider }) => provider === 'kie')
      assert.deepEqual(
        gates.map(({ inWindow, inFlight }) => inWindow + inFlight),
        [0, 0],
      )
    })
    service.simulator.setCredits({ provider: 'kie', keyFingerprint: fingerprint(mockKeyOf(first)), amount: 0 })
    const before = submitsAtKie(service).length
    const generation = await service.generate({ model: 'nano-banana', prompt: 'one account is empty' })
    assert.deepEqual(
      generation.attempts.map(({ provider, account, activityTries }) => ({ provider, account, activityTries })),
      [{ provider: 'kie', account: second, activityTries: 2 }],
    )
    assert.equal(service.tasksOf(generation.id)[0]?.keyFingerprint, fingerprint(mockKeyOf(second)))
    const next = await service.generate({ model: 'nano-banana', prompt: 'one account is still empty' })
    assert.deepEqual([next.attempts[0]?.account, next.attempts[0]?.activityTries], [second, 1])
    assert.equal(submitsAtKie(service).length - before, 3, 'the empty one was asked once')
    await keepHistory(service.handle(generation.id), 'other-account')
  })
})

describe('one task at work at a time', { concurrency: 1, timeout: 240_000 }, () => {
  const service = single

  const finish = (id: string): void => {
    assert.equal(service.simulator.finish(service.tasksOf(id)[0]?.taskId ?? ''), true)
  }
  /** Made by one that never ends by itself. */
  const create = (prompt: string, route: RouteRequest = {}): Promise<string> => {
    service.fault({ provider: 'kie', on: 'task', fault: 'stuck', match: { promptIncludes: prompt } })
    return service.create({ model: 'nano-banana', prompt, route })
  }
  const untilInLine = (id: string): Promise<Generation> => service.until(id, ({ status }) => status === 'queued')
  const untilAtWork = (id: string): Promise<Generation> => service.until(id, ({ attempts }) => attempts[0]?.state === 'accepted')

  test('turns come by priority, then by who came first', async () => {
    const holder = await create('holds the place')
    await untilAtWork(holder)
    const late = await create('batch work, first to come', { priority: 5 })
    await untilInLine(late)
    const later = await create('batch work, second to come', { priority: 5 })
    await untilInLine(later)
    const urgent = await create('somebody waits for it', { priority: 1 })
    await untilInLine(urgent)
    for (const [done, next] of [
      [holder, urgent],
      [urgent, late],
      [late, later],
    ] as const) {
      finish(done)
      await untilAtWork(next)
    }
    finish(later)
    for (const id of [holder, urgent, late, later]) assert.equal((await service.ended(id)).servedBy?.provider, 'kie')
    const kie = service.simulator.ledger().filter(({ provider }) => provider === 'kie')
    assert.deepEqual(
      kie.map(({ prompt }) => prompt),
      ['holds the place', 'somebody waits for it', 'batch work, first to come', 'batch work, second to come'],
    )
    assert.equal(mostAtWork(kie), 1)
    await keepHistory(service.handle(urgent), 'in-line-by-priority')
  })

  test('whoever waits longer than it wants to goes to the next provider, for free', async () => {
    const holder = await create('holds the place again')
    await untilAtWork(holder)
    const generation = await service.generate({
      model: 'nano-banana',
      prompt: 'in a hurry',
      route: { maxQueueMs: 3_000 },
    })
    assert.equal(generation.servedBy?.provider, 'defapi')
    const [first] = generation.attempts
    assert.deepEqual(
      { state: first?.state, reason: first?.reason, tries: first?.activityTries, extra: first?.possibleExtraCharge },
      { state: 'withdrawn', reason: 'busy', tries: 0, extra: false },
    )
    assert.deepEqual(
      service.tasksOf(generation.id).map(({ provider }) => provider),
      ['defapi'],
    )
    finish(holder)
    await service.ended(holder)
    await keepHistory(service.handle(generation.id), 'in-line-too-long')
  })

  test('a cancel in line costs nothing, and its place is free for the next', async () => {
    const holder = await create('holds the place a third time')
    await untilAtWork(holder)
    const [leaving, next] = [await create('changes its mind'), await create('comes after it')]
    await untilInLine(leaving)
    await untilInLine(next)
    await service.cancel(leaving)
    const cancelled = await service.ended(leaving)
    assert.equal(cancelled.status, 'cancelled')
    assert.equal(cancelled.attempts[0]?.state, 'withdrawn')
    finish(holder)
    await untilAtWork(next)
    finish(next)
    await service.ended(next)
    assert.equal(service.tasksOf(leaving).length, 0)
    await eventually(async () => assert.equal((await service.handle(leaving).describe()).status.name, 'CANCELLED'))
    await keepHistory(service.handle(leaving), 'cancel-in-line')
  })
})
