import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTogether } from '../../../src/dev/start-parts.ts'

const after = <T>(ms: number, act: () => T): Promise<T> =>
  new Promise((resolve, reject) => {
    setTimeout(() => {
      try {
        resolve(act())
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }, ms)
  })

test('parts that all start are given back in their places', async () => {
  assert.deepEqual(await startTogether([after(5, () => 'slow'), Promise.resolve(2)]), ['slow', 2])
})

test('a failure waits for the parts that are still starting, and is the one that came first', async () => {
  const order: string[] = []
  const starting = startTogether([
    after(1, () => {
      throw new Error('first')
    }),
    after(20, () => order.push('started')),
    after(40, () => {
      order.push('failed')
      throw new Error('second')
    }),
  ])
  await assert.rejects(starting, { message: 'first' })
  assert.deepEqual(order, ['started', 'failed'])
})
