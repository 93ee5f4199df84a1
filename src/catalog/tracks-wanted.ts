// What has to be looked up in the ledger before a route can be chosen by preference.
import type { GenerationRequest, ProviderName } from '../contract/index.ts'
import { planRoute } from './plan-route.ts'
import type { RouteSetting } from './plan-route.ts'
import { preferenceOf } from './route-preference.ts'

/** One provider with one of its models. */
export interface Track {
  provider: ProviderName
  /** the provider's name of the model, or the endpoint family where there is none */
  model: string
}

/** Empty where the order does not depend on what was observed: no preference, nobody to choose from, or list prices say it all. */
export function tracksWanted(request: GenerationRequest, setting: RouteSetting): Track[] {
  const prefer = preferenceOf(request)
  if (prefer === 'order') return []
  const everybody = planRoute({ ...request, route: { ...request.route, prefer: 'order', fallback: true } }, setting)
  if (!everybody.ok) return []
  const { candidates } = everybody
  return candidates
    .filter((each) => candidates.some((other) => other !== each && other.canonicalModel === each.canonicalModel))
    .filter(({ price }) => prefer !== 'cheapest' || price.usd === null)
    .map(({ provider, model, api }) => ({ provider, model: model ?? api }))
}
