// What a generation would do, told without doing it: nothing is written, reserved, started or asked of a provider.
import { attemptDeadlineMs, policyOf, routeDecisions } from '../catalog/route-policy.ts'
import type { KnownUpload } from '../catalog/check-uploads.ts'
import type { Candidate } from '../catalog/plan-route.ts'
import { roundMicro } from '../catalog/price.ts'
import { routeUploads } from '../catalog/route-uploads.ts'
import { tasksOfEntries } from '../catalog/several-pictures.ts'
import type { EntryTasks } from '../catalog/several-pictures.ts'
import type { BudgetRoom, GenerationRequest, PlannedSubmit, PlanPreview } from '../contract/index.ts'
import { defaultTenant } from '../contract/index.ts'
import type { Budget } from '../ledger/budgets-port.ts'
import { allTenants } from './budget-problems.ts'
import { findRoute, whoCounts } from './find-route.ts'
import type { RouteDeps } from './gateway-deps.ts'
import { findUploads } from './named-uploads.ts'
import { priceRequest } from './price-request.ts'
import { notAcceptable } from './read-request.ts'

type Deps = Pick<RouteDeps, 'providers' | 'routeDefaults' | 'ledger' | 'mode' | 'callbackUrlOf'>

/** Stands where the sealed part of a callback address would be. */
const hiddenSeal = '***'

/** `promised`: uploads that the caller has and has not sent. Throws `invalid_request` where no provider could take it: such a generation would fail at once. */
export async function previewPlan(
  request: GenerationRequest,
  promised: readonly KnownUpload[],
  deps: Deps,
): Promise<PlanPreview> {
  const { routeDefaults, ledger, mode } = deps
  const { known, missing } = await findUploads(deps, request, promised)
  const canLink = deps.callbackUrlOf(routeDefaults.preferred, hiddenSeal) !== null
  const uploads = routeUploads(known, { providers: deps.providers.values(), canLink })
  const route = await findRoute(request, deps, whoCounts(deps), uploads)
  if (!route.ok) throw notAcceptable(route.errors)
  const tenant = request.tenant ?? defaultTenant
  const { worstCaseUsd } = await priceRequest(request, known, deps)
  const { count = 1 } = request
  const budgets = await ledger.listBudgets(mode)
  return {
    mode,
    tenant,
    model: request.model,
    prompt: request.prompt ?? '',
    count,
    route: tasksOfEntries(route.candidates, count).map((entry) => toPlannedSubmit(entry, deps)),
    left: route.left,
    decisions: routeDecisions(route, request, routeDefaults.preferred),
    policy: policyOf(request, routeDefaults),
    deadlineMs: request.route?.deadlineMs ?? routeDefaults.generationDeadlineMs,
    missingUploads: missing,
    worstCaseUsd,
    budgets: budgets
      .filter((budget) => budget.tenant === null || budget.tenant === tenant)
      .map((budget) => toRoom(budget, worstCaseUsd)),
  }
}

function toPlannedSubmit({ candidate, ...entry }: EntryTasks<Candidate>, deps: Deps): PlannedSubmit {
  const { provider, canonicalModel, api, model, fidelity, typicalDurationMs } = candidate
  const { tasks, input, price, itemSeeds } = entry
  const door = deps.providers.get(provider)
  if (door === undefined) throw new Error(`gateway: no provider ${provider}, which the route has`)
  return {
    provider,
    model: model ?? api,
    canonicalModel,
    hasKey: door.accounts.length > 0,
    tasks,
    request: door.describeSubmit({ api, model, input }, { callbackUrl: deps.callbackUrlOf(provider, hiddenSeal) }),
    itemSeeds,
    fidelity,
    price: { ...price, source: price.usd === null ? 'unknown' : 'list' },
    typicalDurationMs,
    attemptDeadlineMs: attemptDeadlineMs(candidate, deps.routeDefaults),
  }
}

/** As the ledger compares when it reserves, which it does exactly; here a micro-dollar may be rounded. */
function toRoom({ tenant, period, limitUsd, usedUsd, reservedUsd, resetsAt }: Budget, wantedUsd: number | null): BudgetRoom {
  const hasRoom = wantedUsd !== null && roundMicro(usedUsd + reservedUsd + wantedUsd) <= limitUsd
  return {
    tenant: tenant ?? allTenants,
    period,
    limitUsd,
    usedUsd,
    reservedUsd,
    wantedUsd,
    hasRoom,
    resetsAt: resetsAt.toISOString(),
  }
}
