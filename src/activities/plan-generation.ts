import { ApplicationFailure } from '@temporalio/common'
import { parseGenerationRequest } from '../catalog/parse-request.ts'
import { requestSha256 } from '../catalog/request-digest.ts'
import { planRoute } from '../catalog/plan-route.ts'
import type { Candidate } from '../catalog/plan-route.ts'
import type { FailureType, GenerationRequest } from '../contract/index.ts'
import { queryTaskQueue, submitTaskQueue } from '../contract/index.ts'
import type { ActivityDeps } from './deps.ts'
import { readStoredPlan } from './stored-plan.ts'
import type { Plan, PlanInput, PlannedEntry, StoredEntry, StoredPlan } from './types.ts'

/** A deadline shorter than three times a model's documented duration would pay twice for healthy traffic. */
const deadlinePerTypicalDuration = 3

/** One account per provider for now; the name is in every row, so that more can come without a migration. */
const onlyAccount = 'default'

/**
 * Validates, picks the route and records both. Idempotent by generation id: the first call stores request hash, plan and prices, later
 * ones return the stored plan, so that a reset keeps its route. Another request under the same id is a failure before any money.
 */
export function createPlanGeneration(deps: ActivityDeps) {
  return async function planGeneration({ generationId, request }: PlanInput): Promise<Plan> {
    const parsed = parseGenerationRequest(request)
    if (!parsed.ok) throw refuse('InvalidRequest', parsed.errors.map(({ message }) => message).join('; '))
    const created = await deps.ledger.createGeneration({
      id: generationId,
      requestSha256: requestSha256(parsed.request),
      request: parsed.request,
      mode: deps.mode,
      idempotencySha256: null,
    })
    if (created.kind === 'conflict') throw refuse('RequestConflict', `generation ${generationId} was made for another request`)
    const stored = readStoredPlan(await deps.ledger.readPlan(generationId))
    if (stored !== null) return stored.plan

    const available = new Set([...deps.providers.values()].filter(({ hasKey }) => hasKey).map(({ name }) => name))
    const route = planRoute(parsed.request, { preferred: deps.routeDefaults.preferred, available })
    if (!route.ok) return refuseAndClose(deps, generationId, route.errors.map(({ message }) => message).join('; '))
    const fresh = buildPlan(deps, parsed.request, route.candidates, route.left)
    const first = fresh.plan.route[0]
    const fidelity = first?.fidelity ?? { level: 'exact' as const, changes: [] }
    // Another run may have been quicker: the first plan counts. None is recorded once the generation has ended, and none is needed.
    const recorded = readStoredPlan(await deps.ledger.recordPlan(generationId, fresh, fidelity))
    if (recorded === null) return refuseEnded(deps, generationId)
    return recorded.plan
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
      decision: `route ${candidates.map(({ provider }) => provider).join(', then ')}`,
      because: routeReason(request, defaults.preferred),
    },
    ...left.map(({ provider, because }) => ({ decision: `leave out ${provider}`, because })),
  ]
  const plan: Plan = {
    route: entries.map(({ planned }) => planned),
    policy: {
      fallback: route.fallback ?? true,
      onUnknown: route.onUnknown ?? 'fallback',
      onOverdue: route.onOverdue ?? 'fallback',
      onRefusal: route.onRefusal ?? 'fail',
      maxPaidAttempts: route.maxPaidAttempts ?? defaults.maxPaidAttempts,
    },
    limits: { ...planLimits, firstPollAfterMs: hasCallback ? defaults.callbackGraceMs : defaults.pollFirstMs },
    deadlineMs: route.deadlineMs ?? defaults.generationDeadlineMs,
    decisions,
  }
  return { requestSha256: requestSha256(request), plan, entries: entries.map(({ stored }) => stored) }
}

function toEntry(deps: ActivityDeps, candidate: Candidate, hasCallback: boolean): { planned: PlannedEntry; stored: StoredEntry } {
  const { provider, model, api, input, price, fidelity, typicalDurationMs } = candidate
  return {
    planned: {
      provider,
      account: onlyAccount,
      model: model ?? api,
      submitQueue: submitTaskQueue(provider),
      queryQueue: queryTaskQueue(provider),
      hasCallback,
      attemptDeadlineMs: Math.max(deps.routeDefaults.attemptDeadlineMs, deadlinePerTypicalDuration * (typicalDurationMs ?? 0)),
      fidelity,
    },
    stored: { api, model, input, price, baseUrl: deps.providers.get(provider)?.baseUrl ?? '' },
  }
}

function routeReason(request: GenerationRequest, preferred: string): string {
  if (request.route?.providers !== undefined) return 'the request names this order'
  return `AI_PROVIDER puts ${preferred} first`
}

function refuse(type: FailureType, message: string, generation?: unknown): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true, details: generation === undefined ? [] : [generation] })
}
