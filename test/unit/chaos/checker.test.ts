// The checker bites: a made-up run is green, and each spoilt record turns the check red that it should, and no other one that it should not.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judge } from '../../chaos/checker/check.ts'
import { mostAtOnce, mostInWindow } from '../../chaos/checker/limits.ts'
import type { ChaosRecords, InvariantId } from '../../chaos/checker/records.ts'
import { search, secretShapes } from '../../chaos/checker/secrets.ts'
import { at, attempt, generation, history, id, records, sha, submitAt, task } from './records.ts'

const redOf = (spoilt: ChaosRecords): InvariantId[] =>
  judge(spoilt)
    .findings.filter(({ breaches }) => breaches.length > 0)
    .map((finding) => finding.id)

const [client] = records().client
assert.ok(client !== undefined, 'the made-up run has a caller')
const withAttempts = (attempts: ReturnType<typeof attempt>[], tasks = [task()]): ChaosRecords =>
  records({ generations: [generation({ attempts })], tasks })

const otherTask = task({ taskId: 'task-2', prompt: 'two boats, chaos-00009-ffffffff' })
const defapiTask = task({ provider: 'defapi', taskId: 'task-2', callbacks: [] })
const second = { number: 2, provider: 'defapi', providerTaskId: 'task-2' } as const
const abandoned = attempt({ state: 'abandoned', outcome: 'overdue' })

