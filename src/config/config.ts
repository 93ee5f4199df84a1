// The configuration as one frozen value. Only composition roots (`cli/`, `dev/`, tests) read it; everything else is given values.
import { distance } from 'fastest-levenshtein'
import type { z } from 'zod'
import { environmentSchema, timingsSchema, variables } from './environment.ts'
import type { EnvironmentValues } from './environment.ts'
import type { Secret } from './secret.ts'
import { timingNames, timingProblems, timingVariable } from './timings.ts'
import type { Timings } from './timings.ts'
import { defaultAccount, isLoopbackHost, oneKey } from './values.ts'
import type { Account } from './values.ts'

/** What one account of a provider takes; more is refused there. // I8 */
export interface ProviderLimits {
  /** new tasks in any window; null: not limited */
  readonly creates: number | null
  readonly windowMs: number
  /** tasks at work at the same time; null: not limited */
  readonly maxInFlight: number | null
}

export interface Config {
  readonly providers: {
    /** asked first where the request names no order */
    readonly preferred: 'kie' | 'defapi'
    readonly kie: {
      /** in the order in which they are tried; none: Kie is in no route */
      readonly accounts: readonly Account[]
      readonly baseUrl: string
      readonly uploadBaseUrl: string
      /** empty: signatures are not checked */
      readonly webhookHmacKeys: readonly Secret[]
    }
    readonly defapi: {
      /** none: DefAPI is in no route */
      readonly accounts: readonly Account[]
      readonly baseUrl: string
    }
  }
  /** both providers are the simulator */
  readonly mockAi: boolean
  /** what the simulator is like, where `mockAi` starts one */
  readonly mock: { readonly temperament: 'alike' | 'drawn'; readonly seed: number | null }
  /** without a slash at the end; null: poll only */
  readonly publicUrl: string | null
  readonly allowUnsignedCallbacks: boolean
  /** null: made once in the data folder */
  readonly callbackSecret: Secret | null
  readonly callbackSecretPrevious: Secret | null
  readonly dataFolder: string
  /** null: the embedded ledger */
  readonly databaseUrl: Secret | null
  /** `host` or `host:port`, as the safe download takes them */
  readonly downloadAllow: readonly string[]
  readonly http: {
    readonly host: string
    /** 0: any free one */
    readonly port: number
  }
  /** null: no metrics are served; 0: any free one */
  readonly metricsPort: number | null
  /** which gateway the commands talk to; null: the default one */
  readonly gatewayUrl: string | null
  /** whether TEMPORAL_ADDRESS names a server; its value is read by Temporal's own environment configuration */
  readonly temporalAddressSet: boolean
  /** null: looked for */
  readonly temporalCliPath: string | null
  /** null: that of the embedded server, if there is one */
  readonly temporalUiUrl: string | null
  /** plain text to a Temporal server on another machine is allowed */
  readonly temporalPlaintext: boolean
  readonly maxPaidAttempts: number
  /** an account with less is warned about */
  readonly lowBalanceUsd: number
  /** of each account */
  readonly limits: {
    readonly kie: ProviderLimits
    readonly defapi: ProviderLimits
  }
  readonly log: { readonly level: EnvironmentValues['DARKROOM_LOG_LEVEL'] }
  readonly timings: Timings
  /** names of the variables that were set; the others have their defaults */
  readonly setVariables: readonly string[]
}

/** What is wrong with one variable. The message is a sentence that begins with it. */
export interface VariableError {
  variable: string
  message: string
}

export type ConfigReading = { ok: true; config: Config } | { ok: false; errors: VariableError[] }

/** The environment cannot be used. The message names each variable and what would help. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly errors: readonly VariableError[]

  constructor(errors: readonly VariableError[]) {
    super(errors.map(({ message }) => message).join('\n'))
    this.errors = errors
  }
}

/** Read by the project's own tests. Known here so that a shell that has them set can still run darkroom. */
const testVariables = ['DARKROOM_TEST_CACHE', 'DARKROOM_KEEP_HISTORIES']

