// When the first provider does not deliver: who is asked next, and what is never asked twice.
import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { endOf } from '../helpers/attempt-end.ts'
import { keepHistory } from '../helpers/histories.ts'
import { startService, unhurried } from '../helpers/service.ts'

const service = await startService({ after }, { timings: { ...unhurried, attemptDeadlineMs: 8_000 } })

describe('fallback', { concurrency: 4, timeout: 240_000 }, () => {
  test('a content refusal stops: another provider is not asked unless the request says so', async () => {
    service.fault({ provider: 'kie', on: 'task', fault: 'content_refusal', match: { promptIncludes: 'refused content' } })
    const generation = await service.generate({ model: 'nano-banana', prompt: 'refused content' })
    assert.equal(generation.status, 'failed')
    assert.equal(generation.failure?.type, 'ContentRefused')
    assert.equal(generation.failure?.provider, 'kie')
    assert.equal(service.tasksOf(generation.id).length, 1)
    await keepHistory(service.handle(generation.id), 'content-refusal')
    const allowed = await service.generate({
      model: 'nano-banana',
      prompt: 'refused content, may be tried elsewhere',
      route: { onRefusal: 'fallback' },
    })
    assert.equal(allowed.servedBy?.provider, 'defapi')
  })

  test('a failed task moves on, and its failure is booked as free', async () => {
    service.fault({ provider: 'kie', on: 'task', fault: 'task_failed', match: { promptIncludes: 'task fails' } })
    const generation = await service.generate({ model: 'nano-banana', prompt: 'task fails' })
    assert.equal(generation.servedBy?.provider, 'defapi')
    assert.equal(generation.attempts[0]?.state, 'failed')
    assert.equal(generation.attempts[0]?.cost.usd, 0)
  })

  test('a task that never ends is left owing, marked as a possible extra charge before the next one is paid', async () => {
    service.fault({ provider: 'kie', on: 'task', fault: 'stuck', match: { promptIncludes: 'stuck' } })
    const generation = await service.generate({ model: 'nano-banana', prompt: 'stuck for ever' })
    assert.equal(generation.servedBy?.provider, 'defapi')
    const [first] = generation.attempts
    assert.deepEqual(
      { state: first?.state, outcome: first?.outcome, extra: first?.possibleExtraCharge },
      { state: 'abandoned', outcome: 'overdue', extra: true },
    )
    await keepHistory(service.handle(generation.id), 'overdue')
  })

  test('a picture that cannot be fetched is asked for again, never paid again', async () => {
    service.fault({ on: 'download', fault: 'html_page', times: 2, match: { promptIncludes: 'broken link' } })
    const generation = await service.generate({ model: 'nano-banana', prompt: 'broken link' })
    assert.equal(generation.status, 'completed')
    assert.equal(service.tasksOf(generation.id).length, 1)
    assert.ok((service.tasksOf(generation.id)[0]?.downloads ?? 0) >= 3, 'downloaded until it was a picture')
  })
})

// One after the other, with the accounts made free again between them: what a provider says of an account concerns everybody.
describe('an account in trouble', { concurrency: 1, timeout: 240_000 }, () => {
  beforeEach(async () => {
    for (const provider of ['kie', 'defapi'] as const) {
      await service.ledger.resumeAccount({ mode: 'mock', provider, account: 'default' })
    }
  })

  test('maintenance: the account is paused, the next provider serves at once, and the first one made no task', async () => {
    service.fault({ provider: 'kie', on: 'submit', fault: 'code_455', match: { promptIncludes: 'maintenance' } })
    const generation = await service.generate({ model: 'nano-banana', prompt: 'during maintenance' })
    assert.equal(generation.status, 'completed')
    assert.equal(generation.servedBy?.provider, 'defapi')
    const [first, second] = generation.attempts
    assert.deepEqual(endOf(first), { state: 'withdrawn', outcome: 'exhausted', reason: 'maintenance', tries: 1, extra: false })
    assert.equal(second?.outcome, 'succeeded')
    assert.deepEqual(
      service.tasksOf(generation.id).map(({ provider }) => provider),
      ['defapi'],
    )
    assert.equal(generation.cost.source, 'measured')
    await keepHistory(service.handle(generation.id), 'fallback-after-retries')
  })

  test('no credits and a refused key are not retried', async () => {
    service.fault({ provider: 'kie', on: 'submit', fault: 'code_402', match: { promptIncludes: 'no credits' } })
    const generation = await service.generate({ model: 'nano-banana', prompt: 'no credits' })
    assert.equal(generation.servedBy?.provider, 'defapi')
    assert.equal(generation.attempts[0]?.state, 'rejected')
    assert.equal(generation.attempts[0]?.activityTries, 1)
    assert.equal(generation.attempts[0]?.reason, 'no_credits')
  })

  test('both providers down: the generation fails, says why, and nothing was paid', async () => {
    for (const provider of ['kie', 'defapi'] as const) {
      service.fault({ provider, on: 'submit', fault: 'code_429', match: { promptIncludes: 'both down' } })
    }
    const generation = await service.generate({ model: 'nano-banana', prompt: 'both down' })
    assert.equal(generation.status, 'failed')
    assert.equal(generation.failure?.type, 'ProvidersExhausted')
    assert.equal(generation.attempts.length, 2)
    assert.equal(service.tasksOf(generation.id).length, 0)
    assert.equal(generation.cost.usd, 0)
    await keepHistory(service.handle(generation.id), 'both-down')
  })
})

// Alone: while the listener is closed, nobody can be served by Kie.
test('a refused connection is retried for free and then left', async () => {
  await service.ledger.resumeAccount({ mode: 'mock', provider: 'kie', account: 'default' })
  // The listener is really closed: nothing can have been sent.
  const id = service.fault({ provider: 'kie', fault: 'down' })
  const served = await service.create({ model: 'nano-banana', prompt: 'refused connection' })
  const generation = await service.ended(served)
  await service.clearFault(id)
  assert.equal(generation.servedBy?.provider, 'defapi')
  assert.equal(generation.attempts[0]?.reason, 'unreachable')
  assert.equal(generation.attempts[0]?.possibleExtraCharge, false)
})
