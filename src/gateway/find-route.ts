// The route as this gateway would plan it. The workers make the real one, and a gateway need not have their keys.
import { planRoute } from '../catalog/plan-route.ts'
import type { PlannedRoute } from '../catalog/plan-route.ts'
import type { RouteUploads } from '../catalog/route-uploads.ts'
import { tracksWanted } from '../catalog/tracks-wanted.ts'
import type { GenerationRequest } from '../contract/index.ts'
import type { RouteDeps } from './gateway-deps.ts'

export type PlanningDeps = Pick<RouteDeps, 'providers' | 'routeDefaults' | 'ledger' | 'mode'>

/** A gateway with keys knows who can be asked. Without any the workers' keys are what counts, and nobody here knows them. */
export function whoCounts({ providers }: Pick<PlanningDeps, 'providers'>): 'own' | 'all' {
  return [...providers.values()].some(({ accounts }) => accounts.length > 0) ? 'own' : 'all'
}

/** `own`: of the providers that have a key here; `all`: whoever has. Reads recent attempts where the request's preference needs them. */
export async function findRoute(
  request: GenerationRequest,
  deps: PlanningDeps,
  who: 'own' | 'all',
  uploads?: RouteUploads,
): Promise<PlannedRoute> {
  const offered = [...deps.providers.values()].filter(({ accounts }) => who === 'all' || accounts.length > 0)
  const available = new Set(offered.map(({ name }) => name))
  const setting = { preferred: deps.routeDefaults.preferred, available, ...(uploads === undefined ? {} : { uploads }) }
  const observed = await deps.ledger.readTrackRecords(deps.mode, tracksWanted(request, setting))
  return planRoute(request, { ...setting, observed })
}
