// What a request may cost at most, before it is accepted. The plan computes the same again; it reserves only where nobody has yet.
import type { KnownUpload } from '../catalog/check-uploads.ts'
import type { Candidate } from '../catalog/plan-route.ts'
import { policyOf } from '../catalog/route-policy.ts'
import { routeUploads } from '../catalog/route-uploads.ts'
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

/** `uploads`: those that the request names. Of every route that the workers may plan, the dearest; an unknown price is dearer than any. */
export async function priceRequest(
  request: GenerationRequest,
  uploads: readonly KnownUpload[],
  deps: PlanningDeps,
): Promise<PricedRequest> {
  const policy = policyOf(request, deps.routeDefaults)
  const routes = await findRoutes(request, uploads, deps)
  const prices = routes.map((candidates) => worstCaseUsd(pricesOfAll(candidates, request.count ?? 1), policy))
  const unpriced = routes.flat().filter(({ price }) => price.usd === null)
  return {
    worstCaseUsd: prices.reduce((most, usd) => (most === null || usd === null ? null : Math.max(most, usd)), 0),
    unpriced: [...new Set(unpriced.map(({ provider }) => provider))],
  }
}

/**
 * With uploads the route depends on whether the workers have an address that providers can reach, which nobody here knows: both. Where our
 * keys make no route, all providers count. Too much reserved is given back; too little would be a budget that is overrun.
 */
async function findRoutes(request: GenerationRequest, known: readonly KnownUpload[], deps: PlanningDeps): Promise<Candidate[][]> {
  const byLink = routeUploads(request, known, { providers: deps.providers.values(), canLink: true })
  const asData = routeUploads(request, known, { providers: deps.providers.values(), canLink: false })
  const settings = asData.obstacles.size === 0 ? [byLink] : [byLink, asData]
  for (const who of ['own', 'all'] as const) {
    const routes = await Promise.all(settings.map((uploads) => findRoute(request, deps, who, uploads)))
    const planned = routes.flatMap((route) => (route.ok ? [route.candidates] : []))
    if (planned.length > 0) return planned
  }
  return []
}
