// Configuration → what the parts are given. `worker`, `gateway`, `dev`, `demo` and the tests all compose their service here.
import type { ActivityDeps, PointReached, WorkflowDoor } from '../activities/deps.ts'
import { createActivities } from '../activities/index.ts'
import type { Activities } from '../activities/index.ts'
import type { Config } from '../config/config.ts'
import type { ProviderName, SpendMode } from '../contract/index.ts'
import type { GatewayDeps } from '../gateway/gateway-deps.ts'
import type { GenerationStarter } from '../gateway/generation-starter.ts'
import { createLedger } from '../ledger/create-ledger.ts'
import type { LedgerOptions } from '../ledger/create-ledger.ts'
import type { AccountLimits, AccountRef } from '../ledger/accounts-port.ts'
import type { AttemptRef, Ledger } from '../ledger/ledger.ts'
import type { Logger } from '../observability/logger.ts'
import { createMetrics, type Metrics } from '../observability/metrics.ts'
import type { Provider } from '../providers/provider.ts'
import { createProviders } from '../providers/registry.ts'
import type { ResultStore } from '../storage/result-store.ts'
import { downloadImage } from '../storage/safe-download.ts'
import { parseAllowedHosts } from '../storage/url-guard.ts'
import type { CallbackTokens } from '../tokens/tokens.ts'
import { createCallbackTokens } from '../tokens/tokens.ts'
import type { UploadTokens } from '../tokens/upload-tokens.ts'
import { createUploadTokens } from '../tokens/upload-tokens.ts'
import type { ProviderRate } from '../worker/workers.ts'

export interface ServiceResources {
  /** as it counts: with the simulator's addresses where it stands for the providers */
  config: Config
  ledger: Ledger
  store: ResultStore
  logger: Logger
  callbackSecret: string
  temporalUi: TemporalUi | null
  /** fault runs stop the process at named points */
  pointReached?: PointReached
}

export interface TemporalUi {
  url: string
  namespace: string
}

export interface ComposedService {
  mode: SpendMode
  /** `callbackBaseUrl`: where providers reach the gateway, which may have to listen first to know; null: poll only */
  createActivities: (callbackBaseUrl: string | null, workflows: WorkflowDoor) => Activities
  rates: ReadonlyMap<ProviderName, ProviderRate>
  /** `callbackBaseUrl`: as the workers have it; asked when a plan is previewed. Default: DARKROOM_PUBLIC_URL */
  gatewayDeps: (starter: GenerationStarter, callbackBaseUrl?: () => string | null) => GatewayDeps
  createMetrics: () => Metrics
}

export function composeService(resources: ServiceResources): ComposedService {
  const { config, ledger, store, logger } = resources
  // A malformed list is an error now, not at the first download, which would be repeated until the deadline.
  parseAllowedHosts(config.downloadAllow)
  const mode: SpendMode = config.mockAi ? 'mock' : 'live'
  const providers = createProviders(providerOptions(config))
  const { callbackSecretPrevious: previous } = config
  const secrets = { current: resources.callbackSecret, ...(previous === null ? {} : { previous: previous.reveal() }) }
  const tokens = createCallbackTokens(secrets)
  const uploadTokens = createUploadTokens(secrets)
  return {
    mode,
    createActivities: (callbackBaseUrl, workflows) =>
      createActivities(activityDeps(resources, { providers, tokens, uploadTokens, mode, callbackBaseUrl, workflows })),
    rates: providerRates(mode),
    gatewayDeps: (temporal, callbackBaseUrl = () => config.publicUrl) => ({
      ledger,
      store,
      providers,
      tokens,
      uploadTokens,
      temporal,
      mode,
      accounts: accountsOf(providers, mode),
      routeDefaults: routeDefaults(config),
      callbackUrlOf: (provider, token) => callbackUrl(callbackBaseUrl(), provider, token),
      logger: logger.child({ part: 'gateway' }),
      limits: { wakesPerAttempt: config.timings.wakesPerAttempt, wakeIntervalMs: config.timings.wakeSpacingMs },
      links: { temporal: temporalLink(resources.temporalUi) },
    }),
    createMetrics: () =>
      createMetrics({ ledger, mode, accounts: accountsOf(providers, mode), lowBalanceUsd: config.lowBalanceUsd }),
  }
}

/** The ledger as every process opens it. */
export function openLedger(connection: LedgerOptions['connection'], ui: TemporalUi | null): Ledger {
  return createLedger({
    connection,
    links: {
      self: (id) => `/v1/generations/${encodeURIComponent(id)}`,
      image: (id, index) => `/v1/generations/${encodeURIComponent(id)}/images/${index}`,
      temporal: temporalLink(ui),
    },
  })
}

export function providerOptions({ providers: { kie, defapi } }: Config): Parameters<typeof createProviders>[0] {
  return {
    kie: {
      accounts: kie.accounts.map(({ name, apiKey }) => ({ name, apiKey: apiKey.reveal() })),
      baseUrl: kie.baseUrl,
      uploadBaseUrl: kie.uploadBaseUrl,
      webhookHmacKeys: kie.webhookHmacKeys.map((key) => key.reveal()),
    },
    defapi: {
      accounts: defapi.accounts.map(({ name, apiKey }) => ({ name, apiKey: apiKey.reveal() })),
      baseUrl: defapi.baseUrl,
    },
  }
}

