// What budgets have been told of a generation: its worst case while it is open, its real cost from its end on.
//
// Kept for the tenant and for all tenants together, per hour, day and month (UTC) of the moment the generation was made. Amounts are
// computed by the database as `numeric`, never through binary fractions. Whoever changes costs locks the generation first; the usage
// rows are always taken last and in one order, so that two transactions cannot wait for each other.
import { type RawBuilder, sql } from 'kysely'
import type { BudgetPeriod, SpendMode } from '../contract/index.ts'
import type { OverBudget } from './budgets-port.ts'
import type { LedgerTransaction } from './database.ts'

/** Tenant of the row for all together. No tenant can be called so: their names begin with a letter or a digit. */
export const everybody = '*'

/** The order in which they are shown. */
export const budgetPeriods: readonly BudgetPeriod[] = ['hour', 'day', 'month']

/** Start of the period that `at` is in. Hours and days are UTC's, whatever the session says. */
export function startOf(period: RawBuilder<string>, at: RawBuilder<Date>): RawBuilder<Date> {
  return sql<Date>`date_trunc(${period}, ${at}, 'UTC')`
}

/** End of the period that begins then: months have their own lengths, so it is counted on the calendar of UTC. */
export function endOf(period: RawBuilder<string>, startsAt: RawBuilder<Date>): RawBuilder<Date> {
  return sql<Date>`((${startsAt} at time zone 'UTC' + ('1 ' || ${period})::interval) at time zone 'UTC')`
}

/** Upserts the usage rows of one generation. `changes` yields its mode, tenant, created_at, used_usd and reserved_usd (differences). */
function addUsage(changes: RawBuilder<unknown>): RawBuilder<UsageRow> {
  const periods = sql.join(budgetPeriods.map((period) => sql`(${sql.lit(period)})`))
  return sql<UsageRow>`
    insert into budget_usage (mode, tenant, period, starts_at, used_usd, reserved_usd)
    select changes.mode, tenants.name, periods.name, ${startOf(sql`periods.name`, sql`changes.created_at`)},
      changes.used_usd, changes.reserved_usd
    from (${changes}) as changes
      cross join lateral (values (${sql.lit(everybody)}), (changes.tenant)) as tenants (name)
      cross join (values ${periods}) as periods (name)
    order by tenants.name, periods.name
    on conflict (mode, tenant, period, starts_at) do update set
      used_usd = budget_usage.used_usd + excluded.used_usd,
      reserved_usd = budget_usage.reserved_usd + excluded.reserved_usd
    returning *`
}

interface UsageRow {
  mode: SpendMode
  tenant: string
  period: BudgetPeriod
  starts_at: Date
  used_usd: string
  reserved_usd: string
}

/**
 * Reserves the worst case of a generation that was just inserted, and says which budget has no room for it: the one that resets last.
 * Then the caller rolls everything back. The row of all tenants is locked from here on, so this is the last statement before the
 * commit: creators take turns here, and none sees room that another one has taken.
 */
export async function reserve(trx: LedgerTransaction, generationId: string): Promise<Omit<OverBudget, 'wantedUsd'> | null> {
  const reserving = sql`select mode, tenant, created_at, 0::numeric as used_usd, reserved_usd from generations
    where id = ${generationId}`
  const { rows } = await sql<UsageRow & { limit_usd: string; resets_at: Date; own_usd: string }>`
    with usage as (${addUsage(reserving)})
    select usage.*, limit_usd, ${endOf(sql`usage.period`, sql`usage.starts_at`)} as resets_at,
      (select reserved_usd from generations where id = ${generationId}) as own_usd
    from usage join budgets using (mode, tenant, period)
    where used_usd + reserved_usd > limit_usd
    order by resets_at desc, usage.tenant desc
    limit 1`.execute(trx)
  const [over] = rows
  if (over === undefined) return null
  return {
    mode: over.mode,
    tenant: over.tenant === everybody ? null : over.tenant,
    period: over.period,
    limitUsd: Number(over.limit_usd),
    usedUsd: Number(over.used_usd),
    // without what was asked for here, since that is rolled back
    reservedUsd: subtract(over.reserved_usd, over.own_usd),
    resetsAt: over.resets_at,
  }
}

/** For show only: what counts was compared in SQL. */
function subtract(one: string, other: string): number {
  return Math.round((Number(one) - Number(other)) * 1e6) / 1e6
}

/** True where a budget holds what this tenant spends. */
export async function hasBudget(trx: LedgerTransaction, mode: SpendMode, tenant: string): Promise<boolean> {
  const found = await trx
    .selectFrom('budgets')
    .select('period')
    .where('mode', '=', mode)
    .where('tenant', 'in', [everybody, tenant])
    .limit(1)
    .executeTakeFirst()
  return found !== undefined
}

/** Gives back what a generation that was forgotten had reserved. */
export async function giveBack(
  trx: LedgerTransaction,
  gone: { mode: SpendMode; tenant: string; created_at: Date; reserved_usd: string },
): Promise<void> {
  await addUsage(sql`select ${gone.mode}::text as mode, ${gone.tenant}::text as tenant, ${gone.created_at}::timestamptz as created_at,
    0::numeric as used_usd, -(${gone.reserved_usd}::numeric) as reserved_usd`).execute(trx)
}

/**
 * Tells the budgets what an ended generation has cost: attempts and extra tasks, owing ones with their estimate. Called after every
 * change of a cost; the difference to what was told before is booked, and the reservation given back. Nothing while it is open.
 * The generation must be locked.
 */
export async function bookSpending(trx: LedgerTransaction, generationId: string): Promise<void> {
  const difference = sql`select before.mode, before.tenant, before.created_at,
      spent.usd - before.booked_usd as used_usd, -before.reserved_usd as reserved_usd
    from before cross join spent
    where spent.usd <> before.booked_usd or before.reserved_usd <> 0`
  await sql`
    with spent as (
      select coalesce(sum(cost_usd), 0) as usd from (
        select cost_usd from attempts where generation_id = ${generationId} and not proven_free
        union all
        select cost_usd from extra_tasks where generation_id = ${generationId}
      ) as parts
    ), before as (
      select mode, tenant, created_at, booked_usd, reserved_usd from generations
      where id = ${generationId} and status is not null
    ), told as (
      update generations set booked_usd = spent.usd, reserved_usd = 0 from spent
      where id = ${generationId} and status is not null
        and (spent.usd <> booked_usd or reserved_usd <> 0)
    ) ${addUsage(difference)}`.execute(trx)
}