/** The frozen configuration, or all that is wrong with the environment at once. An empty variable is an unset one. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): ConfigReading {
  const set = Object.fromEntries(Object.entries(env).filter(([, text]) => text !== undefined && text !== ''))
  const named = environmentSchema.safeParse(set)
  const timed = timingsSchema.safeParse(set)
  const errors = [
    ...unknownVariables(set),
    ...(named.success ? [] : errorsOf(named.error)),
    ...(timed.success ? [] : errorsOf(timed.error)),
  ]
  if (named.success) errors.push(...problemsTogether(named.data))
  if (timed.success) errors.push(...timingProblems(timingsOf(timed.data)))
  if (!named.success || !timed.success || errors.length > 0) return { ok: false, errors }
  const setVariables = variables.map(({ name }) => name).filter((name) => set[name] !== undefined)
  return { ok: true, config: deepFreeze(toConfig(named.data, timingsOf(timed.data), setVariables)) }
}

/** Like `readConfig`, for those who cannot go on. Throws a ConfigError. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const reading = readConfig(env)
  if (!reading.ok) throw new ConfigError(reading.errors)
  return reading.config
}

function errorsOf(error: z.ZodError): VariableError[] {
  return error.issues.map(({ path, message }) => {
    const variable = String(path[0])
    return { variable, message: `${variable} ${message}` }
  })
}

/** A typing mistake in a name would otherwise be a setting that quietly does nothing. */
function unknownVariables(set: Readonly<Record<string, string | undefined>>): VariableError[] {
  const known = variables.map(({ name }) => name)
  return Object.keys(set)
    .filter((name) => name.startsWith('DARKROOM_') && !known.includes(name) && !testVariables.includes(name))
    .map((variable) => {
      const ours = known.filter((name) => name.startsWith('DARKROOM_'))
      const [nearest = ''] = ours.toSorted((a, b) => distance(variable, a) - distance(variable, b))
      return { variable, message: `${variable} is not a variable of darkroom; did you mean ${nearest}? All are in .env.example` }
    })
}

function problemsTogether(values: EnvironmentValues): VariableError[] {
  const errors: VariableError[] = []
  const publicUrl = values.DARKROOM_PUBLIC_URL
  const isPublic = publicUrl !== null && !isLoopbackHost(new URL(publicUrl).hostname)
  if (isPublic && values.KIE_WEBHOOK_HMAC_KEY === null && !values.DARKROOM_ALLOW_UNSIGNED_CALLBACKS) {
    const why = `KIE_WEBHOOK_HMAC_KEY is not set, and DARKROOM_PUBLIC_URL=${publicUrl} lets anybody send callbacks`
    const help = 'set it to the key from https://kie.ai/settings, or allow this with DARKROOM_ALLOW_UNSIGNED_CALLBACKS=true'
    errors.push({ variable: 'KIE_WEBHOOK_HMAC_KEY', message: `${why}; ${help}` })
  }
  if (isPublic && values.DATABASE_URL !== null && values.DARKROOM_CALLBACK_SECRET === null) {
    const why = `DARKROOM_CALLBACK_SECRET is not set, and with DATABASE_URL and DARKROOM_PUBLIC_URL=${publicUrl} each machine would make its own`
    const help = 'callbacks for another one would not be let in; make one with: openssl rand -hex 32'
    errors.push({ variable: 'DARKROOM_CALLBACK_SECRET', message: `${why}: ${help}` })
  }
  if (values.DARKROOM_CALLBACK_SECRET_PREVIOUS !== null && values.DARKROOM_CALLBACK_SECRET === null) {
    const message = 'DARKROOM_CALLBACK_SECRET_PREVIOUS is set without DARKROOM_CALLBACK_SECRET; set the new one too'
    errors.push({ variable: 'DARKROOM_CALLBACK_SECRET_PREVIOUS', message })
  }
  return [
    ...errors,
    ...accountProblems('KIE_API_KEY', values.KIE_API_KEY, 'KIE_ACCOUNTS', values.KIE_ACCOUNTS),
    ...accountProblems('DEFAPI_KEY', values.DEFAPI_KEY, 'DEFAPI_ACCOUNTS', values.DEFAPI_ACCOUNTS),
  ]
}

