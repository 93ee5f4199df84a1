// What a request may cost at most, before it is accepted. The plan computes the same again; it reserves only where nobody has yet.
import type { KnownUpload } from '../catalog/check-uploads.ts'
import type { Candidate } from '../catalog/plan-route.ts'
import { policyOf } from '../catalog/route-policy.ts'
import { routeUploads } from '../catalog/route-uploads.ts'
import { pricesOfAll } from '../catalog/several-pictures.ts'
import { worstCaseUsd } from '../catalog/worst-case.ts'
import type { GenerationRequest, ProviderName } from '../contract/index.ts'
import { findRoute, whoCounts } from './find-route.ts'
import type { PlanningDeps } from './find-route.ts'
import type { FieldError } from './problem.ts'

export interface PricedRequest {
  /** null: a price in the route is not known */
  worstCaseUsd: number | null
  /** providers of the route without a price */
  unpriced: ProviderName[]
  /** why nobody can be asked; null: somebody can */
  refusal: readonly FieldError[] | null
}

/** `uploads`: those that the request names. Of every route that the workers may plan, the dearest; an unknown price is dearer than any. */
export async function priceRequest(
  request: GenerationRequest,
  uploads: readonly KnownUpload[],
  deps: PlanningDeps,
): Promise<PricedRequest> {
  const policy = policyOf(request, deps.routeDefaults)
  const { routes, refusal } = await findRoutes(request, uploads, deps)
  const prices = routes.map((candidates) => worstCaseUsd(pricesOfAll(candidates, request.count ?? 1), policy))
  const unpriced = routes.flat().filter(({ price }) => price.usd === null)
  return {
    worstCaseUsd: prices.reduce((most, usd) => (most === null || usd === null ? null : Math.max(most, usd)), 0),
    unpriced: [...new Set(unpriced.map(({ provider }) => provider))],
    refusal,
  }
}

/**
 * With uploads the route depends on whether the workers have an address that providers can reach, which nobody here knows: both. Too much
 * reserved is given back; too little would be a budget that is overrun.
 */
async function findRoutes(
  request: GenerationRequest,
  known: readonly KnownUpload[],
  deps: PlanningDeps,
): Promise<{ routes: Candidate[][]; refusal: readonly FieldError[] | null }> {
  const byLink = routeUploads(known, { providers: deps.providers.values(), canLink: true })
  const asData = routeUploads(known, { providers: deps.providers.values(), canLink: false })
  const settings = asData.obstacles.size === 0 ? [byLink] : [byLink, asData]
  const found = await Promise.all(settings.map((uploads) => findRoute(request, deps, whoCounts(deps), uploads)))
  const routes = found.flatMap((route) => (route.ok ? [route.candidates] : []))
  const errors = found.flatMap((route) => (route.ok ? [] : [route.errors]))
  return { routes, refusal: routes.length > 0 ? null : (errors[0] ?? []) }
}
