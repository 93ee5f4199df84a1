// What may be of concern about an attempt, as conditions on `attempts` joined with `generations`. The words are those of the port.
import { type RawBuilder, sql } from 'kysely'
import { hasServed } from './has-served.ts'
import { claimsCount, openClaimsQuery } from './open-claims.ts'
import type { AttemptConcern } from './stats-port.ts'

/** The provider's word says that it was paid: delivered, or failed and charged. */
function isPaid(row: 'attempts' | 'other'): RawBuilder<boolean> {
  const column = (name: string): RawBuilder<unknown> => sql.ref(`${row}.${name}`)
  return sql<boolean>`(not ${column('proven_free')} and (${column('state')} = 'succeeded'
    or (${column('state')} = 'failed' and ${column('cost_source')} = 'measured' and ${column('cost_usd')} > 0)))`
}

/**
 * Paid beside another task of the same picture: the verdict says so; or the attempt ended by itself and was paid, and so was another
 * one that goes before it, which is the one that served, or one with a lower number. (Left by a deadline, it finished all the same.)
 * A task for several pictures stands beside those of every item.
 */
export const isExtraCharge = sql<boolean>`(attempts.verdict is not distinct from 'confirmed_extra' or (
  -- I3 marked the first of two; the second has a higher number: all others need no look at their neighbours
  (attempts.possible_extra_charge or attempts.attempt > 1)
  and ${isPaid('attempts')} and not ${hasServed('attempts')}
  and exists (select from attempts as other
    where other.generation_id = attempts.generation_id and (other.item = attempts.item or other.pictures > 1 or attempts.pictures > 1)
      and ${isPaid('other')} and (${hasServed('other')} or other.attempt < attempts.attempt))))`

const hasExtraTask = (condition: RawBuilder<unknown>): RawBuilder<boolean> => sql<boolean>`
  (attempts.generation_id, attempts.item, attempts.attempt) in (
    select extra_tasks.generation_id, extra_tasks.item, extra_tasks.attempt from extra_tasks where ${condition})`

const hasOpenClaim = sql<boolean>`(${claimsCount} and (attempts.generation_id, attempts.item, attempts.attempt) in (
  select open.generation_id, open.item, open.attempt from (${openClaimsQuery(sql`true`)}) as open))`

const conditions: Record<AttemptConcern, RawBuilder<boolean>> = {
  // A failed one whose price nobody measured stays here: its provider does not say whether it took the money.
  possible_extra: sql`(attempts.possible_extra_charge and not attempts.proven_free and (
    attempts.state in ('sending', 'accepted', 'unknown', 'abandoned')
    or (attempts.state = 'failed' and attempts.cost_source <> 'measured')))`,
  confirmed_extra: sql`(${isExtraCharge} or ${hasExtraTask(sql`extra_tasks.verdict = 'confirmed_extra'`)})`,
  owing: sql`(attempts.state = 'abandoned' or (
    (generations.status is not null or attempts.state = 'settled')
    and (${hasExtraTask(sql`extra_tasks.verdict is null`)} or ${hasOpenClaim})))`,
  unresolved: sql`(attempts.verdict is not distinct from 'unresolved' or ${hasExtraTask(sql`extra_tasks.verdict = 'unresolved'`)})`,
  task_conflict: hasExtraTask(sql`true`),
}

export function isOfConcern(concern: AttemptConcern): RawBuilder<boolean> {
  return conditions[concern]
}
