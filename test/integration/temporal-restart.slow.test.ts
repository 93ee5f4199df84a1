// The Temporal server is killed and started again on its database file: open generations go on.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { keepHistory } from '../helpers/histories.ts'
import { startService } from '../helpers/service.ts'

test('the server dies while a task is waited for, and the picture arrives all the same', { timeout: 240_000 }, async () => {
  const service = await startService({ after }, { temporalOnFile: true })
  service.fault({ fault: 'slow_task', delayMs: 3_000 })
  const id = await service.create({ model: 'nano-banana', prompt: 'server restart' })
  await service.until(id, ({ status }) => status === 'waiting')
  await service.temporal.restart({ kill: true })
  const generation = await service.ended(id, 60_000)
  assert.equal(generation.status, 'completed')
  assert.equal(service.tasksOf(id).length, 1)
  await keepHistory(service.handle(id), 'temporal-restarted')
})
