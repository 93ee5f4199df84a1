// Money that may still be spent: budgets, reserved before the first claim and corrected to what was really paid.
import type { BudgetPeriod, SpendMode } from '../contract/index.ts'

/** `tenant` null: all tenants together. */
export interface BudgetKey {
  mode: SpendMode
  tenant: string | null
  period: BudgetPeriod
}

export interface Budget extends BudgetKey {
  limitUsd: number
  /** of the period that runs now */
  usedUsd: number
  /** reserved by generations that are still open: the worst case of their plans */
  reservedUsd: number
  resetsAt: Date
}

/** The budget that has no room. Nothing was written. */
export interface OverBudget extends Budget {
  wantedUsd: number
}

export interface BudgetsPort {
  /** Makes or replaces the budget. What was spent in the running period counts, also from before it was set. */
  setBudget(key: BudgetKey, limitUsd: number): Promise<Budget>
  /** False: there was none. */
  removeBudget(key: BudgetKey): Promise<boolean>
  listBudgets(mode: SpendMode): Promise<Budget[]>
}