/** what is wrong, the records, and every check that must say so */
const cases: readonly [string, ChaosRecords, InvariantId[]][] = [
  ['an accepted generation that the API does not know', records({ generations: [], pictures: [], tasks: [] }), ['I1']],
  ['one that has not ended', records({ generations: [generation({ status: 'waiting', images: [] })], pictures: [] }), ['I1']],
  ['one that ended too late', records({ generations: [generation({ finishedAt: at(130_000) })] }), ['I1']],
  ['one key, two generations', records({ client: [{ ...client, ids: [id, 'gen_2'] }] }), ['I2']],
  [
    'an end that changes',
    records({ client: [{ ...client, readings: [...client.readings, { atMs: 0, status: 'failed' }] }] }),
    ['I2'],
  ],
  ['a workflow that says otherwise', records({ histories: [history({ status: 'FAILED' })] }), ['I2']],
  ['one that the list does not show', records({ listedIds: [] }), ['I2']],
  ['two tasks for one attempt', withAttempts([attempt()], [task(), task({ taskId: 'task-9', callbacks: [] })]), ['I3', 'I4']],
  [
    'a task for an attempt that never sent',
    withAttempts([attempt({ state: 'rejected', providerTaskId: null })]),
    ['I3', 'I4', 'I5'],
  ],
  [
    'a second paid attempt, the first not marked',
    withAttempts([attempt({ state: 'settled', verdict: 'paid' }), attempt(second)], [task(), defapiTask]),
    ['I3'],
  ],
  ['a charge that is booked as nothing', withAttempts([attempt({ cost: { usd: null, credits: null, source: 'none' } })]), ['I4']],
  ['a charge that is booked as free', withAttempts([attempt({ cost: { usd: 0, credits: 0, source: 'estimated' } })]), ['I4']],
  ['another figure than the provider', withAttempts([attempt({ cost: { usd: 0.03, credits: 6, source: 'measured' } })]), ['I4']],
  ['a refund that is booked as a cost', withAttempts([attempt()], [task({ refunded: true })]), ['I4']],
  ['a task of nobody', records({ tasks: [task(), otherTask] }), ['I4']],
  ['other bytes than the row says', spoilPicture({ fetchedSha256: 'b'.repeat(64) }), ['I5']],
  ['bytes that the provider did not draw', spoilPicture({ providerSha256: ['b'.repeat(64)] }), ['I5']],
  ['a picture that cannot be read', spoilPicture({ fetchedSha256: null }), ['I5']],
  ['a picture to start from that was left out', startingFrom([]), ['I5']],
  ['another picture to start from', startingFrom([{ kind: 'copy', sha256: 'b'.repeat(64) }]), ['I5']],
  ['a picture to start from that the provider never had', startingFrom([{ kind: 'link', sha256: null }]), ['I5']],
  ['a secret in the log', records({ searches: [{ where: 'logs', sizeBytes: 9, found: ['Kie key'] }] }), ['I6']],
  ['a search that saw nothing', records({ searches: [{ where: 'logs', sizeBytes: 0, found: [] }] }), ['I6']],
  ['labels of somebody else', records({ generations: [generation({ metadata: { nonce: 'chaos-00001-00000000' } })] }), ['I7']],
  ['a window that is too full', records({ requests: Array.from({ length: 21 }, (_, index) => submitAt(index * 90)) }), ['I8']],
  ['too many events', records({ histories: [history({ events: 33 })] }), ['I9']],
  ['too much history', records({ histories: [history({ sizeBytes: 70_000 })] }), ['I9']],
  [
    'a settlement that still runs',
    records({ ...twoHistories(history({ type: 'SettleAttempt', workflowId: 'settle/1', status: 'RUNNING' })) }),
    ['I10'],
  ],
  [
    'a temporary file that stays',
    records({ left: { temporaryFiles: ['x'], unreferencedPictures: [], storedPictures: 1 } }),
    ['I10'],
  ],
  ['a failed workflow task', records({ histories: [history({ failedWorkflowTasks: ['cause 1'] })] }), ['I11']],
  ['a history that does not replay', records({ replay: { replayed: 1, errors: ['nondeterminism'] } }), ['I11']],
  ['a history that was not replayed', records({ replay: { replayed: 0, errors: [] } }), ['I11']],
  [
    'a process that ended by itself',
    records({ exits: [{ name: 'worker-a', atMs: 0, code: 1, signal: null, row: null, wasReady: true, lastWords: 'Error: x' }] }),
    ['I11'],
  ],
  ['a 500', records({ http: { byStatus: { '500': 1 }, faults: ['500 x'] } }), ['I11']],
  ['an end before the task had one', withAttempts([attempt()], [task({ state: 'running', finishedAtMs: null })]), ['I12']],
  ['a success that the provider calls failed', withAttempts([attempt()], [task({ state: 'failed' })]), ['I12']],
  [
    "somebody else's task, adopted",
    withAttempts(
      [attempt({ adopted: true, providerTaskId: 'task-2', state: 'settled', verdict: 'unresolved' })],
      [task(), otherTask],
    ),
    ['I4', 'I5', 'I12'],
  ],
  ['an acknowledged callback that never arrived', records({ histories: [history({ signals: [] })] }), ['I12']],
  ['a row that never struck', records({ rows: [{ id: 'P5', planned: 3, fired: 0 }] }), ['I13']],
]

function spoilPicture(changes: Partial<ChaosRecords['pictures'][number]>): ChaosRecords {
  return records({ pictures: records().pictures.map((picture) => ({ ...picture, ...changes })) })
}

function startingFrom(references: ReturnType<typeof task>['references']): ChaosRecords {
  const plan = records().plan.map((planned) => ({ ...planned, uploadSha256: 'c'.repeat(64) }))
  return records({ plan, tasks: [task({ references })] })
}

function twoHistories(other: ReturnType<typeof history>): Partial<ChaosRecords> {
  return { histories: [history(), other], replay: { replayed: 2, errors: [] } }
}

