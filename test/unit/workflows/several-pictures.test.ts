// `decide` and `apply` where several pictures are wanted: when a story splits, what an item may spend, how the parts end as one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { AttemptStanding, PlannedEntry, RoutePolicy } from '../../../src/activities/types.ts'
import { decide } from '../../../src/workflows/decide.ts'
import type { Step } from '../../../src/workflows/decide.ts'
import { apply, committedUsd, isLeft, listPriceUsd, newStory } from '../../../src/workflows/state.ts'
import type { GenerationState, ItemEnd, Share } from '../../../src/workflows/state.ts'
import { entry as entryOf, nowMs, planOf } from './stories.ts'

const entry = (provider: 'kie' | 'defapi', wholeUsd: number | null = null): PlannedEntry =>
  entryOf(provider, { whole: wholeUsd === null ? null : { priceUsd: wholeUsd } })

function story(route: PlannedEntry[], share: Partial<Share>, changes: Partial<RoutePolicy> = {}): GenerationState {
  return newStory(planOf(route, changes), share)
}

const standing = (state: AttemptStanding['state'], more: Partial<AttemptStanding> = {}): AttemptStanding => ({
  state,
  providerTaskId: state === 'accepted' || state === 'succeeded' || state === 'failed' ? 'task' : null,
  recorded: true,
  reason: null,
  message: null,
  provenFree: false,
  tries: 1,
  ...more,
})

/** After these submits, each at the next entry of the route. */
function after(state: GenerationState, ...standings: AttemptStanding[]): GenerationState {
  return standings.reduce((told, one, index) => {
    const number = told.share.earlierAttempts + index + 1
    const step = { kind: 'submitted' as const, number, entry: told.share.entry + index, standing: one }
    return apply(told, step, nowMs)
  }, state)
}

const brief = (step: Step): string => {
  if (step.kind === 'fail') return `fail ${step.failure.type}`
  if (step.kind === 'submit') return `submit ${step.number} to ${step.entry}`
  if (step.kind === 'split') return `split at ${step.entry}`
  return step.kind === 'conclude' ? `conclude with ${step.served.item}` : step.kind
}
const next = (state: GenerationState): string => brief(decide(state, nowMs))

const kieTakesAll = [entry('kie', 0.05), entry('defapi')]
const failed = standing('failed', { reason: 'provider_fault' })

test('a story of several splits at the first entry that makes one per task, and not before', () => {
  assert.equal(next(story([entry('kie'), entry('defapi')], { pictures: 3 })), 'split at 0')
  assert.equal(next(story(kieTakesAll, { pictures: 3 })), 'submit 1 to 0')
  assert.equal(next(after(story(kieTakesAll, { pictures: 3 }), failed)), 'split at 1')
  assert.equal(next(story([entry('kie'), entry('defapi')], { pictures: 1 })), 'submit 1 to 0')
  const bothTakeAll = [entry('kie', 0.05), entry('defapi', 0.05)]
  assert.equal(next(after(story(bothTakeAll, { pictures: 3 }), failed)), 'submit 2 to 1')
})

test('what may not be paid does not split either', () => {
  assert.equal(next(story([entry('kie')], { pictures: 3 }, { maxCostUsd: 0.05 })), 'fail CostLimitReached')
  const kieIsDear = [entry('kie', 0.09), entry('defapi')]
  assert.equal(next(story(kieIsDear, { pictures: 3 }, { maxCostUsd: 0.08 })), 'split at 1', 'one by one costs less')
  assert.equal(next(after(story(kieTakesAll, { pictures: 3 }, { maxPaidAttempts: 1 }), failed)), 'fail PaidAttemptsExhausted')
  assert.equal(next(after(story(kieTakesAll, { pictures: 3 }, { fallback: false }), failed)), 'fail ProvidersExhausted')
})

