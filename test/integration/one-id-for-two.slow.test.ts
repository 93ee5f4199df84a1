// A provider that answers two submits with one id, and nothing else that would tell the tasks of two items apart.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { patient, startService } from '../helpers/service.ts'

const service = await startService({ after }, { callbacks: false, timings: { ...patient, attemptDeadlineMs: 8_000 } })

test('two items never have the picture of one task', { timeout: 240_000 }, async () => {
  const prompt = 'a pair of geese'
  service.fault({ provider: 'kie', on: 'submit', fault: 'same_task_id', after: 1, times: 1, match: { promptIncludes: prompt } })
  const generation = await service.generate({ model: 'nano-banana', prompt, count: 2 })
  assert.equal(generation.status, 'completed')
  const sums = generation.images.map(({ sha256 }) => sha256)
  assert.equal(new Set(sums).size, 2, 'two pictures')
  const named = generation.attempts.flatMap(({ outcome, providerTaskId }) => (outcome === 'succeeded' ? [providerTaskId] : []))
  assert.equal(new Set(named).size, named.length)
  const doubted = generation.attempts.filter(({ outcome }) => outcome === 'overdue')
  assert.deepEqual(
    doubted.map(({ possibleExtraCharge }) => possibleExtraCharge),
    [true],
    'its own task may have been paid, and the row says so',
  )
})
