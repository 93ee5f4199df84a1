// The table of `decide`: every state a generation can be in, and what follows.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { BusyReport } from '../../../src/activities/types.ts'
import type { PauseAuthor, RefusalReason } from '../../../src/contract/index.ts'
import { attemptEndsAtMs, decide, lastMomentMs } from '../../../src/workflows/decide.ts'
import type { Step } from '../../../src/workflows/decide.ts'
import { mayHaveCost, outcomeWhenLeft, paidAttempts, phaseOf } from '../../../src/workflows/state.ts'
import type { AttemptPhase, AttemptRecord, GenerationState } from '../../../src/workflows/state.ts'
import { attempt, attemptDeadlineMs, entry, nowMs, state } from './stories.ts'

const dearThenCheap = [entry('kie', { priceUsd: 0.05 }), entry('defapi')]

function summary(step: Step): string {
  switch (step.kind) {
    case 'submit':
      return `submit ${step.number} to entry ${step.entry}`
    case 'fail':
      return `fail ${step.failure.type}`
    case 'await':
    case 'listen':
    case 'queue':
    case 'leave_line':
    case 'watch':
    case 'store':
      return `${step.kind} ${step.attempt.number}`
    case 'split':
      return `split at entry ${step.entry}`
    case 'conclude':
      return `conclude with item ${step.served.item}`
    case 'finish':
      return 'finish'
  }
}

interface Row {
  when: string
  state: GenerationState
  next: string
}

const refused = (reason: RefusalReason, phase: 'rejected' | 'failed' = 'rejected'): AttemptRecord => attempt(phase, { reason })

const inLine = (busy: Partial<BusyReport> = {}, sinceMs = nowMs): AttemptRecord => {
  const report: BusyReport = { because: 'window', pausedBy: null, reason: null, message: 'full', pauseEndsInMs: null, ...busy }
  const pauseEndsAtMs = report.pauseEndsInMs === null ? null : sinceMs + report.pauseEndsInMs
  return attempt('queued', { line: { sinceMs, busy: report, pauseEndsAtMs } })
}
const paused = (reason: BusyReport['reason'], pauseEndsInMs: number | null, pausedBy: PauseAuthor = 'provider'): AttemptRecord =>
  inLine({ because: 'paused', reason, pausedBy, pauseEndsInMs })
const second = (phase: AttemptPhase, more: Partial<AttemptRecord> = {}): AttemptRecord =>
  attempt(phase, { number: 2, entry: 1, ...more })
const onlyKie = { route: [entry('kie')] }

