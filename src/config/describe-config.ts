// The configuration as rows for `darkroom doctor`: what counts now, and whether somebody set it.
import type { Config } from './config.ts'
import { variables } from './environment.ts'
import type { NamedVariable } from './environment.ts'
import { Secret } from './secret.ts'
import { timingNames, timingVariable } from './timings.ts'
import { defaultAccount } from './values.ts'
import type { Account } from './values.ts'

export interface ConfigRow {
  variable: string
  /** as one would write it; `***` for a secret, empty for an unset one */
  value: string
  source: 'set' | 'default'
}

type Shown = string | number | boolean | null | Secret | readonly (string | Secret)[]

/** Where each variable ended up. A composition root may have changed the configuration since it was read: the rows follow. */
const readers: Readonly<Record<NamedVariable, (config: Config) => Shown>> = {
  AI_PROVIDER: ({ providers }) => providers.preferred,
  KIE_API_KEY: (config) => singleAccount(config, 'kie')?.apiKey ?? null,
  KIE_ACCOUNTS: (config) => listedAccounts(config, 'kie'),
  DEFAPI_KEY: (config) => singleAccount(config, 'defapi')?.apiKey ?? null,
  DEFAPI_ACCOUNTS: (config) => listedAccounts(config, 'defapi'),
  MOCK_AI: ({ mockAi }) => mockAi,
  DARKROOM_MOCK_TEMPERAMENT: ({ mock }) => mock.temperament,
  DARKROOM_MOCK_SEED: ({ mock }) => mock.seed,
  KIE_BASE_URL: ({ providers }) => providers.kie.baseUrl,
  KIE_UPLOAD_BASE_URL: ({ providers }) => providers.kie.uploadBaseUrl,
  DEFAPI_BASE_URL: ({ providers }) => providers.defapi.baseUrl,
  DARKROOM_PUBLIC_URL: ({ publicUrl }) => publicUrl,
  KIE_WEBHOOK_HMAC_KEY: ({ providers }) => providers.kie.webhookHmacKeys,
  DARKROOM_ALLOW_UNSIGNED_CALLBACKS: ({ allowUnsignedCallbacks }) => allowUnsignedCallbacks,
  DARKROOM_CALLBACK_SECRET: ({ callbackSecret }) => callbackSecret,
  DARKROOM_CALLBACK_SECRET_PREVIOUS: ({ callbackSecretPrevious }) => callbackSecretPrevious,
  DARKROOM_HTTP_HOST: ({ http }) => http.host,
  DARKROOM_HTTP_PORT: ({ http }) => http.port,
  DARKROOM_METRICS_PORT: ({ metricsPort }) => metricsPort,
  DARKROOM_URL: ({ gatewayUrl }) => gatewayUrl,
  DARKROOM_DATA_DIR: ({ dataFolder }) => dataFolder,
  DATABASE_URL: ({ databaseUrl }) => databaseUrl,
  DARKROOM_DOWNLOAD_ALLOW: ({ downloadAllow }) => downloadAllow,
  TEMPORAL_ADDRESS: ({ temporalAddressSet }) => (temporalAddressSet ? 'set' : null),
  TEMPORAL_CLI_PATH: ({ temporalCliPath }) => temporalCliPath,
  DARKROOM_TEMPORAL_UI_URL: ({ temporalUiUrl }) => temporalUiUrl,
  DARKROOM_TEMPORAL_PLAINTEXT: ({ temporalPlaintext }) => temporalPlaintext,
  DARKROOM_MAX_PAID_ATTEMPTS: ({ maxPaidAttempts }) => maxPaidAttempts,
  DARKROOM_LOW_BALANCE_USD: ({ lowBalanceUsd }) => lowBalanceUsd,
  DARKROOM_KIE_MAX_CREATES: ({ limits }) => limits.kie.creates,
  DARKROOM_KIE_WINDOW_MS: ({ limits }) => limits.kie.windowMs,
  DARKROOM_KIE_MAX_IN_FLIGHT: ({ limits }) => limits.kie.maxInFlight,
  DARKROOM_DEFAPI_MAX_CREATES: ({ limits }) => limits.defapi.creates,
  DARKROOM_DEFAPI_WINDOW_MS: ({ limits }) => limits.defapi.windowMs,
  DARKROOM_DEFAPI_MAX_IN_FLIGHT: ({ limits }) => limits.defapi.maxInFlight,
  DARKROOM_LOG_LEVEL: ({ log }) => log.level,
}

/** The account of the variable with the single key. One of that name may also stand in the list, when that variable is not set. */
function singleAccount({ providers, setVariables }: Config, provider: 'kie' | 'defapi'): Account | undefined {
  const [single, list] = provider === 'kie' ? ['KIE_API_KEY', 'KIE_ACCOUNTS'] : ['DEFAPI_KEY', 'DEFAPI_ACCOUNTS']
  if (setVariables.includes(list) && !setVariables.includes(single)) return undefined
  return providers[provider].accounts.find(({ name }) => name === defaultAccount)
}

/** Names may be shown, keys not. */
function listedAccounts(config: Config, provider: 'kie' | 'defapi'): string[] {
  const single = singleAccount(config, provider)
  const listed = config.providers[provider].accounts.filter((account) => account !== single)
  return listed.map(({ name, apiKey }) => `${name}=${apiKey.toString()}`)
}

function show(value: Shown): string {
  if (value === null) return ''
  if (value instanceof Secret) return value.toString()
  return typeof value === 'object' ? value.join(',') : String(value)
}

/** One row for every variable, in the order of `.env.example`. */
export function describeConfig(config: Config): ConfigRow[] {
  const values = new Map(Object.entries(readers).map(([name, read]) => [name, show(read(config))]))
  for (const name of timingNames) values.set(timingVariable(name), String(config.timings[name]))
  return variables.map(({ name }) => ({
    variable: name,
    value: values.get(name) ?? '',
    source: config.setVariables.includes(name) ? 'set' : 'default',
  }))
}
