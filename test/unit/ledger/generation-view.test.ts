// What a reader sees, from rows alone.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Selectable } from 'kysely'
import type { AttemptState, GenerationStatus } from '../../../src/contract/index.ts'
import { attemptStates } from '../../../src/contract/word-lists.ts'
import { openStatus } from '../../../src/ledger/generation-status.ts'
import { type GenerationRows, toGeneration } from '../../../src/ledger/generation-view.ts'
import type { AttemptsTable, ExtraTasksTable, GenerationsTable } from '../../../src/ledger/schema.ts'
import { testLinks } from '../../helpers/ledger.ts'

const at = (second: number): Date => new Date(Date.UTC(2026, 10, 22, 10, 0, second))

function generationRow(changes: Partial<Selectable<GenerationsTable>> = {}): Selectable<GenerationsTable> {
  return {
    id: 'gen_1',
    request_sha256: 'a',
    idempotency_sha256: null,
    request: { model: 'nano-banana', prompt: 'a fox' },
    mode: 'mock',
    plan: {},
    fidelity: null,
    status: null,
    served_by_attempt: null,
    served_by_item: 0,
    decisions: [],
    failure: null,
    item_failures: [],
    created_at: at(0),
    closed_at: null,
    tenant: 'default',
    reserved_usd: '0',
    booked_usd: '0',
    ...changes,
  }
}

function attemptRow(changes: Partial<Selectable<AttemptsTable>> = {}): Selectable<AttemptsTable> {
  return {
    generation_id: 'gen_1',
    item: 0,
    attempt: 1,
    provider: 'kie',
    account: 'default',
    base_url: 'http://127.0.0.1:9',
    mode: 'mock',
    api: 'market',
    model: 'google/nano-banana',
    request_sha256: 'b',
    state: 'accepted',
    send_id: null,
    send_started_at: null,
    first_send_started_at: null,
    send_deadline_at: null,
    tries: 1,
    provider_task_id: 'task',
    adopted: false,
    outcome: null,
    reason: null,
    message: null,
    pictures: 1,
    estimate_usd: null,
    estimate_credits: null,
    cost_usd: null,
    cost_credits: null,
    cost_source: 'none',
    proven_free: false,
    possible_extra_charge: false,
    created_at: at(0),
    accepted_at: null,
    finished_at: null,
    end_known_at: null,
    entry: 0,
    verdict: null,
    settled_at: null,
    ...changes,
  }
}

const measured = (usd: string | null) => ({ cost_usd: usd, cost_source: 'measured' as const })
const estimated = (usd: string | null) => ({ cost_usd: usd, cost_source: 'estimated' as const })
function extraTaskRow(changes: Partial<Selectable<ExtraTasksTable>> = {}): Selectable<ExtraTasksTable> {
  return {
    generation_id: 'gen_1',
    item: 0,
    attempt: 1,
    provider_task_id: 'other task',
    verdict: null,
    ...estimated('0.1'),
    cost_credits: null,
    created_at: at(1),
    settled_at: null,
    ...changes,
  }
}

const noRows = { images: [], extraTasks: [], openClaims: [], firstCallbacks: [], inLine: [] }
const view = (
  attempts: Selectable<AttemptsTable>[],
  changes: Partial<Selectable<GenerationsTable>> = {},
  rows: Partial<GenerationRows> = {},
) => toGeneration({ ...noRows, generation: generationRow(changes), attempts, ...rows }, testLinks)

describe('the status of an open generation', () => {
  const expected: Record<AttemptState, GenerationStatus> = {
    claimed: 'submitting',
    sending: 'submitting',
    accepted: 'waiting',
    unknown: 'listening',
    succeeded: 'storing',
    failed: 'submitting',
    abandoned: 'submitting',
    rejected: 'submitting',
    withdrawn: 'submitting',
    settled: 'submitting',
  }
  for (const state of attemptStates) {
    test(`newest attempt ${state} → ${expected[state]}`, () => {
      assert.equal(openStatus(true, { state, isInLine: false }), expected[state])
      assert.equal(openStatus(false, { state, isInLine: false }), expected[state])
    })
    test(`newest attempt ${state}, with a place in line → ${state === 'claimed' ? 'queued' : expected[state]}`, () => {
      assert.equal(openStatus(true, { state, isInLine: true }), state === 'claimed' ? 'queued' : expected[state])
    })
  }
  test('only the place of the newest attempt counts', () => {
    const rows = [attemptRow({ attempt: 1, state: 'abandoned' }), attemptRow({ attempt: 2, state: 'claimed' })]
    const place = (attempt: number) => ({ inLine: [{ generationId: 'gen_1', item: 0, attempt }] })
    assert.equal(view(rows, {}, place(1)).status, 'submitting')
    assert.equal(view(rows, {}, place(2)).status, 'queued')
  })
  test('no attempt → planning without a plan, submitting with one', () => {
    assert.equal(openStatus(false, null), 'planning')
    assert.equal(openStatus(true, null), 'submitting')
  })
  test('an end is what was written, whatever the attempts say', () => {
    assert.equal(view([attemptRow()]).status, 'waiting')
    assert.equal(view([attemptRow()], { status: 'cancelled', closed_at: at(9) }).status, 'cancelled')
  })
  test('the newest attempt counts, in whatever order the rows come', () => {
    const rows = [
      attemptRow({ attempt: 3, state: 'unknown' }),
      attemptRow({ attempt: 1 }),
      attemptRow({ attempt: 2, state: 'claimed' }),
    ]
    const generation = view(rows)
    assert.equal(generation.status, 'listening')
    assert.deepEqual(
      generation.attempts.map(({ number }) => number),
      [1, 2, 3],
    )
  })
})

