// The live script proven without keys: all of it against the simulator, and each kind of drift against one that has drifted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isJsonObject } from '../../../src/providers/shared/json-text.ts'
import { simulatorKey } from '../../live/options.ts'
import type { AlteredReply, Passing } from './altering-server.ts'
import { driftsOf, tryLive } from './live-rig.ts'

const banana = ['--model', 'nano-banana', '--max-cost', '0.20']

/** Members of `data`, to be changed in place. */
function dataOf({ body }: AlteredReply): Record<string, unknown> {
  return isJsonObject(body['data']) ? body['data'] : {}
}
const isSubmit = ({ method }: Passing): boolean => method === 'POST'
const isRecord = ({ path }: Passing): boolean => path.includes('/recordInfo?') || path.includes('/task/query?')

for (const [provider, model, args] of [
  ['kie', 'nano-banana', []],
  ['kie', 'gpt-image-1', []],
  ['defapi', 'nano-banana', ['--assume-price', '0.02']],
  ['defapi', 'wan-2.7', ['--assume-price', '0.02']],
] as const) {
  test(`${provider}, ${model}: a provider that answers as on file shows no drift, and one task is paid`, async (t) => {
    const trial = await tryLive(t, provider, ['--model', model, '--max-cost', '0.20', ...args])
    assert.deepEqual(driftsOf(trial), [])
    assert.equal(trial.report.verdict, 'no drift')
    const meanings = Object.fromEntries(trial.report.probes.map(({ id, meaning }) => [id, meaning]))
    assert.deepEqual(
      [meanings['balance'], meanings['submit-wrong-key'], meanings['submit'], meanings['poll'], meanings['link']],
      ['balance', 'refused_final auth', 'accepted', 'snapshot succeeded', 'image/png'],
    )
    const tasks = trial.simulator.ledger()
    assert.equal(tasks.length, 1)
    const [said] = trial.said
    assert.match(said ?? '', /^A task was made: /)
  })
}

test('without a model nothing is paid: every submit is one that is refused', async (t) => {
  const trial = await tryLive(t, 'kie', ['--max-cost', '0.20'])
  assert.equal(trial.report.verdict, 'no drift')
  assert.equal(trial.simulator.ledger().length, 0)
  assert.deepEqual([trial.report.spentUsd, trial.passed.filter(isSubmit).length], [0, 4])
})

test('nothing is submitted that the cap has no room for', async (t) => {
  const trial = await tryLive(t, 'kie', ['--model', 'nano-banana', '--max-cost', '0.0039'])
  // A wrong key costs nothing; everything else could.
  assert.equal(trial.passed.filter(isSubmit).length, 1)
  const skipped = trial.report.probes.filter((probe) => probe.skipped !== null).map(({ id }) => id)
  assert.deepEqual(skipped, ['submit-missing-field', 'submit-other-value', 'submit-unknown-model', 'submit'])
  assert.equal(trial.report.spentUsd, 0)
})

test('a task id under another name: not understood, taken as paid, and nothing more is submitted', async (t) => {
  const trial = await tryLive(t, 'kie', banana, (passing, reply) => {
    const data = dataOf(reply)
    if (!isSubmit(passing) || typeof data['taskId'] !== 'string') return
    reply.body['data'] = { jobId: data['taskId'] }
  })
  assert.deepEqual(driftsOf(trial).toSorted(), [
    'gone_field data.taskId',
    'new_field data.jobId',
    'other_meaning darkroom',
    'schema_breach data.taskId',
  ])
  assert.equal(trial.report.verdict, 'drift')
  assert.equal(trial.report.spentUsd, 0.02)
  assert.equal(trial.report.probes.at(-1)?.id, 'submit')
})

test('a refusal in other words: not understood, and the paid task is not begun', async (t) => {
  const trial = await tryLive(t, 'kie', banana, (passing, reply) => {
    if (isSubmit(passing) && reply.body['code'] === 500) reply.body['msg'] = 'prompt: must not be blank'
  })
  assert.deepEqual(driftsOf(trial), ['other_meaning darkroom', 'new_words code 500'])
  assert.match(trial.report.probes.find(({ id }) => id === 'submit')?.skipped ?? '', /answered in another way than known/)
  // The refused body was cheap, and nobody knows whether it was taken.
  assert.equal(trial.report.spentUsd, 0.004)
})

test('another code: told as new', async (t) => {
  const trial = await tryLive(t, 'defapi', ['--max-cost', '0'], (_passing, reply) => {
    if (reply.body['code'] === 1007) Object.assign(reply.body, { code: 2001 })
  })
  assert.ok(
    driftsOf(trial).every((drift) => drift === 'new_code code'),
    driftsOf(trial).join(),
  )
  assert.deepEqual(trial.report.drifts.map(({ seen }) => seen)[0], '2001: Invalid Api Key')
})

