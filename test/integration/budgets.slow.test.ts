// Money that may not be spent: what a budget has no room for is not started, however many ask at once (I4).
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { WorkflowFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import type { Generation, GenerationRequest } from '../../src/contract/index.ts'
import { generateImageWorkflowName, mainTaskQueue } from '../../src/contract/index.ts'
import { eventually } from '../helpers/eventually.ts'
import { startService, unhurried } from '../helpers/service.ts'
import { at } from '../simulator/client.ts'

const service = await startService({ after }, { timings: { ...unhurried, unknownListenMs: 500 } })

/** What the simulator takes for one, and what the price table says. */
const pictureUsd = 0.02

const setBudget = (tenant: string, limitUsd: number) =>
  service.ledger.setBudget({ mode: 'mock', tenant, period: 'month' }, limitUsd)

async function budgetOf(tenant: string): Promise<{ usedUsd: number; reservedUsd: number; limitUsd: number }> {
  const budget = (await service.ledger.listBudgets('mock')).find((one) => one.tenant === tenant)
  assert.ok(budget !== undefined)
  const { usedUsd, reservedUsd, limitUsd } = budget
  return { usedUsd, reservedUsd, limitUsd }
}

/** One provider, so that the worst case is the price of one picture. */
const picture = (tenant: string, prompt: string): GenerationRequest => ({
  model: 'nano-banana',
  prompt,
  tenant,
  route: { providers: ['kie'] },
})

// Alone: it keeps the gateway busy.
test(
  'two hundred at once on a budget for ten: exactly ten are accepted, the others are told when to come back',
  { timeout: 240_000 },
  async () => {
    await setBudget('crowd', 10 * pictureUsd)
    const before = Date.now()
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_unused, index) => {
        const request = picture('crowd', `one of two hundred: ${index}`)
        // On a busy machine the ledger may be out of reach for some of them; then nothing is started, and one asks again.
        return eventually(
          async () => {
            const response = await service.post('/v1/generations', request, { 'idempotency-key': `crowd-${index}` })
            const body: unknown = await response.json()
            assert.notEqual(response.status, 503, JSON.stringify(body))
            return { status: response.status, headers: response.headers, body }
          },
          { timeoutMs: 90_000, everyMs: 1_000 },
        )
      }),
    )
    const accepted = answers.filter(({ status }) => status === 202)
    const refused = answers.filter(({ status }) => status === 402)
    assert.deepEqual({ accepted: accepted.length, refused: refused.length }, { accepted: 10, refused: 190 })
    for (const { headers, body } of refused) {
      const untilResetMs = Date.parse(String(at(body, 'resetsAt'))) - before
      assert.ok(untilResetMs > 0 && untilResetMs <= 31 * 86_400_000 + 120_000, `resets in ${untilResetMs} ms`)
      const retryAfterMs = Number(headers.get('retry-after')) * 1_000
      assert.ok(Math.abs(retryAfterMs - untilResetMs) < 120_000, `Retry-After ${retryAfterMs} ms, resets in ${untilResetMs} ms`)
    }
    const ids = accepted.map(({ body }) => String(at(body, 'id')))
    assert.ok((await budgetOf('crowd')).usedUsd <= 10 * pictureUsd)
    for (const id of ids) assert.equal((await service.ended(id)).status, 'completed')
    assert.equal(service.simulator.ledger().filter(({ prompt }) => prompt.startsWith('one of two hundred')).length, 10)
    assert.deepEqual(await budgetOf('crowd'), { usedUsd: 0.2, reservedUsd: 0, limitUsd: 0.2 })
  },
)

describe('budgets', { concurrency: 4, timeout: 240_000 }, () => {
  test('a picture that was refused for free gives its reservation back', async () => {
    await setBudget('second-chance', pictureUsd)
    service.fault({ provider: 'kie', on: 'task', fault: 'content_refusal', match: { promptIncludes: 'refused for free' } })
    service.fault({
      provider: 'kie',
      on: 'task',
      fault: 'slow_task',
      delayMs: 600_000,
      match: { promptIncludes: 'refused for free' },
    })
    const id = await service.create(picture('second-chance', 'refused for free'))
    await service.until(id, ({ attempts }) => attempts[0]?.state === 'accepted')
    const { usedUsd, reservedUsd } = await budgetOf('second-chance')
    assert.equal(usedUsd + reservedUsd, pictureUsd, 'all of it is spoken for')
    assert.equal((await service.post('/v1/generations', picture('second-chance', 'no room yet'))).status, 402)
    assert.equal(service.simulator.finish(service.tasksOf(id)[0]?.taskId ?? ''), true)
    assert.equal((await service.ended(id)).failure?.type, 'ContentRefused')
    const next = await service.generate(picture('second-chance', 'there is room again'))
    assert.equal(next.status, 'completed')
    assert.deepEqual(await budgetOf('second-chance'), { usedUsd: pictureUsd, reservedUsd: 0, limitUsd: pictureUsd })
  })

  test('one that fits into no budget is told so, and not when to come back', async () => {
    await setBudget('too-poor', pictureUsd / 2)
    const response = await service.post('/v1/generations', picture('too-poor', 'never'))
    assert.equal(response.status, 402)
    assert.equal(response.headers.get('retry-after'), null)
    assert.equal(service.simulator.ledger().filter(({ prompt }) => prompt === 'never').length, 0)
  })

  test('a workflow that another service starts itself is held to the budget as well', async () => {
    await setBudget('by-hand', pictureUsd)
    const start = (workflowId: string): Promise<Generation> =>
      service.client.workflow.execute<(request: GenerationRequest) => Promise<Generation>>(generateImageWorkflowName, {
        workflowId,
        taskQueue: mainTaskQueue,
        args: [picture('by-hand', `started by hand: ${workflowId}`)],
      })
    assert.equal((await start('by-hand-1')).status, 'completed')
    await assert.rejects(
      start('by-hand-2'),
      (error) =>
        error instanceof WorkflowFailedError &&
        error.cause instanceof ApplicationFailure &&
        error.cause.type === 'BudgetExceeded',
    )
    assert.equal(service.simulator.ledger().filter(({ prompt }) => prompt.startsWith('started by hand')).length, 1)
    assert.deepEqual(await budgetOf('by-hand'), { usedUsd: pictureUsd, reservedUsd: 0, limitUsd: pictureUsd })
  })

  test('maxCostUsd counts what may have been paid: nobody is asked again beyond it, and no provider whose price is not known', async () => {
    service.fault({ provider: 'kie', on: 'submit', fault: 'http_502', match: { promptIncludes: 'costs too much' } })
    const twice = { onUnknown: 'resubmit', maxPaidAttempts: 5, maxCostUsd: pictureUsd * 2.5 } as const
    const [resubmitted, unpriced] = await Promise.all([
      service.generate({ model: 'nano-banana', prompt: 'costs too much: repeated', route: { ...twice, providers: ['kie'] } }),
      service.generate({ model: 'nano-banana', prompt: 'costs too much: elsewhere', route: { maxCostUsd: 1 } }),
    ])
    assert.equal(resubmitted.failure?.type, 'CostLimitReached')
    assert.deepEqual(
      resubmitted.attempts.map(({ possibleExtraCharge }) => possibleExtraCharge),
      [true, false],
      'two may have been paid; a third would be more than the limit',
    )
    assert.equal(unpriced.failure?.type, 'ProvidersExhausted')
    assert.deepEqual(
      unpriced.attempts.map(({ provider }) => provider),
      ['kie'],
    )
    assert.ok(unpriced.decisions.some(({ decision }) => decision === 'leave out defapi'))
  })
})
