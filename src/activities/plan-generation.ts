import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { parseGenerationRequest } from '../catalog/parse-request.ts'
import { requestSha256 } from '../catalog/request-digest.ts'
import { planRoute } from '../catalog/plan-route.ts'
import type { Candidate, PlannedRoute } from '../catalog/plan-route.ts'
import { checkUploads } from '../catalog/check-uploads.ts'
import { attemptDeadlineMs, policyOf, routeDecisions } from '../catalog/route-policy.ts'
import { routeUploads } from '../catalog/route-uploads.ts'
import type { RouteUploads } from '../catalog/route-uploads.ts'
import { pricesOfAll } from '../catalog/several-pictures.ts'
import { tracksWanted } from '../catalog/tracks-wanted.ts'
import { worstCaseUsd } from '../catalog/worst-case.ts'
import type { FailureType, GenerationRequest } from '../contract/index.ts'
import { defaultTenant, queryTaskQueue, submitTaskQueue } from '../contract/index.ts'
import type { ActivityDeps } from './deps.ts'
import { readNamedUploads } from './send-references.ts'
import { readStoredPlan } from './stored-plan.ts'
import type { Plan, PlanInput, PlannedEntry, StoredEntry, StoredPlan } from './types.ts'

/**
 * Validates, picks the route and records both. Idempotent by generation id: the first call stores request hash, plan and prices, later
 * ones return the stored plan, so that a reset keeps its route. Another request under the same id is a failure before any money.
 */
export function createPlanGeneration(deps: ActivityDeps) {
  return async function planGeneration({ startedAtMs, ...input }: PlanInput): Promise<Plan> {
    const plan = await planOnce(deps, input)
    // Of this run, not of the one that planned first: a generation whose workflow was lost and is started again has its whole time.
    return startedAtMs === undefined ? plan : { ...plan, startedAtMs }
  }
}

async function planOnce(deps: ActivityDeps, { generationId, request }: PlanInput): Promise<Plan> {
  const parsed = parseGenerationRequest(request)
  if (!parsed.ok) throw refuse('InvalidRequest', parsed.errors.map(({ message }) => message).join('; '))
  const available = new Set([...deps.providers.values()].filter(({ accounts }) => accounts.length > 0).map(({ name }) => name))
  const uploads = await findUploads(deps, generationId, parsed.request)
  const setting = { preferred: deps.routeDefaults.preferred, available, ...uploads }
  const observed = await deps.ledger.readTrackRecords(deps.mode, tracksWanted(parsed.request, setting))
  const route = planRoute(parsed.request, { ...setting, observed })
  await createRow(deps, generationId, parsed.request, route.ok ? route.candidates : [])
  const stored = readStoredPlan(await deps.ledger.readPlan(generationId))
  if (stored !== null) return stored.plan
  if (!route.ok) return refuseAndClose(deps, generationId, route.errors.map(({ message }) => message).join('; '))
  const fresh = buildPlan(deps, parsed.request, route)
  const first = fresh.plan.route[0]
  const fidelity = first?.fidelity ?? { level: 'exact' as const, changes: [] }
  // Another run may have been quicker: the first plan counts. None is recorded once the generation has ended, and none is needed.
  const recorded = readStoredPlan(await deps.ledger.recordPlan(generationId, fresh, fidelity))
  if (recorded === null) return refuseEnded(deps, generationId)
  await deps.pointReached?.('plan.recorded', Context.current().info.attempt)
  return recorded.plan
}

/** Before anything is reserved: an upload that is not here, or too large for everybody, is bad input. Empty where none is named. */
async function findUploads(
  deps: ActivityDeps,
  generationId: string,
  request: GenerationRequest,
): Promise<{ uploads?: RouteUploads }> {
  const known = await readNamedUploads(deps, request)
  const errors = checkUploads(request, known)
  // What was planned with stays planned with, also where somebody took the picture away meanwhile.
  const isNew = errors.length > 0 && readStoredPlan(await deps.ledger.readPlan(generationId)) === null
  if (isNew) throw refuse('InvalidRequest', errors.map(({ message }) => message).join('; '))
  if (known.length === 0) return {}
  return { uploads: routeUploads(known, { providers: deps.providers.values(), canLink: deps.hasCallbackAddress }) }
}

