// 402: money that may not be spent. Nothing was written and nothing started.
import type { ProviderName } from '../contract/index.ts'
import type { OverBudget } from '../ledger/budgets-port.ts'
import type { NewGeneration } from '../ledger/ledger.ts'
import { ProblemError } from './problem.ts'

/** How all tenants together are called in paths and answers; no tenant can have this name. */
export const allTenants = '*'

export function overBudget(budget: OverBudget, now: Date): ProblemError {
  const { period, limitUsd, usedUsd, reservedUsd, wantedUsd, resetsAt } = budget
  const tenant = budget.tenant ?? allTenants
  const whose = budget.tenant === null ? 'all tenants together' : `tenant ${budget.tenant}`
  const fitsAnew = wantedUsd <= limitUsd
  const room = `${usd(usedUsd)} of ${usd(limitUsd)} is spent and ${usd(reservedUsd)} reserved`
  const what = fitsAnew
    ? `It begins anew at ${resetsAt.toISOString()}.`
    : 'Not even a new one would have: raise it, or lower what this request may cost with `route.maxCostUsd`.'
  return new ProblemError(
    'budget_exceeded',
    `The budget of ${whose} for this ${period} has no room for a picture that may cost up to ${usd(wantedUsd)}: ${room}. ${what} Nothing was started.`,
    {
      budget: { tenant, period, limitUsd, usedUsd, reservedUsd, wantedUsd },
      resetsAt: resetsAt.toISOString(),
      // A request that can never fit shall not be sent again and again.
      ...(fitsAnew ? { headers: { 'retry-after': String(secondsUntil(resetsAt, now)) } } : {}),
    },
  )
}

export function priceUnknown({ tenant, request }: NewGeneration, unpriced: readonly ProviderName[]): ProblemError {
  const where = unpriced.length === 0 ? '' : ` at ${unpriced.join(' and ')}`
  return new ProblemError(
    'price_unknown',
    `A budget applies to tenant ${tenant}, and nobody has published a price for this ${request.model} picture${where}, so no budget can hold it. Choose others in \`route.providers\`. Nothing was started.`,
  )
}

/** Exact to a hundredth of a cent: what is left of most prices at two digits is nothing. */
function usd(amount: number): string {
  return `$${amount.toFixed(4).replace(/0{1,2}$/, '')}`
}

function secondsUntil(at: Date, now: Date): number {
  return Math.max(1, Math.ceil((at.getTime() - now.getTime()) / 1_000))
}
