// Which of several paid tasks of one picture is the one that was wanted, and which are extra.
import { sql } from 'kysely'
import type { LedgerTransaction } from './database.ts'
import { hasServed } from './has-served.ts'

/**
 * Paid tasks of one item in order: the one that served, those that ended by themselves, then attempts by number, then extra tasks. Of
 * those with a verdict, the first in that order is `paid` and the rest are `confirmed_extra`: paid tasks − 1, in whatever order they
 * were settled. So a verdict may still move between the two words while others are settled; the number of extra charges is final.
 * A task for several pictures (it is of item 0) competes in every item: what is paid beside it for one of them is extra, and it is extra
 * itself as soon as one of them had been paid otherwise.
 */
export async function orderVerdicts(trx: LedgerTransaction, { generationId }: { generationId: string }): Promise<void> {
  await sql`
    with items as (
      select distinct item from attempts where generation_id = ${generationId}
    ), tasks as (
      select items.item as place, attempts.item, attempts.attempt, '' as task_id, 0 as kind,
        ${hasServed('attempts')} as has_served, state <> 'settled' as has_ended
      from attempts join generations on generations.id = attempts.generation_id
        join items on items.item = attempts.item or attempts.pictures > 1
      where generation_id = ${generationId} and not proven_free
        and (state in ('succeeded', 'failed') or verdict in ('paid', 'confirmed_extra') or ${hasServed('attempts')})
      union all
      select item, item, attempt, provider_task_id, 1, false, false from extra_tasks
      where generation_id = ${generationId} and verdict in ('paid', 'confirmed_extra')
    ), ordered as (
      select item, attempt, task_id, kind,
        row_number() over (partition by place order by has_served desc, has_ended desc, kind, attempt, task_id) as rank
      from tasks
    ), ranked as (
      select item, attempt, task_id, kind, case max(rank) when 1 then 'paid' else 'confirmed_extra' end as verdict
      from ordered group by item, attempt, task_id, kind
    ), ordered_extras as (
      update extra_tasks set verdict = ranked.verdict from ranked
      where generation_id = ${generationId} and extra_tasks.item = ranked.item and extra_tasks.attempt = ranked.attempt
        and ranked.kind = 1 and provider_task_id = task_id and extra_tasks.verdict <> ranked.verdict
    )
    update attempts set verdict = ranked.verdict from ranked
    where generation_id = ${generationId} and attempts.item = ranked.item and attempts.attempt = ranked.attempt
      and ranked.kind = 0 and state = 'settled' and attempts.verdict <> ranked.verdict`.execute(trx)
}
