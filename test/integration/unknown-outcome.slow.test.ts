// A submit without a readable answer: a task may exist. It is looked for before anything more is paid (I3).
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { keepHistory } from '../helpers/histories.ts'
import { patient, startService, unhurried } from '../helpers/service.ts'

/** What was lost is heard of: for as long as a busy machine may take. */
const heard = await startService({ after }, { timings: patient })
/** Or it is not. */
const timings = { ...unhurried, unknownListenMs: 5_000 }
const service = await startService({ after }, { timings })
const pollOnly = await startService({ after }, { timings, callbacks: false })

describe('unknown outcome', { concurrency: 4, timeout: 240_000 }, () => {
  test('the reply is lost, the callback names the task: it is adopted and nothing more is paid', async () => {
    heard.fault({ provider: 'kie', on: 'submit', fault: 'lost_task_reply', match: { promptIncludes: 'adopted' } })
    const generation = await heard.generate({ model: 'nano-banana', prompt: 'adopted through the callback' })
    assert.equal(generation.status, 'completed')
    assert.equal(generation.servedBy?.provider, 'kie')
    assert.equal(generation.attempts.length, 1)
    assert.equal(generation.attempts[0]?.adopted, true)
    assert.equal(generation.attempts[0]?.possibleExtraCharge, false)
    assert.equal(heard.tasksOf(generation.id).length, 1)
    assert.equal(generation.servedBy?.providerTaskId, heard.tasksOf(generation.id)[0]?.taskId)
    await keepHistory(heard.handle(generation.id), 'unknown-adopted')
  })

  for (const fault of ['http_502', 'html_page', 'truncated_json', 'missing_task_id', 'code_500_server'] as const) {
    test(`a submit answered with ${fault} although the task was made is adopted too`, async () => {
      heard.fault({ provider: 'kie', on: 'submit', fault, taskMade: true, match: { promptIncludes: `spoilt by ${fault}` } })
      const generation = await heard.generate({ model: 'nano-banana', prompt: `spoilt by ${fault}` })
      assert.equal(generation.servedBy?.provider, 'kie')
      assert.equal(generation.attempts[0]?.adopted, true)
      assert.equal(heard.tasksOf(generation.id).length, 1)
    })
  }

  test('reply and callback lost: the fallback serves, and the first is a possible extra charge that is listed', async () => {
    service.fault({ provider: 'kie', on: 'submit', fault: 'lost_task_reply', match: { promptIncludes: 'both lost' } })
    service.fault({ provider: 'kie', on: 'callback', fault: 'drop_callback', match: { promptIncludes: 'both lost' } })
    const generation = await service.generate({ model: 'nano-banana', prompt: 'both lost' })
    assert.equal(generation.servedBy?.provider, 'defapi')
    assert.deepEqual(
      generation.attempts.map(({ state, outcome, possibleExtraCharge }) => ({ state, outcome, possibleExtraCharge })),
      [
        { state: 'abandoned', outcome: 'unknown', possibleExtraCharge: true },
        { state: 'succeeded', outcome: 'succeeded', possibleExtraCharge: false },
      ],
    )
    await keepHistory(service.handle(generation.id), 'unknown-unheard')
  })

  test('onUnknown fail: nothing more is paid', async () => {
    service.fault({ provider: 'kie', on: 'submit', fault: 'http_502', match: { promptIncludes: 'do not pay again' } })
    const generation = await service.generate({ model: 'nano-banana', prompt: 'do not pay again', route: { onUnknown: 'fail' } })
    assert.equal(generation.failure?.type, 'UnknownOutcome')
    assert.equal(generation.attempts.length, 1)
  })

  test("another generation's task id in a callback is not adopted", async () => {
    const prompt = 'stolen task id'
    const owner = await service.generate({ model: 'nano-banana', prompt })
    const taskId = service.tasksOf(owner.id)[0]?.taskId ?? 'none'
    service.fault({ provider: 'kie', on: 'submit', fault: 'lost_task_reply', match: { promptIncludes: 'victim' } })
    service.fault({
      provider: 'kie',
      on: 'callback',
      fault: 'forge_callback',
      taskId,
      replace: true,
      match: { promptIncludes: 'victim' },
    })
    const victim = await service.generate({ model: 'nano-banana', prompt: `${prompt}: victim` })
    assert.equal(victim.attempts[0]?.adopted, false)
    assert.notEqual(victim.servedBy?.providerTaskId, taskId)
  })

  test('without a callback address there is nothing to listen for: the fallback serves, the first is flagged', async () => {
    pollOnly.fault({ provider: 'kie', on: 'submit', fault: 'http_502', taskMade: true, match: { promptIncludes: 'poll only' } })
    const generation = await pollOnly.generate({ model: 'nano-banana', prompt: 'poll only, reply lost' })
    assert.equal(generation.servedBy?.provider, 'defapi')
    assert.equal(generation.attempts[0]?.possibleExtraCharge, true)
    await keepHistory(pollOnly.handle(generation.id), 'unknown-without-callback')
  })

  test('without a callback address the poll brings the picture', async () => {
    const generation = await pollOnly.generate({ model: 'nano-banana', prompt: 'a plain picture by poll' })
    assert.equal(generation.servedBy?.provider, 'kie')
    await keepHistory(pollOnly.handle(generation.id), 'poll-only')
  })
})
