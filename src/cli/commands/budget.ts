// darkroom budget: what may be spent, by whom, in an hour, a day, a month.
import type { Command } from 'commander'
import { Argument } from 'commander'
import { tenantSchema } from '../../catalog/request-schema.ts'
import { budgetPeriods } from '../../contract/word-lists.ts'
import type { BudgetPeriod } from '../../contract/index.ts'
import { CliError, exitCodes } from '../errors.ts'
import type { OperationFlags } from '../operate.ts'
import { addOperationFlags, operate } from '../operate.ts'
import { describeTenant, renderBudgets } from '../render/budgets.ts'
import { parseUsd } from '../request-options.ts'
import type { CommandHost } from './command-host.ts'

interface BudgetFlags extends OperationFlags {
  tenant?: string
}

const periodArgument = (): Argument => new Argument('<period>', 'begins anew each').choices(budgetPeriods)
const tenantOption = ['--tenant <name>', 'whose; without it the budget is for all tenants together'] as const

export function addBudgetCommand(program: Command, host: CommandHost): void {
  const budget = program.command('budget').description('what may be spent in an hour, a day, a month (UTC)')
  addOperationFlags(
    budget
      .command('set')
      .description('set a budget; what the running period has spent already counts')
      .addArgument(periodArgument())
      .argument('<usd>', 'such as 25 or 0.50; 0: nothing may be spent', parseUsd)
      .option(...tenantOption),
  ).action((period: BudgetPeriod, limitUsd: number, flags: BudgetFlags) =>
    operate(host, flags, async (gateway) => {
      const set = await gateway.setBudget(tenantOf(flags), period, limitUsd)
      return { json: set, lines: (paint) => [renderBudgets([set], paint)] }
    }),
  )
  addOperationFlags(budget.command('list').description('list the budgets, and what of them is left')).action(
    (flags: OperationFlags) =>
      operate(host, flags, async (gateway) => {
        const budgets = await gateway.listBudgets()
        const isEmpty = budgets.length === 0
        return {
          json: { budgets },
          lines: (paint) => (isEmpty ? [] : [renderBudgets(budgets, paint)]),
          notes: isEmpty ? ['No budgets: nothing limits what may be spent. Set one: darkroom budget set day 25'] : [],
        }
      }),
  )
  addOperationFlags(
    budget
      .command('remove')
      .description('remove a budget')
      .addArgument(periodArgument())
      .option(...tenantOption),
  ).action((period: BudgetPeriod, flags: BudgetFlags) =>
    operate(host, flags, async (gateway) => {
      const tenant = tenantOf(flags)
      await gateway.removeBudget(tenant, period)
      return {
        json: { removed: { tenant, period } },
        lines: () => [`The budget of ${describeTenant(tenant)} for the ${period} is removed.`],
      }
    }),
  )
}

function tenantOf({ tenant }: BudgetFlags): string {
  if (tenant === undefined) return '*'
  const checked = tenantSchema.safeParse(tenant)
  if (!checked.success) throw new CliError(`--tenant ${checked.error.issues[0]?.message ?? 'is not valid'}.`, exitCodes.usage)
  return tenant
}
