// Budgets: limits in USD per tenant and for all together. What is used of them is kept by `budget-usage.ts`.
import { sql } from 'kysely'
import type { SpendMode } from '../contract/index.ts'
import { databaseClock } from './attempt-rows.ts'
import { budgetPeriods, endOf, everybody, startOf } from './budget-usage.ts'
import type { Budget, BudgetKey, BudgetsPort } from './budgets-port.ts'
import type { LedgerTransaction, Run } from './database.ts'
import type { BudgetsTable } from './schema.ts'

export function budgetMethods(run: Run): BudgetsPort {
  return {
    setBudget: (key, limitUsd) => run((trx) => setBudget(trx, key, limitUsd)),
    removeBudget: (key) => run((trx) => removeBudget(trx, key)),
    listBudgets: (mode) => run((trx) => listBudgets(trx, mode)),
  }
}

async function setBudget(trx: LedgerTransaction, key: BudgetKey, limitUsd: number): Promise<Budget> {
  if (!Number.isFinite(limitUsd) || limitUsd < 0)
    throw new RangeError('ledger: the limit of a budget is a number of USD, 0 or more')
  await trx
    .insertInto('budgets')
    .values({ mode: key.mode, tenant: key.tenant ?? everybody, period: key.period, limit_usd: limitUsd })
    .onConflict((conflict) => conflict.columns(['mode', 'tenant', 'period']).doUpdateSet({ limit_usd: limitUsd }))
    .execute()
  const budgets = await listBudgets(trx, key.mode)
  const made = budgets.find(({ tenant, period }) => tenant === key.tenant && period === key.period)
  if (made === undefined) throw new Error('ledger: a budget vanished while it was set')
  return made
}

async function removeBudget(trx: LedgerTransaction, { mode, tenant, period }: BudgetKey): Promise<boolean> {
  const removed = await trx
    .deleteFrom('budgets')
    .where('mode', '=', mode)
    .where('tenant', '=', tenant ?? everybody)
    .where('period', '=', period)
    .returning('period')
    .execute()
  return removed.length > 0
}

/** All together first, then by tenant; the shortest period first. */
async function listBudgets(trx: LedgerTransaction, mode: SpendMode): Promise<Budget[]> {
  const { rows } = await sql<BudgetRow>`
    select budgets.*, coalesce(used_usd, 0) as used_usd, coalesce(reserved_usd, 0) as reserved_usd,
      ${endOf(sql`budgets.period`, sql`running.starts_at`)} as resets_at
    from budgets
      cross join lateral (select ${startOf(sql`budgets.period`, databaseClock)} as starts_at) as running
      left join budget_usage on budget_usage.mode = budgets.mode and budget_usage.tenant = budgets.tenant
        and budget_usage.period = budgets.period and budget_usage.starts_at = running.starts_at
    where budgets.mode = ${mode}
    order by budgets.tenant <> ${everybody}, budgets.tenant,
      array_position(array[${sql.join(budgetPeriods.map((period) => sql.lit(period)))}], budgets.period)`.execute(trx)
  return rows.map((row) => toBudget(row))
}

type BudgetRow = Pick<BudgetsTable, 'mode' | 'tenant' | 'period'> & {
  limit_usd: string
  used_usd: string
  reserved_usd: string
  resets_at: Date
}

function toBudget(row: BudgetRow): Budget {
  return {
    mode: row.mode,
    tenant: row.tenant === everybody ? null : row.tenant,
    period: row.period,
    limitUsd: Number(row.limit_usd),
    usedUsd: Number(row.used_usd),
    reservedUsd: Number(row.reserved_usd),
    resetsAt: row.resets_at,
  }
}