test('a field more, a field less, a field of another type, a new state', async (t) => {
  let polls = 0
  const trial = await tryLive(t, 'kie', banana, (passing, reply) => {
    const data = dataOf(reply)
    if (!isRecord(passing) || typeof data['taskId'] !== 'string') return
    polls += 1
    if (polls === 1) Object.assign(data, { state: 'moderating' })
    Object.assign(data, { queuePosition: 4, createTime: String(data['createTime']) })
    delete data['costTime']
  })
  assert.deepEqual(driftsOf(trial).toSorted(), [
    'gone_field data.costTime',
    'new_field data.queuePosition',
    'new_state data',
    'other_type data.createTime',
  ])
})

test('a real HTTP status, a header about limits, and another price', async (t) => {
  const trial = await tryLive(t, 'kie', banana, (passing, reply) => {
    if (reply.body['code'] === 422) reply.status = 404
    reply.headers['x-ratelimit-remaining'] = '19'
    if (isRecord(passing) && dataOf(reply)['creditsConsumed'] !== undefined) dataOf(reply)['creditsConsumed'] = 5
  })
  assert.deepEqual([...new Set(driftsOf(trial))].toSorted(), [
    'new_header x-ratelimit-remaining',
    'other_price nano-banana',
    'other_status HTTP status',
  ])
  assert.equal(trial.report.toldUsd, 0.025)
})

test('a page instead of JSON breaks the schema', async (t) => {
  const trial = await tryLive(t, 'defapi', ['--max-cost', '0'], (passing, reply) => {
    if (isRecord(passing)) Object.assign(reply, { body: 'an old proxy speaking' })
  })
  assert.ok(driftsOf(trial).includes('schema_breach body'), driftsOf(trial).join())
})

test('a provider that gives no answer is not reachable, which is no drift', async (t) => {
  const trial = await tryLive(t, 'kie', banana, () => true)
  assert.equal(trial.report.verdict, 'not reachable')
  assert.deepEqual(trial.report.drifts, [])
  assert.equal(trial.passed.length, 1)
})

test('a submit without an answer is taken as paid', async (t) => {
  const trial = await tryLive(t, 'kie', banana, (passing, reply) => isSubmit(passing) && dataOf(reply)['taskId'] !== undefined)
  assert.equal(trial.report.verdict, 'not reachable')
  assert.equal(trial.report.spentUsd, 0.02)
  assert.equal(trial.simulator.ledger().length, 1)
})

test('a poll whose answer is lost is asked again: neither is the drift before and after it hidden, nor is it not reachable', async (t) => {
  for (const [isChanged, verdict] of [
    [true, 'drift'],
    [false, 'no drift'],
  ] as const) {
    let polls = 0
    const trial = await tryLive(t, 'kie', banana, (passing, reply) => {
      if (!isRecord(passing) || typeof dataOf(reply)['taskId'] !== 'string') return false
      polls += 1
      if (isChanged) dataOf(reply)['queuePosition'] = 4
      return polls === 2
    })
    assert.equal(trial.report.verdict, verdict)
    assert.deepEqual(driftsOf(trial), isChanged ? ['new_field data.queuePosition'] : [])
    assert.equal(trial.report.probes.find(({ id }) => id === 'link')?.meaning, 'image/png')
  }
})

test('polls that are never answered are not reachable, and no drift', async (t) => {
  const trial = await tryLive(t, 'kie', [...banana, '--timeout', '1'], (passing, reply) => {
    return isRecord(passing) && typeof dataOf(reply)['taskId'] === 'string'
  })
  assert.equal(trial.report.verdict, 'not reachable')
  assert.deepEqual(driftsOf(trial), [])
})

test('a model that does not exist is asked for only where the cap has room for the dearest there is', async (t) => {
  const trial = await tryLive(t, 'kie', ['--model', 'nano-banana', '--max-cost', '0.10'])
  const skipped = trial.report.probes.filter((probe) => probe.skipped !== null)
  assert.deepEqual(
    skipped.map(({ id, skipped: why }) => [id, why]),
    [['submit-unknown-model', 'no room for $0.1200 under the cap of $0.1000']],
  )
  assert.equal(trial.report.verdict, 'no drift')
})

test('a recording is written, whatever stands in the place of a name', async (t) => {
  let taskId = ''
  const trial = await tryLive(t, 'kie', banana, (passing, reply) => {
    const data = dataOf(reply)
    if (isSubmit(passing) && typeof data['taskId'] === 'string') taskId = data['taskId']
    if (isRecord(passing) && data['taskId'] === taskId) data[taskId] = { [simulatorKey]: 1 }
  })
  assert.notEqual(taskId, '')
  assert.equal(trial.report.verdict, 'drift')
  assert.match(trial.written, /"probe": "submit"/)
  for (const secret of [taskId, simulatorKey]) assert.ok(!trial.written.includes(secret), `${secret} was written`)
})

test('a key that is refused ends the run at once', async (t) => {
  const refused = tryLive(t, 'kie', banana, (_passing, reply) => {
    Object.assign(reply.body, { code: 401, msg: `You do not have access permissions, ${simulatorKey}`, data: null })
  })
  await assert.rejects(refused, (error: Error) => {
    assert.match(error.message, /cannot be read with this key/)
    assert.ok(!error.message.includes(simulatorKey), 'the key is in the message')
    return true
  })
})
