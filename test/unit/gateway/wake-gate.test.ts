import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import type { Wake } from '../../../src/contract/index.ts'
import { TemporalUnavailableError } from '../../../src/gateway/generation-starter.ts'
import { createWakeGate } from '../../../src/gateway/wake-gate.ts'

const ref = { generationId: 'gen_1', item: 0, attempt: 1 }
const intervalMs = 60

function wakeOf(body: string): Wake {
  return { item: 0, attempt: 1, claimedTaskId: body, claimedState: null, receivedAt: '', bodySha256: body }
}

function createGate(options: { signal?: (body: string) => Promise<'signalled' | 'closed'>; trackedAttempts?: number } = {}) {
  const signals: { body: string; atMs: number }[] = []
  const gate = createWakeGate({
    temporal: {
      signalWake: async (_id, wake) => {
        signals.push({ body: wake.bodySha256, atMs: performance.now() })
        return options.signal === undefined ? 'signalled' : options.signal(wake.bodySha256)
      },
    },
    wakesPerAttempt: 10,
    wakeIntervalMs: intervalMs,
    trackedAttempts: options.trackedAttempts ?? 100,
  })
  return { gate, signals }
}

test('the first wake goes at once, the rest of the interval is one wake at its end with the newest claim', async () => {
  const { gate, signals } = createGate()
  assert.equal(await gate.wake(ref, wakeOf('a')), 'signalled')
  const outcomes = await Promise.all(['b', 'c', 'd'].map((body) => gate.wake(ref, wakeOf(body))))
  assert.deepEqual(outcomes, ['signalled', 'signalled', 'signalled'])
  assert.deepEqual(
    signals.map(({ body }) => body),
    ['a', 'd'],
  )
  const [first, second] = signals
  // Half: on a busy machine the first is noted later than it was sent.
  assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= intervalMs / 2)
})

test('an attempt gets ten signals, one in each interval, however many wakes come', async () => {
  const { gate, signals } = createGate()
  const outcomes = []
  for (let at = 0; at < 12; at++) outcomes.push(await gate.wake(ref, wakeOf(`body ${at}`)))
  assert.deepEqual(outcomes, [...Array.from({ length: 10 }, () => 'signalled'), 'spent', 'spent'])
  assert.equal(signals.length, 10)
  for (let at = 1; at < signals.length; at++) {
    assert.ok((signals[at]?.atMs ?? 0) - (signals[at - 1]?.atMs ?? 0) >= intervalMs - 2, `signal ${at}`)
  }
})

test('one attempt does not use up the wakes of another', async () => {
  const { gate, signals } = createGate()
  await Promise.all(
    [1, 2, 3].flatMap((attempt) => [0, 1].map((item) => gate.wake({ ...ref, item, attempt }, wakeOf('same body')))),
  )
  assert.equal(signals.length, 6)
})

test('bytes that Temporal has already are not signalled again', async () => {
  const { gate, signals } = createGate()
  assert.equal(await gate.wake(ref, wakeOf('a')), 'signalled')
  assert.equal(await gate.wake(ref, wakeOf('a')), 'duplicate')
  await sleep(intervalMs)
  assert.equal(await gate.wake(ref, wakeOf('a')), 'duplicate')
  assert.equal(signals.length, 1)
})

test('a wake that failed is not counted and not taken for delivered', async () => {
  let isDown = true
  const { gate, signals } = createGate({
    signal: async () => {
      if (isDown) throw new TemporalUnavailableError('down')
      return 'signalled'
    },
  })
  for (let at = 0; at < 12; at++) await assert.rejects(gate.wake(ref, wakeOf('a')), TemporalUnavailableError)
  isDown = false
  assert.equal(await gate.wake(ref, wakeOf('a')), 'signalled')
  assert.equal(signals.length, 13)
})

test('all who joined a wake are told when it fails', async () => {
  const { gate } = createGate({
    signal: async (body) => {
      if (body === 'first') return 'signalled'
      throw new TemporalUnavailableError('down')
    },
  })
  await gate.wake(ref, wakeOf('first'))
  const joined = await Promise.allSettled(['b', 'c'].map((body) => gate.wake(ref, wakeOf(body))))
  assert.deepEqual(
    joined.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
})

test('while a slow signal is on its way the next one waits for it', async () => {
  let running = 0
  let mostAtOnce = 0
  const { gate, signals } = createGate({
    signal: async () => {
      running += 1
      mostAtOnce = Math.max(mostAtOnce, running)
      await sleep(intervalMs * 2)
      running -= 1
      return 'signalled'
    },
  })
  await Promise.all(['a', 'b', 'c'].map((body) => gate.wake(ref, wakeOf(body))))
  assert.equal(mostAtOnce, 1)
  assert.deepEqual(
    signals.map(({ body }) => body),
    ['a', 'c'],
  )
})

test('a closed workflow is said to be closed', async () => {
  const { gate } = createGate({ signal: async () => 'closed' })
  assert.equal(await gate.wake(ref, wakeOf('a')), 'closed')
})

test('the number of remembered attempts is bounded, and one that is being signalled is never forgotten', async () => {
  let release: () => void = () => {}
  const blocked = new Promise<void>((resolve) => {
    release = resolve
  })
  const { gate, signals } = createGate({
    trackedAttempts: 2,
    signal: async (body) => {
      if (body === 'slow') await blocked
      return 'signalled'
    },
  })
  const slow = gate.wake(ref, wakeOf('slow'))
  for (let attempt = 2; attempt < 10; attempt++) await gate.wake({ ...ref, attempt }, wakeOf('x'))
  // still known: the copy joins instead of being sent
  const copy = gate.wake(ref, wakeOf('slow'))
  release()
  assert.deepEqual(await Promise.all([slow, copy]), ['signalled', 'signalled'])
  assert.equal(signals.filter(({ body }) => body === 'slow').length, 1)
  // forgotten: it starts afresh
  assert.equal(await gate.wake({ ...ref, attempt: 2 }, wakeOf('x')), 'signalled')
})
