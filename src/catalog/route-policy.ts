// What a request leaves open about its route, filled in; and the words for what was chosen. The plan and its preview share them.
import type { DecisionReport, GenerationRequest, ProviderName, RoutePolicy } from '../contract/index.ts'
import type { Candidate, PlannedRoute } from './plan-route.ts'
import { preferenceOf } from './route-preference.ts'

/** A deadline shorter than three times a model's documented duration would pay twice for healthy traffic. */
const deadlinePerTypicalDuration = 3

/** The middle of 1 to 5. */
const defaultPriority = 3

/** What counts where the request says nothing; ms but for the count. */
export interface PolicyDefaults {
  attemptDeadlineMs: number
  generationDeadlineMs: number
  maxPaidAttempts: number
  /** in line at one provider */
  queueForMs: number
}

export function policyOf({ route = {} }: GenerationRequest, defaults: PolicyDefaults): RoutePolicy {
  return {
    fallback: route.fallback ?? true,
    onUnknown: route.onUnknown ?? 'fallback',
    onOverdue: route.onOverdue ?? 'fallback',
    onRefusal: route.onRefusal ?? 'fail',
    maxPaidAttempts: route.maxPaidAttempts ?? defaults.maxPaidAttempts,
    maxCostUsd: route.maxCostUsd ?? null,
    maxQueueMs: route.maxQueueMs ?? defaults.queueForMs,
    priority: route.priority ?? defaultPriority,
    keepSpares: route.keepSpares ?? false,
  }
}

export function attemptDeadlineMs({ typicalDurationMs }: Candidate, defaults: PolicyDefaults): number {
  return Math.max(defaults.attemptDeadlineMs, deadlinePerTypicalDuration * (typicalDurationMs ?? 0))
}

/** The first lines of the decision record. */
export function routeDecisions(
  { candidates, left, preferences }: Extract<PlannedRoute, { ok: true }>,
  request: GenerationRequest,
  preferred: ProviderName,
): Omit<DecisionReport, 'at'>[] {
  const hasDecided = preferences.some((each) => each.hasDecided)
  return [
    {
      decision: `route ${candidates.map((candidate) => describeCandidate(candidate, request)).join(', then ')}`,
      because: hasDecided ? `the request prefers the ${preferenceOf(request)}` : orderReason(candidates, request, preferred),
    },
    ...preferences.map(({ decision, because }) => ({ decision, because })),
    ...left.map(({ provider, because }) => ({ decision: `leave out ${provider}`, because })),
  ]
}

function describeCandidate({ provider, canonicalModel }: Candidate, request: GenerationRequest): string {
  return canonicalModel === request.model ? provider : `${provider} with ${canonicalModel} in its place`
}

function orderReason(candidates: readonly Candidate[], request: GenerationRequest, preferred: ProviderName): string {
  if (new Set(candidates.map(({ provider }) => provider)).size === 1) return 'nobody else can be asked'
  if (request.route?.providers !== undefined) return 'the request names this order'
  return `AI_PROVIDER puts ${preferred} first`
}
