// What a request would do, for a person: who would be asked in which order, what they would be sent, what it would cost.
import { defaultTenant } from '../../contract/names.ts'
import type { BudgetRoom, PlannedSubmit, PlanPreview } from '../../contract/index.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { Paint } from './colours.ts'
import { renderJson } from './json.ts'
import { renderTable } from './table.ts'
import { describeDuration, describeMoment, describeUsd, nothing } from './units.ts'

export function renderPlan(plan: PlanPreview, paint: Paint): string {
  const money = plan.mode === 'mock' ? paint.quiet(' (simulated providers, no real money)') : ''
  const facts = factsOf(plan, paint)
  const width = Math.max(...facts.map(([name]) => name.length))
  return [
    `${paint.strong('Dry run')}: nothing was sent, reserved or written${money}`,
    renderRoute(plan.route, paint),
    ...facts.map(([name, value]) => `${paint.quiet(name.padEnd(width))}  ${value}`),
    ...plan.route.map((entry, at) => renderSubmit(entry, at, paint)),
  ].join('\n')
}

function renderRoute(route: readonly PlannedSubmit[], paint: Paint): string {
  const right = 'right' as const
  return renderTable(
    [
      { title: '#', align: right },
      { title: 'Provider' },
      { title: 'Model' },
      { title: 'Fidelity' },
      { title: 'Price', align: right },
      { title: 'Typical', align: right },
      { title: 'Deadline', align: right },
    ],
    route.map((entry, at) => [
      String(at + 1),
      `${safeText(entry.provider, 20)}${entry.hasKey ? '' : paint.warn(' (no key here)')}`,
      `${safeText(entry.model, 80)}${entry.tasks === 1 ? '' : ` × ${entry.tasks}`}`,
      entry.fidelity.level === 'exact' ? entry.fidelity.level : paint.warn(safeText(entry.fidelity.level, 20)),
      describePrice(entry),
      describeDuration(entry.typicalDurationMs),
      describeDuration(entry.attemptDeadlineMs),
    ]),
    paint,
  )
}

function describePrice({ price }: PlannedSubmit): string {
  if (price.usd === null) return nothing
  const credits = price.credits === null ? '' : ` (${price.credits} credits)`
  return `${describeUsd(price.usd)}${credits}`
}

function factsOf(plan: PlanPreview, paint: Paint): [name: string, value: string][] {
  const { policy } = plan
  const facts: [string, string][] = []
  if (plan.prompt !== '') facts.push(['Prompt', safeText(plan.prompt, 120)])
  if (plan.tenant !== defaultTenant) facts.push(['Tenant', safeText(plan.tenant, 64)])
  for (const { provider, fidelity } of plan.route) {
    for (const { field, asked, sent, why } of fidelity.changes) {
      facts.push(['Change', safeText(`${provider}: ${field} ${asked} → ${sent ?? 'not sent'}: ${why}`)])
    }
  }
  for (const { decision, because } of plan.decisions) facts.push(['Decision', safeText(`${decision}: ${because}`)])
  facts.push(['At most', describeWorstCase(plan)])
  for (const budget of plan.budgets) facts.push(['Budget', describeRoom(budget, paint)])
  facts.push([
    'If it fails',
    safeText(
      `unknown: ${policy.onUnknown}; overdue: ${policy.onOverdue}; refused content: ${policy.onRefusal}${policy.fallback ? '' : '; no fallback'}`,
    ),
  ])
  facts.push(['Deadline', `${describeDuration(plan.deadlineMs)}, of it at most ${describeDuration(policy.maxQueueMs)} in line`])
  return facts
}

function describeWorstCase({ worstCaseUsd, policy }: PlanPreview): string {
  const attempts = policy.maxPaidAttempts === 1 ? '1 paid attempt' : `${policy.maxPaidAttempts} paid attempts`
  const limit = policy.maxCostUsd === null ? '' : `, limited to ${describeUsd(policy.maxCostUsd)}`
  const usd = worstCaseUsd === null ? 'unknown, since no price is published' : describeUsd(worstCaseUsd)
  return `${usd} (${attempts}${limit})`
}

function describeRoom({ tenant, period, ...budget }: BudgetRoom, paint: Paint): string {
  const whose = tenant === '*' ? 'all tenants' : safeText(tenant, 64)
  const sums = `${describeUsd(budget.usedUsd)} used and ${describeUsd(budget.reservedUsd)} reserved of ${describeUsd(budget.limitUsd)}`
  const room = budget.hasRoom
    ? 'has room'
    : paint.bad(`${budget.wantedUsd === null ? 'cannot hold an unknown price' : 'no room'}: it would be refused`)
  return `${whose} per ${safeText(period, 10)}: ${room} (${sums}, anew at ${describeMoment(budget.resetsAt)})`
}

function renderSubmit({ provider, request }: PlannedSubmit, at: number, paint: Paint): string {
  const headers = Object.entries(request.headers).map(([name, value]) =>
    paint.quiet(`${safeText(name, 80)}: ${safeText(value, 200)}`),
  )
  return [
    '',
    `${paint.strong(`${at + 1} ${safeText(provider, 20)}`)}  ${safeText(request.method, 10)} ${safeText(request.url, 500)}`,
    ...headers,
    renderJson(request.body),
  ].join('\n')
}
