// Every environment variable of darkroom: one schema, from which values, `.env.example`, `doctor` and the error messages are made.
// The time limits are in timings.ts. TEMPORAL_* is read by Temporal's own environment configuration.
import { z } from 'zod'
import { timingDefinitions, timingNames, timingVariable } from './timings.ts'
import {
  accountListValue,
  baseUrlValue,
  booleanValue,
  choiceValue,
  databaseUrlValue,
  hostListValue,
  linkValue,
  listenHostValue,
  secretListValue,
  secretValue,
  textValue,
  usdValue,
  wholeNumberValue,
} from './values.ts'

export type VariableGroup =
  | 'Providers'
  | 'Callbacks'
  | 'Gateway'
  | 'Storage'
  | 'Temporal'
  | 'Money'
  | 'Limits'
  | 'Logs'
  | 'Time limits'

export interface VariableDescription {
  group: VariableGroup
  description: string
  /** as one would write it; null: unset, and the description says what that means */
  default: string | null
  unit: string | null
  example: string | null
}

const descriptions = z.registry<VariableDescription>()

type Described = Partial<VariableDescription> & Pick<VariableDescription, 'group' | 'description'>

function describe<Schema extends z.ZodType>(schema: Schema, description: Described): Schema {
  descriptions.add(schema, { default: null, unit: null, example: null, ...description })
  return schema
}

/** A variable with a default, which goes through the same checks as what a person writes. */
const withDefault = <T>(value: z.ZodType<T, string>, text: string, description: Described): z.ZodType<T, string | undefined> =>
  describe(value.prefault(text), { ...description, default: text })

/** A variable that may be unset; then the value is null. */
const optional = <T>(value: z.ZodType<T, string>, description: Described): z.ZodType<T | null, string | undefined> =>
  describe(
    value.optional().transform((read) => read ?? null),
    description,
  )

/** Below 32 characters a secret can be guessed by trying. */
const callbackSecretMinLength = 32

/** Far above what any account is allowed; typing errors end here. */
const createsValue = wholeNumberValue({ min: 1, max: 100_000 })
const inFlightValue = wholeNumberValue({ min: 1, max: 100_000 })
/** A limit over more than a day is a budget, not a rate. */
const windowValue = wholeNumberValue({ min: 1, max: 86_400_000, unit: 'ms' })