test('an item goes on behind the task for all: by number, by entry, and by what was paid', () => {
  const share = { item: 2, entry: 1, earlierAttempts: 1, earlierPaid: 1 }
  const item = story([...kieTakesAll, entry('kie')], share)
  assert.equal(next(item), 'submit 2 to 1')
  assert.equal(next(after(item, failed)), 'fail PaidAttemptsExhausted', 'one was paid for all, one for it')
  assert.equal(next(after(story(item.route, { ...share, earlierPaid: 0 }), failed)), 'submit 3 to 2')
})

test('a task for all is left behind as soon as there are items', () => {
  const told = after(story(kieTakesAll, { pictures: 3 }), standing('accepted'))
  const [whole] = told.attempts
  assert.ok(whole)
  assert.equal(isLeft(told, whole), false)
  assert.equal(isLeft(apply(told, { kind: 'split' }, nowMs), whole), true)
})

const served = (item: number): ItemEnd => ({ item, served: true, entry: 0, attempt: 1 })
const lost = (item: number): ItemEnd => ({ item, served: false, failure: { type: 'ContentRefused', message: 'no' } })
const ended = (state: GenerationState, items: ItemEnd[]): GenerationState =>
  apply(apply(state, { kind: 'split' }, nowMs), { kind: 'items_ended', items }, nowMs)

test('the parts end as one: all, some, none', () => {
  const root = story([entry('kie')], { pictures: 2 })
  assert.equal(next(ended(root, [served(0), served(1)])), 'conclude with 0')
  assert.equal(next(ended(root, [lost(0), served(1)])), 'conclude with 1')
  assert.equal(next(ended(root, [lost(0), lost(1)])), 'fail ContentRefused')
})

test('a task for all that delivered makes good what items lack; one that still works is waited for where something is lacking', () => {
  const delivered = after(story(kieTakesAll, { pictures: 2 }), standing('succeeded'))
  assert.equal(next(ended(delivered, [served(0), lost(1)])), 'store')
  assert.equal(next(ended(delivered, [served(0), served(1)])), 'conclude with 0', 'nothing is lacking')
  const accepted = after(story(kieTakesAll, { pictures: 2 }), standing('accepted'))
  const overdue = apply(accepted, { kind: 'overdue', number: 1, message: 'late' }, nowMs)
  assert.equal(next(ended(overdue, [lost(0), lost(1)])), 'watch')
  assert.equal(next(ended(overdue, [served(0), lost(1)])), 'watch')
  assert.equal(next(ended(overdue, [served(0), served(1)])), 'conclude with 0')
  const late = { ...ended(overdue, [served(0), lost(1)]), deadlineAtMs: nowMs + 1_000 }
  assert.equal(next(late), 'conclude with 0', 'as long as there is time')
})

test('what a provider said of the request when it was asked for all ends the spending of the items', () => {
  const refusal = { type: 'InputRefused' as const, why: 'kie: no such ratio' }
  const told = apply(story([entry('kie'), entry('defapi')], { item: 1 }), { kind: 'elsewhere', usd: 0, refusal }, nowMs)
  assert.equal(next(told), 'fail InputRefused')
})

test('whatever the others spend, no story goes beyond the cost limit of all of them together', () => {
  const cents = fc.integer({ min: 0, max: 20 }).map((amount) => amount / 100)
  fc.assert(
    fc.property(
      cents,
      cents,
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      fc.boolean(),
      (maxCostUsd, elsewhereUsd, pictures, hasWhole, isSecond) => {
        fc.pre(maxCostUsd > 0)
        const route = [entry('kie', hasWhole ? 0.05 : null), entry('defapi', hasWhole ? 0.06 : null)]
        const begun = story(route, { pictures }, { maxCostUsd })
        const told = isSecond && (pictures === 1 || hasWhole) ? after(begun, failed) : begun
        const state = apply(told, { kind: 'elsewhere', usd: elsewhereUsd, refusal: null }, nowMs)
        const step = decide(state, nowMs)
        if (step.kind !== 'submit' && step.kind !== 'split') return
        assert.ok(elsewhereUsd + committedUsd(state) + listPriceUsd(state, step.entry) <= maxCostUsd + 1e-9)
      },
    ),
    { numRuns: 3_000 },
  )
})
