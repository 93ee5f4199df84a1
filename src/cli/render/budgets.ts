// Budgets, and what of them is left.
import type { BudgetReport } from '../../gateway/routes/budgets.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { Paint } from './colours.ts'
import { renderTable } from './table.ts'
import { describeMoment, describeUsd } from './units.ts'

/** How all tenants together are called for people; in paths it is `*`. */
export const describeTenant = (tenant: string): string => (tenant === '*' ? 'all together' : safeText(tenant, 64))

export function renderBudgets(budgets: readonly BudgetReport[], paint: Paint): string {
  const right = 'right' as const
  const rows = budgets.map(({ tenant, period, limitUsd, usedUsd, reservedUsd, resetsAt }) => {
    const leftUsd = limitUsd - usedUsd - reservedUsd
    const left = leftUsd < 0 ? `-${describeUsd(-leftUsd)}` : describeUsd(leftUsd)
    return [
      describeTenant(tenant),
      safeText(period, 10),
      describeUsd(limitUsd),
      describeUsd(usedUsd),
      describeUsd(reservedUsd),
      leftUsd <= 0 ? paint.bad(left) : left,
      describeMoment(resetsAt),
    ]
  })
  return renderTable(
    [
      { title: 'Tenant' },
      { title: 'Period' },
      { title: 'Limit', align: right },
      { title: 'Used', align: right },
      { title: 'Reserved', align: right },
      { title: 'Left', align: right },
      { title: 'Begins anew' },
    ],
    rows,
    paint,
  )
}
