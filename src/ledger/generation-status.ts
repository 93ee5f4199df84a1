// Status of a generation that has not ended: derived from its newest attempt, never stored, so that the two cannot disagree.
import { type Expression, type SqlBool, sql } from 'kysely'
import type { AttemptState, GenerationStatus } from '../contract/index.ts'
import { attemptStates } from '../contract/word-lists.ts'

type OpenStatus = Exclude<GenerationStatus, 'completed' | 'failed' | 'cancelled'>

/** What the newest attempt says. An ended one without a successor means that the next step is being prepared. */
const statusByNewestAttempt: Record<AttemptState, OpenStatus> = {
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

/** Something is still to come of such an attempt. */
const openStates: readonly AttemptState[] = ['claimed', 'sending', 'accepted', 'unknown']

/** Of several items, one that is at work speaks for the generation rather than one that has ended. */
export const isOpen = (state: AttemptState): boolean => openStates.includes(state)

/** The same, of a row of attempts. */
export const isOpenState = sql<boolean>`attempts.state in (${sql.join(openStates.map((state) => sql.lit(state)))})`

export interface NewestAttempt {
  state: AttemptState
  /** it stands in line for a provider account */
  isInLine: boolean
}

export function openStatus(isPlanned: boolean, newest: NewestAttempt | null): OpenStatus {
  if (newest === null) return isPlanned ? 'submitting' : 'planning'
  // A place in line that was not given back yet says nothing about an attempt that has gone on.
  return newest.isInLine && newest.state === 'claimed' ? 'queued' : statusByNewestAttempt[newest.state]
}

/**
 * The same as a condition on `generations` joined with its newest attempt (`newest.state`, `newest.is_in_line`), made by asking the
 * function above.
 */
export function hasStatus(status: GenerationStatus): Expression<SqlBool> {
  if (status === 'completed' || status === 'failed' || status === 'cancelled') return sql<SqlBool>`generations.status = ${status}`
  const alternatives = [true, false].flatMap((flag) => {
    const states = attemptStates.filter((state) => openStatus(true, { state, isInLine: flag }) === status)
    return [
      ...(states.length > 0
        ? [sql`(newest.is_in_line = ${sql.lit(flag)} and newest.state in (${sql.join(states.map((state) => sql.lit(state)))}))`]
        : []),
      ...(openStatus(flag, null) === status
        ? [sql`(newest.state is null and (generations.plan is not null) = ${sql.lit(flag)})`]
        : []),
    ]
  })
  if (alternatives.length === 0) return sql<SqlBool>`false`
  return sql<SqlBool>`(generations.status is null and (${sql.join(alternatives, sql` or `)}))`
}
