import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDataRoom } from '../../../src/activities/data-room.ts'

const patient = { timeoutMs: 60_000, signal: new AbortController().signal }
const soon = { timeoutMs: 5, signal: patient.signal }

test('there is room for so many bytes at once; who leaves makes room for the next in line', async () => {
  const room = createDataRoom(10)
  const first = await room.enter(6, patient)
  const second = await room.enter(4, patient)
  const third = room.enter(3, patient)
  assert.equal(await room.enter(1, soon), null, 'full, and somebody else comes first')
  second?.()
  const leaveThird = await third
  first?.()
  leaveThird?.()
  assert.notEqual(await room.enter(10, soon), null, 'everything was given back')
})

test('first come, first served: a small one does not pass a large one by', async () => {
  const room = createDataRoom(10)
  const first = await room.enter(8, patient)
  const order: string[] = []
  const large = room.enter(9, patient).then((leave) => (order.push('large'), leave?.()))
  const small = room.enter(2, patient).then((leave) => (order.push('small'), leave?.()))
  first?.()
  await Promise.all([large, small])
  assert.deepEqual(order, ['large', 'small'])
})

test('who gives up waiting leaves no hole in the line, and more than there is gets all of it', async () => {
  const room = createDataRoom(10)
  const first = await room.enter(50, patient)
  const cancelled = new AbortController()
  const waiting = room.enter(5, { timeoutMs: 60_000, signal: cancelled.signal })
  const behind = room.enter(10, patient)
  cancelled.abort()
  await assert.rejects(waiting)
  first?.()
  const leave = await behind
  leave?.()
  assert.notEqual(await room.enter(10, soon), null)
})