export const environmentSchema = z.object({
  AI_PROVIDER: withDefault(choiceValue(['kie', 'defapi']), 'kie', {
    group: 'Providers',
    description: 'Who is asked first: kie or defapi. The other one is the fallback.',
  }),
  KIE_API_KEY: optional(secretValue(), {
    group: 'Providers',
    description: 'Key of Kie.ai, from https://kie.ai/api-key: the account "default". Without any key Kie is in no route.',
  }),
  KIE_ACCOUNTS: optional(accountListValue, {
    group: 'Providers',
    description:
      'More keys of Kie, or all of them: name=key with commas. Each has limits and a balance of its own; tried in this order.',
    example: 'team-a=0123456789abcdef,team-b=fedcba9876543210',
  }),
  DEFAPI_KEY: optional(secretValue(), {
    group: 'Providers',
    description: 'Key of DefAPI, from https://defapi.org: the account "default". Without any key DefAPI is in no route.',
    example: 'dk-1234567890abcdef',
  }),
  DEFAPI_ACCOUNTS: optional(accountListValue, {
    group: 'Providers',
    description: 'More keys of DefAPI, or all of them, as in KIE_ACCOUNTS.',
    example: 'team-a=dk-0123456789abcdef',
  }),
  MOCK_AI: withDefault(booleanValue, 'false', {
    group: 'Providers',
    description:
      'true: both providers are the simulator and nothing costs money. `demo` turns it on by itself when no key is set.',
  }),
  DARKROOM_MOCK_TEMPERAMENT: withDefault(choiceValue(['alike', 'drawn']), 'alike', {
    group: 'Providers',
    description:
      'With MOCK_AI. drawn: the seed says how quick, even and reliable each simulated provider is, so that a comparison finds something. alike: both are, and fail only as they are told.',
  }),
  DARKROOM_MOCK_SEED: optional(wholeNumberValue({ min: 0, max: 2_147_483_647 }), {
    group: 'Providers',
    description:
      'With MOCK_AI. The same seed gives the same pictures, durations and accidents. Unset: another one at each start.',
    example: '7',
  }),
  KIE_BASE_URL: withDefault(baseUrlValue, 'https://api.kie.ai', {
    group: 'Providers',
    description: 'Where Kie is. https, or http on this machine.',
    example: 'http://127.0.0.1:9100',
  }),
  KIE_UPLOAD_BASE_URL: withDefault(baseUrlValue, 'https://kieai.redpandaai.co', {
    group: 'Providers',
    description: 'Where Kie takes in pictures to start from. https, or http on this machine.',
    example: 'http://127.0.0.1:9101',
  }),
  DEFAPI_BASE_URL: withDefault(baseUrlValue, 'https://api.defapi.org', {
    group: 'Providers',
    description: 'Where DefAPI is. https, or http on this machine.',
    example: 'http://127.0.0.1:9200',
  }),
  DARKROOM_PUBLIC_URL: optional(baseUrlValue, {
    group: 'Callbacks',
    description: 'Where providers can reach the gateway. Unset: they are told no callback address, and darkroom polls.',
    example: 'https://images.example.com',
  }),
  KIE_WEBHOOK_HMAC_KEY: optional(secretListValue, {
    group: 'Callbacks',
    description: "Checks Kie's callbacks, from https://kie.ai/settings. Several with commas while a key is being changed.",
  }),
  DARKROOM_ALLOW_UNSIGNED_CALLBACKS: withDefault(booleanValue, 'false', {
    group: 'Callbacks',
    description: 'true: a public gateway may run without KIE_WEBHOOK_HMAC_KEY. Callbacks only wake, but anybody could knock.',
  }),
  DARKROOM_CALLBACK_SECRET: optional(secretValue({ minLength: callbackSecretMinLength }), {
    group: 'Callbacks',
    description:
      'Seals the tokens in callback addresses: at least 32 characters, the same for gateways and workers. Unset: made once in the data folder, which only a gateway and a worker that share that folder can use.',
    example: 'the output of: openssl rand -hex 32',
  }),
  DARKROOM_CALLBACK_SECRET_PREVIOUS: optional(secretValue({ minLength: callbackSecretMinLength }), {
    group: 'Callbacks',
    description: 'The secret before a change. Keep it for a day: attempts that are still open carry its tokens.',
  }),
  DARKROOM_HTTP_HOST: withDefault(listenHostValue, '127.0.0.1', {
    group: 'Gateway',
    description: 'Where the gateway listens. Anything but this machine needs a proxy with TLS and access control in front.',
    example: '0.0.0.0',
  }),
  DARKROOM_HTTP_PORT: withDefault(wholeNumberValue({ min: 0, max: 65_535 }), '8080', {
    group: 'Gateway',
    description: 'Port of the gateway; 0 takes any free one.',
  }),
  DARKROOM_METRICS_PORT: optional(wholeNumberValue({ min: 0, max: 65_535 }), {
    group: 'Gateway',
    description: 'Port for Prometheus (/metrics), apart from the API; 0 takes any free one. Unset: no metrics are served.',
    example: '9464',
  }),
  DARKROOM_URL: optional(linkValue, {
    group: 'Gateway',
    description: 'Which gateway `generate`, `show`, `list` and `cancel` talk to. Unset: http://127.0.0.1:8080.',
    example: 'http://127.0.0.1:8080',
  }),
  DARKROOM_DATA_DIR: withDefault(textValue, '.darkroom', {
    group: 'Storage',
    description: 'Folder of the pictures, and of the embedded ledger and Temporal database.',
  }),
  DATABASE_URL: optional(databaseUrlValue, {
    group: 'Storage',
    description: 'Postgres for the ledger. Unset: an embedded one in the data folder, for one machine.',
    example: 'postgres://darkroom:password@127.0.0.1:5432/darkroom',
  }),
  DARKROOM_DOWNLOAD_ALLOW: optional(hostListValue, {
    group: 'Storage',
    description:
      'host or host:port, with commas: may be downloaded from although private or without TLS. For simulators and proxies.',
    example: '127.0.0.1:9100,files.internal',
  }),
  TEMPORAL_ADDRESS: optional(textValue, {
    group: 'Temporal',
    description:
      "The Temporal server. This and all other TEMPORAL_* variables (NAMESPACE, API_KEY, TLS, CONFIG_FILE …) are Temporal's own environment configuration. Unset: `dev` and `demo` start one.",
    example: '127.0.0.1:7233',
  }),
  TEMPORAL_CLI_PATH: optional(textValue, {
    group: 'Temporal',
    description: 'The `temporal` binary that `dev` and `demo` start. Unset: found on PATH, in the data folder, or fetched.',
    example: '/usr/local/bin/temporal',
  }),
  DARKROOM_TEMPORAL_UI_URL: optional(linkValue, {
    group: 'Temporal',
    description: "Where people find Temporal's UI: reports link to it. Unset: the embedded one, else no links.",
    example: 'http://127.0.0.1:8233',
  }),
  DARKROOM_TEMPORAL_PLAINTEXT: withDefault(booleanValue, 'false', {
    group: 'Temporal',
    description: 'true: a Temporal server on another machine may be spoken to without TLS. Only inside a private network.',
  }),
  DARKROOM_MAX_PAID_ATTEMPTS: withDefault(wholeNumberValue({ min: 1, max: 5 }), '2', {
    group: 'Money',
    description: 'Attempts of one generation that may cost money, where the request does not say: one fallback.',
  }),
  DARKROOM_LOW_BALANCE_USD: withDefault(usdValue({ max: 1_000_000 }), '5', {
    group: 'Money',
    description: 'A provider account with less than this is warned about: time to top it up before it stops. 0: never.',
    unit: 'USD',
  }),
  DARKROOM_KIE_MAX_CREATES: withDefault(createsValue, '20', {
    group: 'Limits',
    description: 'New tasks of one Kie account in any window; more are refused there. Kie publishes 20 in 10 s.',
  }),
  DARKROOM_KIE_WINDOW_MS: withDefault(windowValue, '10000', {
    group: 'Limits',
    description: 'Length of that window.',
    unit: 'ms',
  }),
  DARKROOM_KIE_MAX_IN_FLIGHT: withDefault(inFlightValue, '100', {
    group: 'Limits',
    description: 'Tasks of one Kie account at work at the same time. Kie says that about 100 are possible.',
  }),
  DARKROOM_DEFAPI_MAX_CREATES: optional(createsValue, {
    group: 'Limits',
    description: 'New tasks of one DefAPI account in any window. Unset: not limited, since DefAPI publishes no limit.',
    example: '20',
  }),
  DARKROOM_DEFAPI_WINDOW_MS: withDefault(windowValue, '10000', {
    group: 'Limits',
    description: 'Length of that window.',
    unit: 'ms',
  }),
  DARKROOM_DEFAPI_MAX_IN_FLIGHT: optional(inFlightValue, {
    group: 'Limits',
    description: 'Tasks of one DefAPI account at work at the same time. Unset: not limited, since DefAPI publishes no limit.',
    example: '50',
  }),
  DARKROOM_LOG_LEVEL: withDefault(choiceValue(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']), 'info', {
    group: 'Logs',
    description: 'The least level that is written: trace, debug, info, warn, error, fatal or silent.',
  }),
})

export const timingsSchema = z.object(
  Object.fromEntries(
    timingNames.map((name) => {
      const { default: value, min, max, description } = timingDefinitions[name]
      const unit = name.endsWith('Ms') ? 'ms' : null
      const parsed = wholeNumberValue({ min, max, ...(unit === null ? {} : { unit }) })
      return [timingVariable(name), withDefault(parsed, String(value), { group: 'Time limits', description, unit })]
    }),
  ),
)

export type EnvironmentValues = z.output<typeof environmentSchema>
export type NamedVariable = keyof EnvironmentValues

/** Every variable with its description, in the order in which it is shown. */
export const variables: readonly ({ name: string } & VariableDescription)[] = Object.entries({
  ...environmentSchema.shape,
  ...timingsSchema.shape,
}).map(([name, schema]) => {
  const description = descriptions.get(schema)
  if (description === undefined) throw new Error(`${name} has no description`)
  return { name, ...description }
})