describe('the cost of a generation', () => {
  const cases: [string, Selectable<AttemptsTable>[], ReturnType<typeof view>['cost']][] = [
    ['nothing tried', [], { usd: 0, source: 'none' }],
    [
      'only free attempts',
      [attemptRow({ state: 'rejected', proven_free: true, cost_usd: '0' }), attemptRow({ attempt: 2, state: 'claimed' })],
      { usd: 0, source: 'none' },
    ],
    ['measured everywhere', [attemptRow({ state: 'succeeded', ...measured('0.02') })], { usd: 0.02, source: 'measured' }],
    [
      'an estimate among the parts makes the sum an estimate',
      [
        attemptRow({ state: 'abandoned', ...estimated('0.1') }),
        attemptRow({ attempt: 2, state: 'succeeded', ...measured('0.2') }),
      ],
      { usd: 0.3, source: 'estimated' },
    ],
    [
      'a part without a figure leaves the sum without one',
      [attemptRow({ state: 'unknown' }), attemptRow({ attempt: 2, state: 'succeeded', ...measured('0.2') })],
      { usd: null, source: 'none' },
    ],
    [
      'a free part takes no part, whatever its source',
      [
        attemptRow({ state: 'failed', proven_free: true, ...estimated('9') }),
        attemptRow({ attempt: 2, state: 'succeeded', ...measured('0.2') }),
      ],
      { usd: 0.2, source: 'measured' },
    ],
    ['a POST that is just being made has no figure yet', [attemptRow({ state: 'sending' })], { usd: 0, source: 'none' }],
    [
      'credits alone are no dollars',
      [attemptRow({ state: 'succeeded', cost_credits: '4', ...measured(null) })],
      { usd: null, source: 'none' },
    ],
    ['a settled attempt counts', [attemptRow({ state: 'settled', ...measured('0.5') })], { usd: 0.5, source: 'measured' }],
  ]
  for (const [name, attempts, cost] of cases) test(name, () => assert.deepEqual(view(attempts).cost, cost))

  test('tasks beside the own one count too, unless they turned out free', () => {
    const attempts = [attemptRow({ state: 'succeeded', ...measured('0.2') })]
    const cost = (...extraTasks: Selectable<ExtraTasksTable>[]) => view(attempts, {}, { extraTasks }).cost
    assert.deepEqual(cost(extraTaskRow()), { usd: 0.3, source: 'estimated' })
    assert.deepEqual(cost(extraTaskRow({ verdict: 'confirmed_extra', ...measured('0.05') })), { usd: 0.25, source: 'measured' })
    assert.deepEqual(cost(extraTaskRow({ verdict: 'failed_free', cost_usd: '0', cost_source: 'none' })), {
      usd: 0.2,
      source: 'measured',
    })
  })
})

describe('what settlement found', () => {
  test('verdicts, extra tasks and open claims stand at their attempt, and spares among the pictures', () => {
    const settled = attemptRow({ state: 'settled', verdict: 'confirmed_extra', settled_at: at(50), ...measured('0.2') })
    const second = attemptRow({ attempt: 2, state: 'succeeded', ...measured('0.2') })
    const generation = view(
      [settled, second],
      { tenant: 'team-7' },
      {
        extraTasks: [extraTaskRow({ attempt: 2, verdict: 'unresolved' })],
        openClaims: [{ generationId: 'gen_1', item: 0, attempt: 1, claimedTaskId: 'claimed' }],
      },
    )
    const extra = { providerTaskId: 'other task', verdict: 'unresolved', cost: { usd: 0.1, credits: null, source: 'estimated' } }
    assert.equal(generation.tenant, 'team-7')
    assert.deepEqual(
      generation.attempts.map(({ verdict, settledAt, extraTasks, openClaims }) => [verdict, settledAt, extraTasks, openClaims]),
      [
        ['confirmed_extra', '2026-11-22T10:00:50.000Z', [], 1],
        [null, null, [extra], 0],
      ],
    )
  })
})

describe('timings', () => {
  test('from the first POST of all to the last byte, through the attempt that served', () => {
    const first = attemptRow({ state: 'withdrawn', first_send_started_at: at(1), send_started_at: at(5) })
    const second = attemptRow({
      attempt: 2,
      state: 'succeeded',
      first_send_started_at: at(10),
      send_started_at: at(11),
      accepted_at: at(13),
      finished_at: at(33),
    })
    const { timings, servedBy } = view([first, second], { status: 'completed', closed_at: at(34), served_by_attempt: 2 })
    assert.deepEqual(timings, { untilSubmitMs: 1_000, submitMs: 2_000, providerMs: 20_000, storeMs: 1_000, totalMs: 34_000 })
    assert.deepEqual(servedBy, { provider: 'kie', model: 'google/nano-banana', providerTaskId: 'task', item: 0, attempt: 2 })
  })
  test('what did not happen has none, and clocks that disagree give no negative ones', () => {
    const none = { untilSubmitMs: null, submitMs: null, providerMs: null, storeMs: null, totalMs: null }
    assert.deepEqual(view([]).timings, none)
    assert.deepEqual(view([attemptRow()]).servedBy, null)
    const early = attemptRow({ accepted_at: at(5), finished_at: at(4) })
    assert.equal(view([early], { status: 'completed', closed_at: at(6), served_by_attempt: 1 }).timings.providerMs, 0)
  })
})
