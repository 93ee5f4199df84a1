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

/** `queued` comes with places in line; until then nothing is in it. */
export function openStatus(isPlanned: boolean, newestAttempt: AttemptState | null): OpenStatus {
  if (newestAttempt !== null) return statusByNewestAttempt[newestAttempt]
  return isPlanned ? 'submitting' : 'planning'
}

/** The same as a condition on `generations` joined with its newest attempt (`newest.state`), made by asking the function above. */
export function hasStatus(status: GenerationStatus): Expression<SqlBool> {
  if (status === 'completed' || status === 'failed' || status === 'cancelled') return sql<SqlBool>`generations.status = ${status}`
  const states = attemptStates.filter((state) => openStatus(true, state) === status).map((state) => sql.lit(state))
  const alternatives = [
    ...(states.length > 0 ? [sql`newest.state in (${sql.join(states)})`] : []),
    ...[true, false]
      .filter((isPlanned) => openStatus(isPlanned, null) === status)
      .map((isPlanned) => sql`(newest.state is null and (generations.plan is not null) = ${sql.lit(isPlanned)})`),
  ]
  if (alternatives.length === 0) return sql<SqlBool>`false`
  return sql<SqlBool>`(generations.status is null and (${sql.join(alternatives, sql` or `)}))`
}