const table: Row[] = [
  // in line
  { when: 'no account has room', state: state([inLine()]), next: 'queue 1' },
  { when: 'its turn has come', state: state([attempt('turn')]), next: 'submit 1 to entry 0' },
  {
    when: 'its turn has come a moment before the deadline',
    state: state([attempt('turn')], {}, { deadlineAtMs: nowMs + 1_000 }),
    next: 'leave_line 1',
  },
  { when: 'in line for as long as the request waits', state: state([inLine({}, nowMs - 120_000)]), next: 'leave_line 1' },
  {
    when: 'in line for long at the only provider',
    state: state([inLine({}, nowMs - 120_000)], {}, onlyKie),
    next: 'queue 1',
  },
  {
    when: 'in line at the only provider until the deadline',
    state: state([inLine()], {}, { ...onlyKie, deadlineAtMs: nowMs + 1_000 }),
    next: 'leave_line 1',
  },
  { when: 'a rate limit pauses every account', state: state([paused('rate_limited', 10_000)]), next: 'queue 1' },
  { when: 'a rate limit pauses for longer than it waits', state: state([paused('rate_limited', 300_000)]), next: 'leave_line 1' },
  { when: 'maintenance, and another provider is there', state: state([paused('maintenance', 10_000)]), next: 'leave_line 1' },
  { when: 'maintenance at the only provider', state: state([paused('maintenance', 10_000)], {}, onlyKie), next: 'queue 1' },
  { when: 'no credits at the only provider', state: state([paused('no_credits', null)], {}, onlyKie), next: 'leave_line 1' },
  {
    when: 'an operator paused the only provider',
    state: state([paused('operator', null, 'operator')], {}, onlyKie),
    next: 'queue 1',
  },
  // left behind, and still watched
  {
    when: 'the one left behind finished first',
    state: state([attempt('succeeded'), second('accepted')]),
    next: 'store 1',
  },
  {
    when: 'the second was refused while the first still works',
    state: state([attempt('overdue'), second('rejected', { reason: 'content_policy' })]),
    next: 'watch 1',
  },
  {
    when: 'the second failed, and the first still works: nothing more can be paid, but there is something to wait for',
    state: state([attempt('overdue'), second('failed', { reason: 'provider_fault' })]),
    next: 'watch 1',
  },
  {
    when: 'the second failed, and of the first nothing was ever heard',
    state: state([attempt('unheard'), second('failed', { reason: 'provider_fault' })]),
    next: 'fail ProvidersExhausted',
  },
  {
    when: 'the one left behind failed while the second works',
    state: state([attempt('failed', { reason: 'provider_fault' }), second('accepted')]),
    next: 'await 2',
  },
  {
    when: 'the one left behind works until the deadline',
    state: state([attempt('overdue'), second('rejected', { reason: 'auth' })], {}, { deadlineAtMs: nowMs + 500 }),
    next: 'fail DeadlineExceeded',
  },
  {
    when: 'the one left behind was refused for its content while the second stands in line',
    state: state([attempt('failed', { reason: 'content_policy' }), { ...inLine(), number: 2, entry: 1 }]),
    next: 'leave_line 2',
  },
  // money
  {
    when: 'a second attempt would cost too much',
    state: state([attempt('failed', { reason: 'provider_fault' })], { maxCostUsd: 0.03 }),
    next: 'fail CostLimitReached',
  },
  {
    when: 'a second attempt just fits, in floating point too',
    state: state([attempt('failed', { reason: 'provider_fault' })], { maxCostUsd: 0.04 }),
    next: 'submit 2 to entry 1',
  },
  {
    when: 'a price is not known and the cost is limited',
    state: state([], { maxCostUsd: 1 }, { route: [{ ...entry('kie'), priceUsd: null }] }),
    next: 'fail CostLimitReached',
  },
  {
    when: 'the first of the route costs too much, a later one does not',
    state: state([], { maxCostUsd: 0.03 }, { route: dearThenCheap }),
    next: 'submit 1 to entry 1',
  },
  {
    when: 'the first of the route costs too much, and there is no fallback',
    state: state([], { maxCostUsd: 0.03, fallback: false }, { route: [{ ...entry('kie'), priceUsd: 0.05 }, entry('defapi')] }),
    next: 'fail CostLimitReached',
  },
  {
    when: 'after what was paid the second costs too much, the third does not',
    state: state([attempt('overdue')], { maxCostUsd: 0.05 }, { route: [entry('kie'), ...dearThenCheap] }),
    next: 'submit 2 to entry 2',
  },
  {
    when: 'to ask again would cost too much, and so would the next',
    state: state([attempt('unheard')], { maxCostUsd: 0.03, onUnknown: 'resubmit' }),
    next: 'fail CostLimitReached',
  },
  {
    when: 'onOverdue wait, a moment before the deadline',
    state: state([attempt('overdue')], { onOverdue: 'wait' }, { deadlineAtMs: nowMs + 700 }),
    next: 'fail DeadlineExceeded',
  },
  {
    when: 'nothing was heard until a moment before the deadline',
    state: state([attempt('unheard')], {}, { deadlineAtMs: nowMs + 700 }),
    next: 'fail DeadlineExceeded',
  },
  { when: 'nothing has been tried', state: state([]), next: 'submit 1 to entry 0' },
  {
    when: 'nothing has been tried and the deadline has passed',
    state: state([], {}, { deadlineAtMs: nowMs }),
    next: 'fail DeadlineExceeded',
  },
  { when: 'the provider took the task', state: state([attempt('accepted')]), next: 'await 1' },
  { when: 'the provider has finished', state: state([attempt('succeeded')]), next: 'store 1' },
  {
    when: 'the provider finished after the deadline: it is paid, so it is stored',
    state: state([attempt('succeeded')], {}, { deadlineAtMs: nowMs }),
    next: 'store 1',
  },
  { when: 'a submit got no readable answer', state: state([attempt('unknown')]), next: 'listen 1' },
  { when: 'nothing was heard, onUnknown fallback', state: state([attempt('unheard')]), next: 'submit 2 to entry 1' },
  {
    when: 'nothing was heard, onUnknown resubmit',
    state: state([attempt('unheard')], { onUnknown: 'resubmit' }),
    next: 'submit 2 to entry 0',
  },
  {
    when: 'nothing was heard, onUnknown fail',
    state: state([attempt('unheard')], { onUnknown: 'fail' }),
    next: 'fail UnknownOutcome',
  },
  {
    when: 'nothing was heard and the paid attempts are used up',
    state: state([attempt('unheard')], { maxPaidAttempts: 1 }),
    next: 'fail PaidAttemptsExhausted',
  },
  { when: 'the deadline of the attempt passed', state: state([attempt('overdue')]), next: 'submit 2 to entry 1' },
  {
    when: 'the deadline of both passed',
    state: state([attempt('overdue')], {}, { deadlineAtMs: nowMs - 1 }),
    next: 'fail DeadlineExceeded',
  },
  {
    when: 'all tries were refused for now',
    state: state([attempt('exhausted', { reason: 'rate_limited' })]),
    next: 'submit 2 to entry 1',
  },
  {
    when: 'our ledger was away and nothing was sent',
    state: state([attempt('exhausted', { reason: 'ledger_unavailable' })]),
    next: 'submit 2 to entry 0',
  },
  {
    when: 'all tries were refused, no fallback',
    state: state([attempt('exhausted')], { fallback: false }),
    next: 'fail ProvidersExhausted',
  },
  {
    when: 'the second provider is exhausted too',
    state: state([attempt('exhausted'), attempt('exhausted', { number: 2, entry: 1 })]),
    next: 'fail ProvidersExhausted',
  },
  { when: 'content refused', state: state([refused('content_policy')]), next: 'fail ContentRefused' },
  {
    when: 'content refused, onRefusal fallback',
    state: state([refused('content_policy')], { onRefusal: 'fallback' }),
    next: 'submit 2 to entry 1',
  },
  { when: 'the task failed for content', state: state([refused('content_policy', 'failed')]), next: 'fail ContentRefused' },
  { when: 'input refused', state: state([refused('invalid_input')]), next: 'fail InputRefused' },
  { when: 'reference image not fetched', state: state([refused('source_image', 'failed')]), next: 'fail InputRefused' },
  {
    when: 'the copy of a picture was gone, for free: the same provider again',
    state: state([attempt('failed', { reason: 'upload_gone', provenFree: true })], { fallback: false }),
    next: 'submit 2 to entry 0',
  },
  {
    when: 'the copy of a picture was gone again: the next one',
    state: state([
      attempt('failed', { reason: 'upload_gone', provenFree: true }),
      attempt('failed', { reason: 'upload_gone', provenFree: true, number: 2 }),
    ]),
    next: 'submit 3 to entry 1',
  },
  {
    when: 'the copy of a picture was gone, and it may have cost: the next one',
    state: state([attempt('failed', { reason: 'upload_gone' })]),
    next: 'submit 2 to entry 1',
  },
  { when: 'no credits', state: state([refused('no_credits')]), next: 'submit 2 to entry 1' },
  { when: 'key refused', state: state([refused('auth')]), next: 'submit 2 to entry 1' },
  { when: 'model not offered', state: state([refused('model_unavailable')]), next: 'submit 2 to entry 1' },
  {
    when: 'the provider failed, not proven free',
    state: state([refused('provider_fault', 'failed')]),
    next: 'submit 2 to entry 1',
  },
  {
    when: 'the provider failed and only one may be paid',
    state: state([refused('provider_fault', 'failed')], { maxPaidAttempts: 1 }),
    next: 'fail PaidAttemptsExhausted',
  },
  {
    when: 'the provider failed for free and only one may be paid',
    state: state([attempt('failed', { reason: 'provider_fault', provenFree: true })], { maxPaidAttempts: 1 }),
    next: 'submit 2 to entry 1',
  },
  { when: 'success without a picture', state: state([refused('empty_result', 'failed')]), next: 'submit 2 to entry 1' },
  {
    when: 'a route of one provider that refuses for good',
    state: state([refused('auth')], {}, { route: [entry('kie')] }),
    next: 'fail ProvidersExhausted',
  },
]

