// Nothing is paid once a generation's time is over, however long what comes before the POST has taken.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, describe, test } from 'node:test'
import type { Generation, GenerationRequest } from '../../src/contract/index.ts'
import { startService } from '../helpers/service.ts'
import { makePng } from '../unit/storage/samples.ts'

const service = await startService(
  { after },
  {
    // A host that takes pictures and never answers is waited for longer than the shortest deadline there is.
    timings: { uploadTimeoutMs: 13_000, submitTimeoutMs: 5_000, submitStartToCloseMs: 40_000, submitHeartbeatTimeoutMs: 5_000 },
  },
)
const deadlineMs = 10_000

async function upload(width: number): Promise<string> {
  const bytes = makePng({ width, height: 7 })
  const headers = { 'content-type': 'image/png' }
  const response = await fetch(`${service.url}/v1/uploads`, { method: 'POST', body: new Uint8Array(bytes), headers })
  assert.equal(response.status, 201, await response.clone().text())
  return `upload:${createHash('sha256').update(bytes).digest('hex')}`
}

/** At one provider, from pictures, in the shortest time that may be asked for. */
const ask = async (prompt: string, referenceImages: string[], route: GenerationRequest['route'] = {}): Promise<Generation> =>
  service.generate({ model: 'nano-banana', prompt, referenceImages, route: { deadlineMs, ...route } })

const lifeMs = ({ createdAt, finishedAt }: Generation): number => Date.parse(finishedAt ?? '') - Date.parse(createdAt)

describe('a generation whose time is over before its POST', { concurrency: 1, timeout: 240_000 }, () => {
  test('makes no task after an upload that got no answer, ends in time, and costs nothing', async () => {
    const fox = await upload(51)
    const id = service.fault({ provider: 'kie', on: 'upload', fault: 'timeout', times: 1 })
    const generation = await ask('upload without answer', [fox], { providers: ['kie'] })
    assert.equal(service.simulator.faultCounts()[id], 1)
    assert.equal(generation.status, 'failed')
    assert.equal(generation.failure?.type, 'DeadlineExceeded', JSON.stringify(generation.failure))
    assert.deepEqual(
      generation.attempts.map(({ state, outcome, cost, possibleExtraCharge }) => [state, outcome, cost.usd, possibleExtraCharge]),
      [['withdrawn', 'exhausted', 0, false]],
    )
    assert.deepEqual(service.tasksOf(generation.id), [])
    assert.ok(lifeMs(generation) < deadlineMs + 1_000, `${lifeMs(generation)} ms`)
  })
})