/** Between the single key and the list; what is wrong within the list was told when it was read. */
function accountProblems(single: string, key: Secret | null, variable: string, list: readonly Account[] | null): VariableError[] {
  if (key === null || list === null) return []
  const errors: VariableError[] = []
  if (list.some(({ name }) => name === defaultAccount)) {
    const message = `${variable} has an account "${defaultAccount}", which is what the one of ${single} is called; name it otherwise or unset ${single}`
    errors.push({ variable, message })
  }
  if (list.some(({ apiKey }) => apiKey.reveal() === key.reveal())) {
    errors.push({ variable, message: `${variable} has the key of ${single} again; ${oneKey}` })
  }
  return errors
}

function accountsOf(key: Secret | null, list: readonly Account[] | null): Account[] {
  return [...(key === null ? [] : [{ name: defaultAccount, apiKey: key }]), ...(list ?? [])]
}

function timingsOf(values: Record<string, number>): Timings {
  const entries = timingNames.map((name): [string, number] => [name, values[timingVariable(name)] ?? Number.NaN])
  // Every name of the record is in the list: the schema has a number, its default at least, for each of them.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.fromEntries cannot know the names that it is given
  return Object.fromEntries(entries) as Timings
}

function toConfig(values: EnvironmentValues, timings: Timings, setVariables: readonly string[]): Config {
  return {
    providers: {
      preferred: values.AI_PROVIDER,
      kie: {
        accounts: accountsOf(values.KIE_API_KEY, values.KIE_ACCOUNTS),
        baseUrl: values.KIE_BASE_URL,
        uploadBaseUrl: values.KIE_UPLOAD_BASE_URL,
        webhookHmacKeys: values.KIE_WEBHOOK_HMAC_KEY ?? [],
      },
      defapi: { accounts: accountsOf(values.DEFAPI_KEY, values.DEFAPI_ACCOUNTS), baseUrl: values.DEFAPI_BASE_URL },
    },
    mockAi: values.MOCK_AI,
    mock: { temperament: values.DARKROOM_MOCK_TEMPERAMENT, seed: values.DARKROOM_MOCK_SEED },
    publicUrl: values.DARKROOM_PUBLIC_URL,
    allowUnsignedCallbacks: values.DARKROOM_ALLOW_UNSIGNED_CALLBACKS,
    callbackSecret: values.DARKROOM_CALLBACK_SECRET,
    callbackSecretPrevious: values.DARKROOM_CALLBACK_SECRET_PREVIOUS,
    dataFolder: values.DARKROOM_DATA_DIR,
    databaseUrl: values.DATABASE_URL,
    downloadAllow: values.DARKROOM_DOWNLOAD_ALLOW ?? [],
    http: { host: values.DARKROOM_HTTP_HOST, port: values.DARKROOM_HTTP_PORT },
    metricsPort: values.DARKROOM_METRICS_PORT,
    gatewayUrl: values.DARKROOM_URL,
    temporalAddressSet: values.TEMPORAL_ADDRESS !== null,
    temporalCliPath: values.TEMPORAL_CLI_PATH,
    temporalUiUrl: values.DARKROOM_TEMPORAL_UI_URL,
    temporalPlaintext: values.DARKROOM_TEMPORAL_PLAINTEXT,
    maxPaidAttempts: values.DARKROOM_MAX_PAID_ATTEMPTS,
    lowBalanceUsd: values.DARKROOM_LOW_BALANCE_USD,
    limits: {
      kie: {
        creates: values.DARKROOM_KIE_MAX_CREATES,
        windowMs: values.DARKROOM_KIE_WINDOW_MS,
        maxInFlight: values.DARKROOM_KIE_MAX_IN_FLIGHT,
      },
      defapi: {
        creates: values.DARKROOM_DEFAPI_MAX_CREATES,
        windowMs: values.DARKROOM_DEFAPI_WINDOW_MS,
        maxInFlight: values.DARKROOM_DEFAPI_MAX_IN_FLIGHT,
      },
    },
    log: { level: values.DARKROOM_LOG_LEVEL },
    timings,
    setVariables,
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) deepFreeze(member)
  }
  return value
}