for (const row of table) {
  test(`decide: ${row.when} → ${row.next}`, () => {
    assert.equal(summary(decide(row.state, nowMs)), row.next)
  })
}

test('an attempt that nothing can follow keeps the whole deadline of the generation', () => {
  const open = attempt('accepted')
  assert.equal(attemptEndsAtMs(state([open]), open), nowMs + attemptDeadlineMs)
  assert.equal(attemptEndsAtMs(state([open], { onOverdue: 'wait' }), open), nowMs + 1_800_000)
  assert.equal(attemptEndsAtMs(state([open], { fallback: false }), open), nowMs + 1_800_000)
  assert.equal(attemptEndsAtMs(state([open], { maxPaidAttempts: 1 }), open), nowMs + 1_800_000)
  const follower = second('accepted')
  assert.equal(attemptEndsAtMs(state([attempt('exhausted'), follower]), follower), nowMs + 1_800_000)
})

test('a ledger state without a task id never counts as accepted, and only free ends count as free', () => {
  const standing = { providerTaskId: null, recorded: true, reason: null, message: null, provenFree: false, tries: 1 }
  assert.equal(phaseOf({ ...standing, state: 'abandoned' }), 'unheard')
  assert.equal(phaseOf({ ...standing, state: 'abandoned', providerTaskId: 'task-1' }), 'overdue')
  assert.equal(phaseOf({ ...standing, state: 'sending' }), 'unknown')
  assert.equal(phaseOf({ ...standing, state: 'withdrawn' }), 'exhausted')
  assert.equal(outcomeWhenLeft(attempt('accepted')), 'overdue')
  assert.equal(outcomeWhenLeft(attempt('unheard')), 'unknown')
})