/** Where the gateway has made the row already this only compares; for a workflow started elsewhere it reserves the worst case. */
async function createRow(
  deps: ActivityDeps,
  generationId: string,
  request: GenerationRequest,
  candidates: Candidate[],
): Promise<void> {
  const worstCase = worstCaseUsd(pricesOfAll(candidates, request.count ?? 1), policyOf(request, deps.routeDefaults))
  const created = await deps.ledger.createGeneration({
    id: generationId,
    requestSha256: requestSha256(request),
    request,
    mode: deps.mode,
    idempotencySha256: null,
    tenant: request.tenant ?? defaultTenant,
    worstCaseUsd: worstCase,
  })
  if (created.kind === 'conflict') throw refuse('RequestConflict', `generation ${generationId} was made for another request`)
  if (created.kind === 'price_unknown') {
    throw refuse('BudgetExceeded', 'a budget applies, and no provider in the route has a published price to hold against it')
  }
  if (created.kind === 'over_budget') {
    const { tenant, period, limitUsd, usedUsd, reservedUsd, wantedUsd, resetsAt } = created.budget
    const whose = tenant === null ? 'of all tenants' : `of tenant ${tenant}`
    const sums = `${usedUsd} USD used and ${reservedUsd} reserved of ${limitUsd}, ${wantedUsd} wanted`
    throw refuse(
      'BudgetExceeded',
      `the budget ${whose} per ${period} has no room: ${sums}; it resets at ${resetsAt.toISOString()}`,
    )
  }
}

/** The row ended before it was planned, and its id is run again: the first end stays (I2). */
async function refuseEnded(deps: ActivityDeps, generationId: string): Promise<never> {
  const generation = await deps.ledger.readGeneration(generationId)
  const message = `generation ${generationId} has already ended as ${generation?.status ?? 'unknown'}`
  throw refuse(generation?.failure?.type ?? 'RequestConflict', message, generation ?? undefined)
}

async function refuseAndClose(deps: ActivityDeps, generationId: string, message: string): Promise<never> {
  const failure = { type: 'NoProvider' as const, message }
  const closing = { status: 'failed' as const, servedByAttempt: null, fidelity: null, decisions: [], failure, left: [] }
  const generation = await deps.ledger.closeGeneration(generationId, closing, [])
  throw refuse(failure.type, message, generation)
}

function buildPlan(deps: ActivityDeps, request: GenerationRequest, route: Extract<PlannedRoute, { ok: true }>): StoredPlan {
  const { routeDefaults: defaults, planLimits } = deps
  const hasCallback = deps.hasCallbackAddress
  const entries = route.candidates.map((candidate) => toEntry(deps, candidate, hasCallback))
  const plan: Plan = {
    route: entries.map(({ planned }) => planned),
    policy: policyOf(request, defaults),
    limits: { ...planLimits, firstPollAfterMs: hasCallback ? defaults.callbackGraceMs : defaults.pollFirstMs },
    deadlineMs: request.route?.deadlineMs ?? defaults.generationDeadlineMs,
    count: request.count ?? 1,
    decisions: routeDecisions(route, request, defaults.preferred),
  }
  return { requestSha256: requestSha256(request), plan, entries: entries.map(({ stored }) => stored) }
}

function toEntry(deps: ActivityDeps, candidate: Candidate, hasCallback: boolean): { planned: PlannedEntry; stored: StoredEntry } {
  const { provider, model, api, input, price, whole, itemSeeds, fidelity } = candidate
  return {
    planned: {
      provider,
      model: model ?? api,
      priceUsd: price.usd,
      whole: whole === null ? null : { priceUsd: whole.price.usd },
      submitQueue: submitTaskQueue(provider),
      queryQueue: queryTaskQueue(provider),
      hasCallback,
      attemptDeadlineMs: attemptDeadlineMs(candidate, deps.routeDefaults),
      fidelity,
    },
    stored: { api, model, input, price, whole, itemSeeds, baseUrl: deps.providers.get(provider)?.baseUrl ?? '' },
  }
}

function refuse(type: FailureType, message: string, generation?: unknown): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true, details: generation === undefined ? [] : [generation] })
}
