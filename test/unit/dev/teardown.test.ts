import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Teardown } from '../../../src/dev/teardown.ts'
import { createLogger } from '../../../src/observability/logger.ts'

const silent = createLogger({ level: 'silent', name: 'test' })
const patient = 5_000

test('stages end in order, whatever order the parts started in, and each stage waits for the one before', async () => {
  const order: string[] = []
  const teardown = new Teardown(silent, patient)
  const step = (name: string) => async () => {
    order.push(`${name} begins`)
    await new Promise((resolve) => setTimeout(resolve, 5))
    order.push(`${name} ended`)
  }
  await teardown.add('servers', 'temporal', step('temporal'))
  await teardown.add('workers', 'workers', step('workers'))
  await teardown.add('front', 'gateway', step('gateway'))
  await teardown.run()
  assert.deepEqual(order, [
    'gateway begins',
    'gateway ended',
    'workers begins',
    'workers ended',
    'temporal begins',
    'temporal ended',
  ])
})

test('the end runs once, however often it is asked for', async () => {
  let ends = 0
  const teardown = new Teardown(silent, patient)
  await teardown.add('front', 'x', async () => {
    ends += 1
  })
  await Promise.all([teardown.run(), teardown.run()])
  await teardown.run()
  assert.equal(ends, 1)
})

test('a part that has just started when the end has begun is ended at once', async () => {
  const teardown = new Teardown(silent, patient)
  await teardown.run()
  let isEnded = false
  await teardown.add('servers', 'late', async () => {
    isEnded = true
  })
  assert.ok(isEnded)
})

test('a part that fails to end, or never ends, is logged and keeps nobody from ending', async () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'info', name: 'test', format: 'json', destination: { write: (line) => lines.push(line) } })
  const teardown = new Teardown(logger, 20)
  let isEnded = false
  await teardown.add('front', 'broken', () => Promise.reject(new Error('no')))
  await teardown.add('workers', 'stuck', () => new Promise(() => {}))
  await teardown.add('servers', 'last', async () => {
    isEnded = true
  })
  await teardown.run()
  assert.ok(isEnded)
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).part),
    ['broken', 'stuck'],
  )
})