interface Doors {
  providers: ReadonlyMap<ProviderName, Provider>
  tokens: CallbackTokens
  uploadTokens: UploadTokens
  mode: SpendMode
  callbackBaseUrl: string | null
  workflows: WorkflowDoor
}

/**
 * How long a provider may fetch a picture under a link of ours, which is made anew for each POST: longer than any task on record waited and
 * worked (minutes), short enough that a link in somebody's log is soon worth nothing.
 */
const uploadLinkLivesMs = 6 * 60 * 60 * 1_000

function activityDeps(resources: ServiceResources, doors: Doors): ActivityDeps {
  const { providers, tokens, uploadTokens, mode, callbackBaseUrl, workflows } = doors
  const { config, ledger, store } = resources
  const { timings } = config
  return {
    ledger,
    store,
    providers,
    mode,
    logger: resources.logger.child({ part: 'activities' }),
    hasCallbackAddress: callbackBaseUrl !== null,
    callbackUrlOf: (provider, ref) => callbackUrl(callbackBaseUrl, provider, tokens.seal(ref)),
    uploadLinkOf: (sha256) => {
      if (callbackBaseUrl === null) return null
      const token = uploadTokens.seal({ sha256, expiresAtMs: Date.now() + uploadLinkLivesMs })
      return `${callbackBaseUrl}/v1/uploads/${sha256}/${token}`
    },
    openCallbackUrl: (url) => openCallbackUrl(url, tokens),
    downloadImage: (url, signal) =>
      downloadImage(url, {
        tempFolder: store.tempFolder,
        allow: config.downloadAllow,
        signal,
        limits: { totalTimeoutMs: timings.downloadTimeoutMs },
      }),
    limits: timings,
    accountLimits: new Map<ProviderName, Omit<AccountLimits, 'leaseMs'>>([
      ['kie', config.limits.kie],
      ['defapi', config.limits.defapi],
    ]),
    pauseRules: timings,
    lowBalanceUsd: config.lowBalanceUsd,
    workflows,
    planLimits: planLimits(config),
    routeDefaults: routeDefaults(config),
    ...(resources.pointReached === undefined ? {} : { pointReached: resources.pointReached }),
  }
}

/** Only what the workflow uses: it is recorded with every plan. */
function planLimits({ timings }: Config): ActivityDeps['planLimits'] {
  return {
    submitMaxTries: timings.submitMaxTries,
    submitRetryInitialMs: timings.submitRetryInitialMs,
    submitRetryMaxMs: timings.submitRetryMaxMs,
    submitStartToCloseMs: timings.submitStartToCloseMs,
    submitHeartbeatTimeoutMs: timings.submitHeartbeatTimeoutMs,
    queryStartToCloseMs: timings.queryStartToCloseMs,
    pollMinMs: timings.pollMinMs,
    pollMaxMs: timings.pollMaxMs,
    unknownListenMs: timings.unknownListenMs,
    listenPollMs: timings.listenPollMs,
    storeStartToCloseMs: timings.storeStartToCloseMs,
    wakesPerAttempt: timings.wakesPerAttempt,
    wakeSpacingMs: timings.wakeSpacingMs,
    settleForMs: timings.settleForMs,
    settlePollMinMs: timings.settlePollMinMs,
    settlePollMaxMs: timings.settlePollMaxMs,
  }
}

function routeDefaults({ timings, providers, maxPaidAttempts }: Config): ActivityDeps['routeDefaults'] {
  return { ...timings, preferred: providers.preferred, maxPaidAttempts }
}

function callbackUrl(baseUrl: string | null, provider: ProviderName, token: string): string | null {
  return baseUrl === null ? null : `${baseUrl}/v1/callbacks/${provider}/${token}`
}

/** Every account that has a key. */
function accountsOf(providers: ReadonlyMap<ProviderName, Provider>, mode: SpendMode): AccountRef[] {
  return [...providers.values()].flatMap(({ name, accounts }) => accounts.map((account) => ({ mode, provider: name, account })))
}

/** A provider that repeats our request repeats the callback URL; what else may stand there opens nothing. */
function openCallbackUrl(url: string, tokens: CallbackTokens): AttemptRef | null {
  const path = URL.canParse(url) ? new URL(url).pathname : ''
  const token = /\/v1\/callbacks\/[^/]+\/([^/]+)$/.exec(path)?.[1]
  return token === undefined ? null : tokens.open(token)
}

/** kie: 20 new tasks in any 10 s, 10 queries a second per key. DefAPI publishes no limits, and the simulator has none unless told. */
function providerRates(mode: SpendMode): ReadonlyMap<ProviderName, ProviderRate> {
  const unlimited: ProviderRate = { submitsPerSecond: null, queriesPerSecond: null }
  return new Map<ProviderName, ProviderRate>([
    ['kie', mode === 'live' ? { submitsPerSecond: 2, queriesPerSecond: 10 } : unlimited],
    ['defapi', unlimited],
  ])
}

function temporalLink(ui: TemporalUi | null): (generationId: string) => string | null {
  return (id) =>
    ui === null ? null : `${ui.url}/namespaces/${encodeURIComponent(ui.namespace)}/workflows/${encodeURIComponent(id)}`
}
