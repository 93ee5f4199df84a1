// What a request would do, for a person: who would be asked in which order, what they would be sent, what it would cost.
import { defaultTenant } from '../../contract/names.ts'
import type { BudgetRoom, PlannedSubmit, PlanPreview } from '../../contract/index.ts'
import { safeText } from '../../observability/safe-text.ts'
import { describeChange } from './changes.ts'
import type { Paint } from './colours.ts'
import { renderJson } from './json.ts'
import { renderTable } from './table.ts'
import { describeDuration, describeMoment, describeUsd, nothing } from './units.ts'
import { wrapLine } from './wrap.ts'

export function renderPlan(plan: PlanPreview, paint: Paint, columns = Infinity): string {
  const money = plan.mode === 'mock' ? paint.quiet(' (simulated providers, no real money)') : ''
  const facts = factsOf(plan, paint)
  const width = Math.max(...facts.map(([name]) => name.length))
  return [
    wrapLine(`${paint.strong('Dry run')}: nothing was sent, reserved or written${money}`, columns),
    renderRoute(plan.route, paint),
    ...facts.map(([name, value]) => wrapLine(`${paint.quiet(name.padEnd(width))}  ${value}`, columns, width + 2)),
    ...plan.route.map((entry, at) => renderSubmit(entry, at, paint)),
  ].join('\n')
}

/** No more columns than the longest names leave room for on a terminal of 80. */
function renderRoute(route: readonly PlannedSubmit[], paint: Paint): string {
  return renderTable(
    [
      { title: '#', align: 'right' },
      { title: 'Provider' },
      { title: 'Model' },
      { title: 'Fidelity' },
      { title: 'List price', align: 'right' },
    ],
    route.map(({ provider, model, tasks, fidelity, price }, at) => [
      String(at + 1),
      safeText(provider, 20),
      safeText(model, 80),
      fidelity.level === 'exact' ? fidelity.level : paint.warn(safeText(fidelity.level, 20)),
      price.usd === null ? nothing : `${tasks === 1 ? '' : `${tasks} × `}${describeUsd(price.usd)}`,
    ]),
    paint,
  )
}

function factsOf(plan: PlanPreview, paint: Paint): [name: string, value: string][] {
  const { policy, route } = plan
  const facts: [string, string][] = []
  if (plan.prompt !== '') facts.push(['Prompt', safeText(plan.prompt, 120)])
  if (plan.count !== 1) facts.push(['Pictures', String(plan.count)])
  for (const [at, { itemSeeds }] of route.entries()) {
    if (itemSeeds === null) continue
    const { field, values } = itemSeeds
    facts.push(['Tasks', safeText(`#${at + 1}: ${field} ${values[0]} to ${values.at(-1)}, one for each`)])
  }
  if (plan.tenant !== defaultTenant) facts.push(['Tenant', safeText(plan.tenant, 64)])
  for (const [at, { provider, fidelity }] of route.entries()) {
    facts.push(...fidelity.changes.map((change) => describeChange(change, `#${at + 1} ${provider}: `)))
  }
  for (const name of plan.missingUploads)
    facts.push(['Upload', safeText(`${name} is not at the gateway yet, and would be sent first`, 200)])
  const keyless = new Set(route.filter(({ hasKey }) => !hasKey).map(({ provider }) => safeText(provider, 20)))
  if (keyless.size > 0) {
    facts.push(['No key', paint.warn(`this gateway has none for ${[...keyless].join(' and ')}; the workers' keys count`)])
  }
  for (const { decision, because } of plan.decisions) facts.push(['Decision', safeText(`${decision}: ${because}`)])
  facts.push(['At most', describeWorstCase(plan)])
  for (const budget of plan.budgets) facts.push(['Budget', describeRoom(budget, paint)])
  facts.push(['Policy', describePolicy(policy)])
  const typically = describeEach(route, ({ typicalDurationMs }) => typicalDurationMs)
  if (typically !== '') facts.push(['Typically', typically])
  const inAll = `${describeDuration(plan.deadlineMs)} in all`
  facts.push(['Deadlines', `${inAll}; ${describeEach(route, (entry) => entry.attemptDeadlineMs)}`])
  facts.push(['In line', `at most ${describeDuration(policy.maxQueueMs)}, with priority ${policy.priority}`])
  return facts
}

function describeEach(route: readonly PlannedSubmit[], durationOf: (entry: PlannedSubmit) => number | null): string {
  const known = route.flatMap((entry, at) => {
    const ms = durationOf(entry)
    return ms === null ? [] : [`#${at + 1} ${describeDuration(ms)}`]
  })
  return known.join(', ')
}

function describePolicy({ onUnknown, onOverdue, onRefusal, fallback, maxPaidAttempts }: PlanPreview['policy']): string {
  const most = maxPaidAttempts === 1 ? '1 paid attempt' : `${maxPaidAttempts} paid attempts`
  const otherwise = fallback ? '' : ', no fallback'
  return safeText(`at most ${most}${otherwise}; no answer: ${onUnknown}; overdue: ${onOverdue}; content refused: ${onRefusal}`)
}

function describeWorstCase({ worstCaseUsd, policy }: PlanPreview): string {
  const limit = policy.maxCostUsd === null ? '' : ` (limited to ${describeUsd(policy.maxCostUsd)})`
  return `${worstCaseUsd === null ? 'unknown, since no price is published' : describeUsd(worstCaseUsd)}${limit}`
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
    `${paint.strong(`#${at + 1} ${safeText(provider, 20)}`)}  ${safeText(request.method, 10)} ${safeText(request.url, 500)}`,
    ...headers,
    renderJson(request.body),
  ].join('\n')
}
