import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { parseGenerationRequest } from '../catalog/parse-request.ts'
import { requestSha256 } from '../catalog/request-digest.ts'
import { planRoute } from '../catalog/plan-route.ts'
import type { Candidate } from '../catalog/plan-route.ts'
import { pricesOfAll } from '../catalog/several-pictures.ts'
import { worstCaseUsd } from '../catalog/worst-case.ts'
import type { FailureType, GenerationRequest } from '../contract/index.ts'
import { defaultTenant, queryTaskQueue, submitTaskQueue } from '../contract/index.ts'
import type { ActivityDeps } from './deps.ts'
import { readStoredPlan } from './stored-plan.ts'
import type { Plan, PlanInput, PlannedEntry, RoutePolicy, StoredEntry, StoredPlan } from './types.ts'

/** A deadline shorter than three times a model's documented duration would pay twice for healthy traffic. */
const deadlinePerTypicalDuration = 3

/** The middle of 1 to 5. */
const defaultPriority = 3

/**
 * Validates, picks the route and records both. Idempotent by generation id: the first call stores request hash, plan and prices, later
 * ones return the stored plan, so that a reset keeps its route. Another request under the same id is a failure before any money.
 */
export function createPlanGeneration(deps: ActivityDeps) {
  return async function planGeneration({ generationId, request }: PlanInput): Promise<Plan> {
    const parsed = parseGenerationRequest(request)
    if (!parsed.ok) throw refuse('InvalidRequest', parsed.errors.map(({ message }) => message).join('; '))
    const available = new Set([...deps.providers.values()].filter(({ accounts }) => accounts.length > 0).map(({ name }) => name))
    const route = planRoute(parsed.request, { preferred: deps.routeDefaults.preferred, available })
    await createRow(deps, generationId, parsed.request, route.ok ? route.candidates : [])
    const stored = readStoredPlan(await deps.ledger.readPlan(generationId))
    if (stored !== null) return stored.plan
    if (!route.ok) return refuseAndClose(deps, generationId, route.errors.map(({ message }) => message).join('; '))
    const fresh = buildPlan(deps, parsed.request, route.candidates, route.left)
    const first = fresh.plan.route[0]
    const fidelity = first?.fidelity ?? { level: 'exact' as const, changes: [] }
    // Another run may have been quicker: the first plan counts. None is recorded once the generation has ended, and none is needed.
    const recorded = readStoredPlan(await deps.ledger.recordPlan(generationId, fresh, fidelity))
    if (recorded === null) return refuseEnded(deps, generationId)
    await deps.pointReached?.('plan.recorded', Context.current().info.attempt)
    return recorded.plan
  }
}

/** Where the gateway has made the row already this only compares; for a workflow started elsewhere it reserves the worst case. */
async function createRow(
  deps: ActivityDeps,
  generationId: string,
  request: GenerationRequest,
  candidates: Candidate[],
): Promise<void> {
  const worstCase = worstCaseUsd(pricesOfAll(candidates, request.count ?? 1), policyOf(deps, request))
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

function policyOf({ routeDefaults }: ActivityDeps, { route = {} }: GenerationRequest): RoutePolicy {
  return {
    fallback: route.fallback ?? true,
    onUnknown: route.onUnknown ?? 'fallback',
    onOverdue: route.onOverdue ?? 'fallback',
    onRefusal: route.onRefusal ?? 'fail',
    maxPaidAttempts: route.maxPaidAttempts ?? routeDefaults.maxPaidAttempts,
    maxCostUsd: route.maxCostUsd ?? null,
    maxQueueMs: route.maxQueueMs ?? routeDefaults.queueForMs,
    priority: route.priority ?? defaultPriority,
    keepSpares: route.keepSpares ?? false,
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

function buildPlan(
  deps: ActivityDeps,
  request: GenerationRequest,
  candidates: Candidate[],
  left: { provider: string; because: string }[],
): StoredPlan {
  const { routeDefaults: defaults, planLimits } = deps
  const route = request.route ?? {}
  const hasCallback = deps.hasCallbackAddress
  const entries = candidates.map((candidate) => toEntry(deps, candidate, hasCallback))
  const decisions: Plan['decisions'] = [
    {
      decision: `route ${candidates.map((candidate) => describeCandidate(candidate, request)).join(', then ')}`,
      because: routeReason(request, defaults.preferred),
    },
    ...left.map(({ provider, because }) => ({ decision: `leave out ${provider}`, because })),
  ]
  const plan: Plan = {
    route: entries.map(({ planned }) => planned),
    policy: policyOf(deps, request),
    limits: { ...planLimits, firstPollAfterMs: hasCallback ? defaults.callbackGraceMs : defaults.pollFirstMs },
    deadlineMs: route.deadlineMs ?? defaults.generationDeadlineMs,
    count: request.count ?? 1,
    decisions,
  }
  return { requestSha256: requestSha256(request), plan, entries: entries.map(({ stored }) => stored) }
}

function toEntry(deps: ActivityDeps, candidate: Candidate, hasCallback: boolean): { planned: PlannedEntry; stored: StoredEntry } {
  const { provider, model, api, input, price, whole, itemSeed, fidelity, typicalDurationMs } = candidate
  return {
    planned: {
      provider,
      model: model ?? api,
      priceUsd: price.usd,
      whole: whole === null ? null : { priceUsd: whole.price.usd },
      submitQueue: submitTaskQueue(provider),
      queryQueue: queryTaskQueue(provider),
      hasCallback,
      attemptDeadlineMs: Math.max(deps.routeDefaults.attemptDeadlineMs, deadlinePerTypicalDuration * (typicalDurationMs ?? 0)),
      fidelity,
    },
    stored: { api, model, input, price, whole, itemSeed, baseUrl: deps.providers.get(provider)?.baseUrl ?? '' },
  }
}

function describeCandidate({ provider, canonicalModel }: Candidate, request: GenerationRequest): string {
  return canonicalModel === request.model ? provider : `${provider} with ${canonicalModel} in its place`
}

function routeReason(request: GenerationRequest, preferred: string): string {
  if (request.route?.providers !== undefined) return 'the request names this order'
  return `AI_PROVIDER puts ${preferred} first`
}

function refuse(type: FailureType, message: string, generation?: unknown): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true, details: generation === undefined ? [] : [generation] })
}
