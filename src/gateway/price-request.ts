// What a request may cost at most, before it is accepted. The plan computes the same again; it reserves only where nobody has yet.
import { planRoute } from '../catalog/plan-route.ts'
import { pricesOfAll } from '../catalog/several-pictures.ts'
import { worstCaseUsd } from '../catalog/worst-case.ts'
import type { GenerationRequest, ProviderName } from '../contract/index.ts'
import type { RouteDeps } from './gateway-deps.ts'

export interface PricedRequest {
  /** null: a price in the route is not known */
  worstCaseUsd: number | null
  /** providers of the route without a price */
  unpriced: ProviderName[]
}

export function priceRequest(
  request: GenerationRequest,
  { providers, routeDefaults }: Pick<RouteDeps, 'providers' | 'routeDefaults'>,
): PricedRequest {
  const candidates = findCandidates(request, providers, routeDefaults.preferred)
  const route = request.route ?? {}
  const policy = {
    fallback: route.fallback ?? true,
    onUnknown: route.onUnknown ?? 'fallback',
    maxPaidAttempts: route.maxPaidAttempts ?? routeDefaults.maxPaidAttempts,
    maxCostUsd: route.maxCostUsd ?? null,
  }
  return {
    worstCaseUsd: worstCaseUsd(pricesOfAll(candidates, request.count ?? 1), policy),
    unpriced: candidates.filter(({ price }) => price.usd === null).map(({ provider }) => provider),
  }
}

/**
 * The workers make the real route, and a gateway need not have their keys: where ours make no route, all providers count. Too much
 * reserved is given back; too little would be a budget that is overrun.
 */
function findCandidates(request: GenerationRequest, providers: RouteDeps['providers'], preferred: ProviderName) {
  const all = [...providers.values()]
  const withAccounts = all.filter(({ accounts }) => accounts.length > 0)
  for (const offered of [withAccounts, all]) {
    const route = planRoute(request, { preferred, available: new Set(offered.map(({ name }) => name)) })
    if (route.ok) return route.candidates
  }
  return []
}
