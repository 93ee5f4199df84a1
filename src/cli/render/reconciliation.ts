// What `reconcile` found, for a person: one line per question, and a table where the answer is not "all is well".
import Table from 'cli-table3'
import type {
  BalanceFinding,
  BalanceReading,
  Findings,
  OpenGenerationFinding,
  OwingFinding,
  ReconcileResult,
} from '../../activities/reconcile-types.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { Paint } from './colours.ts'
import { nothing } from './units.ts'

const openWords: Readonly<Record<OpenGenerationFinding['finding'], string>> = {
  provable: 'would be closed (--repair)',
  not_yet: 'not overdue yet: is this the right server?',
  closed: 'closed',
}

const owingWords: Readonly<Record<OwingFinding['finding'], string>> = {
  provable: 'would be looked after (--repair)',
  no_entry: 'the row does not say how to ask for it',
  no_plan: 'its plan cannot be read',
  settlement_started: 'looked after from now on',
}

export function renderReconciliation({ accounts, report }: ReconcileResult, paint: Paint): string {
  if (report === null) return renderAccounts(accounts, paint)
  const { openGenerations, owing, balances, differences } = report
  const end =
    differences === 0
      ? paint.good('Nothing differs.')
      : paint.bad(`${differences} ${differences === 1 ? 'difference remains' : 'differences remain'}.`)
  return [
    renderAccounts(accounts, paint),
    ...section('Open generations without a workflow', openGenerations, paint, () => openTable(openGenerations.listed, paint)),
    ...section('Owing attempts that nobody looks after', owing, paint, () => owingTable(owing.listed, paint)),
    ...balanceSection(balances, paint),
    end,
  ].join('\n')
}

function section(title: string, findings: Findings<unknown>, paint: Paint, table: () => string): string[] {
  const { looked, hasMore, found, repaired, listed } = findings
  const numbers = [
    `${found} of ${looked} looked at`,
    ...(repaired === 0 ? [] : [`${repaired} repaired`]),
    ...(hasMore ? ['there are more: run it again'] : []),
    ...(listed.length < found ? [`the oldest ${listed.length} are shown`] : []),
  ]
  const head = `${paint.strong(title)}: ${numbers.join(', ')}`
  return listed.length === 0 ? [head] : [head, table()]
}

function openTable(listed: readonly OpenGenerationFinding[], paint: Paint): string {
  const table = makeTable(['Generation', 'Made at', 'Workflow', 'Settlements', 'Finding'], paint)
  for (const { generationId, createdAt, workflow, settlementsStarted, finding } of listed) {
    table.push([safeText(generationId, 60), createdAt, workflow, String(settlementsStarted), openWords[finding]])
  }
  return table.toString()
}

function owingTable(listed: readonly OwingFinding[], paint: Paint): string {
  const table = makeTable(['Generation', '#', 'Provider', 'Account', 'Task', 'Finding'], paint)
  for (const { generationId, attempt, provider, account, providerTaskId, finding } of listed) {
    const task = providerTaskId === null ? nothing : safeText(providerTaskId, 40)
    table.push([safeText(generationId, 60), String(attempt), provider, safeText(account, 30), task, owingWords[finding]])
  }
  return table.toString()
}

function balanceSection(balances: readonly BalanceFinding[], paint: Paint): string[] {
  const title = paint.strong('Balances against the ledger')
  if (balances.length === 0) return [`${title}: no account has two readings within the period yet`]
  const heads = ['Provider', 'Account', 'Unit', 'From', 'To', 'Taken', 'Booked', 'Measured', 'Difference', 'May explain it']
  const table = makeTable(heads, paint)
  for (const row of balances) {
    const { provider, account, unit, from, to, taken, booked, measured, difference, owing, unresolved } = row
    table.push([
      provider,
      safeText(account, 30),
      unit,
      from.at,
      to.at,
      amount(taken),
      amount(booked),
      amount(measured),
      difference === 0 ? paint.good('0') : paint.bad(amount(difference)),
      describeExplanations(difference, owing, unresolved),
    ])
  }
  return [title, table.toString()]
}

function describeExplanations(difference: number, owing: number, unresolved: number): string {
  if (difference === 0) return nothing
  const explanations = [
    ...(owing === 0 ? [] : [`${owing} owing`]),
    ...(unresolved === 0 ? [] : [`${unresolved} unresolved`]),
    difference < 0 ? 'a top-up' : 'somebody else spends from it',
  ]
  return explanations.join(', ')
}

function renderAccounts(accounts: readonly BalanceReading[], paint: Paint): string {
  const table = makeTable(['Provider', 'Account', 'Credits', 'USD', 'Remark'], paint)
  for (const reading of accounts) {
    const { provider, account, credits, usd } = reading
    const amounts = [credits, usd].map((value) => (value === null ? nothing : amount(value)))
    table.push([provider, safeText(account, 30), ...amounts, describeReading(reading, paint)])
  }
  return table.toString()
}

function describeReading({ isLow, resumed, problem }: BalanceReading, paint: Paint): string {
  if (problem !== null) return paint.bad(safeText(problem, 120))
  const remarks = [...(isLow ? [paint.warn('low')] : []), ...(resumed ? [paint.good('resumed')] : [])]
  return remarks.length === 0 ? nothing : remarks.join(', ')
}

function makeTable(heads: readonly string[], paint: Paint): InstanceType<typeof Table> {
  return new Table({ head: heads.map((title) => paint.strong(title)), style: { head: [], border: [], compact: true } })
}

/** To a millionth, which is what is counted, and no digits beyond that. */
function amount(value: number): string {
  return String(Math.round(value * 1e6) / 1e6)
}
