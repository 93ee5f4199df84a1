import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AttemptState } from '../../../src/contract/index.ts'
import { attemptStates } from '../../../src/contract/word-lists.ts'
import {
  type AttemptEvent,
  attemptMoves,
  type AttemptPlace,
  movesOf,
  nextState,
  statesThatMayCost,
} from '../../../src/ledger/attempt-states.ts'

// Written out a second time and the other way round, so that a slip in the table is seen: for each place, what each event leads to.
// A dot touches nothing.
const events: AttemptEvent[] = [
  'claim',
  'begin_send',
  'release_send',
  'reject_send',
  'lose_send',
  'pass_deadline',
  'record_task_id',
  'adopt_task_id',
  'succeed',
  'fail',
  'withdraw',
  'leave',
  'settle',
  'fail_upload',
]
const expected: Record<AttemptPlace, string> = {
  absent: 'claimed . . . . . . . . . withdrawn . . .',
  claimed: '. sending . . . . . . . . withdrawn withdrawn . claimed',
  sending: '. . claimed rejected unknown unknown accepted . . . . abandoned . .',
  accepted: '. . . . . . accepted . succeeded failed . abandoned . .',
  unknown: '. . . . . . accepted accepted . . . abandoned . .',
  succeeded: '. . . . . . . . . . . . . .',
  failed: '. . . . . . . . . . . . . .',
  abandoned: '. . . . . . abandoned abandoned succeeded failed . . settled .',
  rejected: '. . . . . . . . . . . . . .',
  withdrawn: '. . . . . . . . . . . . . .',
  settled: '. . . . . . settled . . . . . . .',
}
const places = Object.keys(expected).filter((place): place is AttemptPlace => place in expected)

describe('the table of attempt states', () => {
  test('lists every event and every state', () => {
    assert.deepEqual(Object.keys(attemptMoves).toSorted(), events.toSorted())
    assert.deepEqual(['absent', ...attemptStates].toSorted(), places.toSorted())
  })

  for (const place of places) {
    for (const [index, event] of events.entries()) {
      const word = expected[place].split(' ')[index]
      test(`${place} + ${event} → ${word === '.' ? 'nothing is touched' : word}`, () => {
        assert.equal(nextState(place, event), word === '.' ? null : word)
      })
    }
  }

  test('an end never moves: a provider verdict, a refusal and a withdrawal are for ever', () => {
    for (const end of ['succeeded', 'failed', 'rejected', 'withdrawn'] satisfies AttemptState[]) {
      for (const event of events) assert.equal(nextState(end, event), null)
    }
  })

  test('nothing leads back to a state from which a POST may be made, except our own word that none was made', () => {
    for (const event of events) {
      for (const { from, to } of movesOf(event)) {
        if (from === 'claimed' && to === 'claimed') assert.equal(event, 'fail_upload')
        else if (to === 'claimed') assert.deepEqual({ from, event }, { from: 'sending', event: 'release_send' })
        if (to === 'sending') assert.deepEqual({ from, event }, { from: 'claimed', event: 'begin_send' })
      }
    }
  })

  test('the statements get the same moves, without the row that is not there', () => {
    for (const event of events) {
      const moves = movesOf(event)
      assert.ok(moves.every(({ from, to }) => nextState(from, event) === to))
      assert.equal(moves.length, places.filter((place) => place !== 'absent' && nextState(place, event) !== null).length)
    }
  })

  test('a state may cost money exactly when a task may have been made and nobody has looked it up', () => {
    const free: AttemptState[] = ['claimed', 'rejected', 'withdrawn', 'settled']
    assert.deepEqual(
      attemptStates.filter((state) => !statesThatMayCost.includes(state)),
      free,
    )
  })
})
