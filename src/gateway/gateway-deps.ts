// What the gateway is given. Values, not configuration: the composition roots read the environment.
import type { PolicyDefaults } from '../catalog/route-policy.ts'
import type { ProviderName, SpendMode } from '../contract/index.ts'
import type { AccountRef } from '../ledger/accounts-port.ts'
import type { AttemptRef, Ledger } from '../ledger/ledger.ts'
import type { Logger } from '../observability/logger.ts'
import type { Provider } from '../providers/provider.ts'
import type { ResultStore } from '../storage/result-store.ts'
import type { UploadTokens } from '../tokens/upload-tokens.ts'
import type { GenerationStarter } from './generation-starter.ts'
import type { GatewayLimits } from './limits.ts'
import type { WakeGate } from './wake-gate.ts'

export interface GatewayDeps {
  ledger: Ledger
  store: Pick<ResultStore, 'open' | 'tempFolder' | 'adopt'>
  /** callbacks are read with them, and those with accounts are what a route can be made of */
  providers: ReadonlyMap<ProviderName, Pick<Provider, 'name' | 'readCallback' | 'accounts' | 'describeSubmit' | 'references'>>
  /** the accounts that this service has keys for; others are in the ledger if they were ever used */
  accounts: readonly AccountRef[]
  /** as the plan has them: what a request may cost depends on them */
  routeDefaults: PolicyDefaults & { preferred: ProviderName }
  /** where a provider would be told to call back, with `token` as its sealed part; null: it is told nothing. For previews only */
  callbackUrlOf: (provider: ProviderName, token: string) => string | null
  tokens: { open(token: string): AttemptRef | null }
  uploadTokens: Pick<UploadTokens, 'open'>
  temporal: GenerationStarter
  /** written into every generation: whether its money is real */
  mode: SpendMode
  logger: Logger
  limits?: Partial<GatewayLimits>
  links?: GatewayLinks
}

/** Where else a generation can be looked at. */
export interface GatewayLinks {
  /** the workflow in Temporal's UI; null where nobody knows its address */
  temporal(generationId: string): string | null
}

/** The same with every default filled in: what routes are given. */
export interface RouteDeps extends Omit<GatewayDeps, 'limits' | 'links'> {
  limits: GatewayLimits
  links: GatewayLinks
  wakes: WakeGate
  /** aborted when the gateway begins to close: whoever only waits stops waiting */
  closing: AbortSignal
}
