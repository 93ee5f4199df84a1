// What a request may cost at most, before it is accepted. The plan computes the same again; it reserves only where nobody has yet.
import type { Candidate } from '../catalog/plan-route.ts'
import { policyOf } from '../catalog/route-policy.ts'
import { pricesOfAll } from '../catalog/several-pictures.ts'
import { worstCaseUsd } from '../catalog/worst-case.ts'
import type { GenerationRequest, ProviderName } from '../contract/index.ts'
import { findRoute } from './find-route.ts'
import type { PlanningDeps } from './find-route.ts'

export interface PricedRequest {
  /** null: a price in the route is not known */
  worstCaseUsd: number | null
  /** providers of the route without a price */
  unpriced: ProviderName[]
}

export async function priceRequest(request: GenerationRequest, deps: PlanningDeps): Promise<PricedRequest> {
  const candidates = await findCandidates(request, deps)
  return {
    worstCaseUsd: worstCaseUsd(pricesOfAll(candidates, request.count ?? 1), policyOf(request, deps.routeDefaults)),
    unpriced: candidates.filter(({ price }) => price.usd === null).map(({ provider }) => provider),
  }
}

/** Where our keys make no route, all providers count. Too much reserved is given back; too little would be a budget that is overrun. */
async function findCandidates(request: GenerationRequest, deps: PlanningDeps): Promise<Candidate[]> {
  for (const who of ['own', 'all'] as const) {
    const route = await findRoute(request, deps, who)
    if (route.ok) return route.candidates
  }
  return []
}
