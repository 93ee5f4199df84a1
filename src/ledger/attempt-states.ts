// The moves of an attempt's ledger row, as data. The statements in `attempts.ts` take their allowed from-states from here,
// so the table is the only place where a move can be added or forbidden. A pair that is not listed touches nothing.
import type { AttemptState } from '../contract/index.ts'
import { attemptStates } from '../contract/word-lists.ts'

/** Where a row can be, `absent` when there is none. */
export type AttemptPlace = AttemptState | 'absent'

type Moves = Partial<Record<AttemptPlace, AttemptState>>

/** event → from → to. A state that leads to itself is allowed and written, but stays where it is. */
export const attemptMoves = {
  /** a row is made before anything else happens; a withdrawn one found in its place wins */
  claim: { absent: 'claimed' },
  /** one transaction before the one POST; gives the row a new sendId and a send deadline */
  begin_send: { claimed: 'sending' },
  /** a picture of the request could not be sent to the provider, so no send begins: it uses up a try and nothing else */
  fail_upload: { claimed: 'claimed' },
  /** own sendId only: nothing was sent, or refused with "try later" */
  release_send: { sending: 'claimed' },
  /** own sendId only: refused for good, no task made */
  reject_send: { sending: 'rejected' },
  /** own sendId only: sent, and no readable answer came */
  lose_send: { sending: 'unknown' },
  /** the send deadline is over, by the clock of the database */
  pass_deadline: { sending: 'unknown' },
  /**
   * A task id was read from the reply to our own POST. It may come late, so it is also written where the attempt was left or
   * settled meanwhile. `accepted` is here because our own reply corrects an id that was only adopted from a callback.
   */
  record_task_id: { sending: 'accepted', unknown: 'accepted', accepted: 'accepted', abandoned: 'abandoned', settled: 'settled' },
  /** a callback named the task, and the ownership test passed; only where no id is known yet */
  adopt_task_id: { unknown: 'accepted', abandoned: 'abandoned' },
  /**
   * The provider's word, read by asking it (I12). From `abandoned` only while the generation is open, since an attempt left behind is
   * still watched: afterwards the row is settlement's.
   */
  succeed: { accepted: 'succeeded', abandoned: 'succeeded' },
  fail: { accepted: 'failed', abandoned: 'failed' },
  /** given up before anything was sent; a missing row becomes a tombstone for a run that wakes late */
  withdraw: { absent: 'withdrawn', claimed: 'withdrawn' },
  /** left by the workflow: what is not on the wire ends free, what may be is owing */
  leave: { claimed: 'withdrawn', sending: 'abandoned', accepted: 'abandoned', unknown: 'abandoned' },
  /** an owing row was looked up afterwards and gets its verdict */
  settle: { abandoned: 'settled' },
} as const satisfies Record<string, Moves>

export type AttemptEvent = keyof typeof attemptMoves

/** These come from the run that made the POST, and only the run whose sendId the row still has may say them. */
export type OwnSendEvent = 'release_send' | 'reject_send' | 'lose_send'

/** The state after `event`, or null where the event must touch nothing. */
export function nextState(place: AttemptPlace, event: AttemptEvent): AttemptState | null {
  const moves: Moves = attemptMoves[event]
  return moves[place] ?? null
}

/** The moves of rows that exist, in the form the statements need. */
export function movesOf(event: AttemptEvent): { from: AttemptState; to: AttemptState }[] {
  return attemptStates.flatMap((from) => {
    const to = nextState(from, event)
    return to === null ? [] : [{ from, to }]
  })
}

/**
 * States in which a task may have been made, so that the attempt may cost money unless it is proven free. `settled` is not among
 * them for the flag `possible_extra_charge`: it was looked up and has its verdict.
 */
export const statesThatMayCost: readonly AttemptState[] = ['sending', 'accepted', 'unknown', 'succeeded', 'failed', 'abandoned']