describe('the checker', () => {
  test('a run in which all is well is green', () => {
    const { findings, isGreen, money } = judge(records())
    assert.deepEqual(
      findings.flatMap(({ breaches }) => breaches),
      [],
    )
    assert.equal(isGreen, true)
    assert.equal(money.lost, 0)
    assert.equal(money.tasksMade, 1)
  })

  for (const [what, spoilt, expected] of cases) {
    test(`${what}: ${expected.join(', ')}`, () => {
      assert.deepEqual(redOf(spoilt), expected)
      assert.equal(judge(spoilt).isGreen, false)
    })
  }

  test('a process that starts while Temporal is away may say so and end, once Temporal was killed at all', () => {
    const exit = { name: 'worker-a', atMs: 0, code: 3, signal: null, row: null, wasReady: false, lastWords: 'not reachable' }
    const rows = [{ id: 'T1', planned: 1, fired: 1 }]
    assert.deepEqual(redOf(records({ exits: [exit], rows })), [])
    assert.deepEqual(redOf(records({ exits: [exit] })), ['I11'])
    assert.deepEqual(redOf(records({ exits: [{ ...exit, wasReady: true }], rows })), ['I11'])
    assert.deepEqual(redOf(records({ exits: [{ ...exit, code: 1 }], rows })), ['I11'])
  })

  test('the picture to start from, as it was uploaded, is no breach', () => {
    assert.deepEqual(redOf(startingFrom([{ kind: 'data', sha256: 'c'.repeat(64) }])), [])
  })

  test('a callback after the poll has found the end costs more events and is no breach of I9, nor looked at', () => {
    const polled = history({ events: 33, firedTimers: 1 })
    const { findings } = judge(records({ histories: [polled] }))
    assert.deepEqual(redOf(records({ histories: [polled] })), [])
    assert.equal(findings.find((finding) => finding.id === 'I9')?.checked, 0)
  })

  test('a second attempt after a marked one is no breach, and an unresolved row leaves room for its task', () => {
    const left = attempt({
      ...abandoned,
      state: 'settled',
      verdict: 'unresolved',
      providerTaskId: null,
      possibleExtraCharge: true,
    })
    const served = attempt({ ...second, providerTaskId: 'task-2' })
    const spoilt = records({
      generations: [
        generation({
          attempts: [left, served],
          servedBy: { provider: 'defapi', model: 'x', providerTaskId: 'task-2', item: 0, attempt: 2 },
        }),
      ],
      tasks: [task(), defapiTask],
      pictures: records().pictures.map((picture) => ({ ...picture, attempt: 2 })),
    })
    assert.deepEqual(redOf(spoilt), [])
    assert.equal(judge(spoilt).money.unresolved, 1)
  })

  test('a paid task that no row names or leaves room for is counted as not reported', () => {
    const { money, isGreen } = judge(withAttempts([attempt()], [task(), task({ taskId: 'task-9', reply: 'two_task_ids' })]))
    assert.equal(money.duplicatesNotReported, 1)
    assert.equal(isGreen, false)
  })

  test('a picture of another generation is seen although its bytes are those of its task', () => {
    const spoilt = records({
      generations: [generation({ attempts: [attempt({ providerTaskId: 'task-2' })] })],
      tasks: [task(), otherTask],
    })
    assert.ok(redOf(spoilt).includes('I5'), redOf(spoilt).join(', '))
  })

  test('windows slide and begin after their first moment', () => {
    assert.equal(mostInWindow([0, 999, 1_000, 1_999], 1_000), 2)
    assert.equal(mostInWindow([5, 1, 3], 1_000), 3)
    assert.equal(
      mostAtOnce([
        { fromMs: 0, toMs: 10 },
        { fromMs: 10, toMs: 20 },
        { fromMs: 5, toMs: 12 },
      ]),
      2,
    )
  })

  test('secrets are found by their text and by their shape', () => {
    const token = `/v1/callbacks/kie/v1.abcdefgh.${'x'.repeat(60)}`
    assert.deepEqual(search('x', `a ${token} b`, { ...secretShapes, key: 'hidden' }).found, ['callback token'])
    assert.deepEqual(search('x', `hidden ${sha}`, { ...secretShapes, key: 'hidden' }).found, ['key'])
  })
})