const phases: AttemptPhase[] = ['accepted', 'unknown', 'unheard', 'overdue', 'succeeded', 'failed', 'rejected', 'exhausted']
const reasons: (RefusalReason | null)[] = [
  null,
  'content_policy',
  'invalid_input',
  'no_credits',
  'provider_fault',
  'ledger_unavailable',
  'rate_limited',
]

test('whatever happened, decide never spends beyond maxPaidAttempts, never after the deadline, and never leaves the route (I3)', () => {
  const anyAttempt = fc.record({
    phase: fc.constantFrom(...phases),
    reason: fc.constantFrom(...reasons),
    provenFree: fc.boolean(),
    entry: fc.nat({ max: 1 }),
  })
  const anyPolicy = fc.record({
    fallback: fc.boolean(),
    onUnknown: fc.constantFrom('fallback' as const, 'resubmit' as const, 'fail' as const),
    onOverdue: fc.constantFrom('fallback' as const, 'wait' as const),
    onRefusal: fc.constantFrom('fail' as const, 'fallback' as const),
    maxPaidAttempts: fc.integer({ min: 1, max: 5 }),
  })
  fc.assert(
    fc.property(
      fc.array(anyAttempt, { maxLength: 6 }),
      anyPolicy,
      fc.integer({ min: -10, max: 6_000 }),
      (attempts, policy, leftMs) => {
        const built = attempts.map((one, index) => attempt(one.phase, { ...one, number: index + 1 }))
        const at = state(built, policy, { deadlineAtMs: nowMs + leftMs })
        const step = decide(at, nowMs)
        if (step.kind !== 'submit') return
        assert.ok(leftMs > (built.length === 0 ? 0 : lastMomentMs), 'a second spend needs time to be waited for')
        assert.ok(paidAttempts(at) < policy.maxPaidAttempts)
        assert.ok(at.route[step.entry] !== undefined)
        assert.equal(step.number, built.length + 1)
        const last = built.at(-1)
        assert.ok(last === undefined || (last.phase !== 'accepted' && last.phase !== 'unknown' && last.phase !== 'succeeded'))
        if (!policy.fallback && last !== undefined) assert.equal(step.entry, last.entry)
        assert.equal(built.filter((one) => mayHaveCost(one)).length, paidAttempts(at))
      },
    ),
    { numRuns: 5_000 },
  )
})
