import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, loadConfig, readConfig } from '../../../src/config/config.ts'
import type { Config, VariableError } from '../../../src/config/config.ts'
import { describeConfig } from '../../../src/config/describe-config.ts'
import { variables } from '../../../src/config/environment.ts'
import { timingDefinitions, timingNames, timingVariable } from '../../../src/config/timings.ts'

type Env = Record<string, string | undefined>

function configOf(env: Env): Config {
  const reading = readConfig(env)
  assert.ok(reading.ok, JSON.stringify(reading))
  return reading.config
}

function errorsOf(env: Env): VariableError[] {
  const reading = readConfig(env)
  assert.ok(!reading.ok, 'the environment was accepted')
  return reading.errors
}

function accountsOf({ providers }: Config, provider: 'kie' | 'defapi'): string[] {
  return providers[provider].accounts.map(({ name, apiKey }) => `${name} ${apiKey.reveal()}`)
}

test('an empty environment gives the defaults', () => {
  const config = configOf({})
  assert.deepEqual(
    { ...config, timings: null },
    {
      providers: {
        preferred: 'kie',
        kie: { accounts: [], baseUrl: 'https://api.kie.ai', uploadBaseUrl: 'https://kieai.redpandaai.co', webhookHmacKeys: [] },
        defapi: { accounts: [], baseUrl: 'https://api.defapi.org' },
      },
      mockAi: false,
      mock: { temperament: 'alike', seed: null },
      publicUrl: null,
      allowUnsignedCallbacks: false,
      callbackSecret: null,
      callbackSecretPrevious: null,
      dataFolder: '.darkroom',
      databaseUrl: null,
      downloadAllow: [],
      http: { host: '127.0.0.1', port: 8080 },
      metricsPort: null,
      gatewayUrl: null,
      temporalAddressSet: false,
      temporalCliPath: null,
      temporalUiUrl: null,
      temporalPlaintext: false,
      maxPaidAttempts: 2,
      lowBalanceUsd: 5,
      limits: {
        kie: { creates: 20, windowMs: 10_000, maxInFlight: 100 },
        defapi: { creates: null, windowMs: 10_000, maxInFlight: null },
      },
      log: { level: 'info' },
      timings: null,
      setVariables: [],
    },
  )
  for (const name of timingNames) assert.equal(config.timings[name], timingDefinitions[name].default, name)
})

test('the time limits of the design are the defaults', () => {
  const { timings } = configOf({})
  assert.deepEqual(
    {
      submit: [
        timings.uploadTimeoutMs,
        timings.submitTimeoutMs,
        timings.submitFreshnessMs,
        timings.submitStartToCloseMs,
        timings.submitHeartbeatTimeoutMs,
      ],
      tries: [timings.submitMaxTries, timings.submitRetryInitialMs, timings.submitRetryMaxMs, timings.retryAfterCapMs],
      deadlines: [timings.attemptDeadlineMs, timings.generationDeadlineMs],
      wait: [timings.callbackGraceMs, timings.pollFirstMs, timings.pollMinMs, timings.pollMaxMs, timings.unknownListenMs],
      wakes: [timings.wakesPerAttempt, timings.wakeSpacingMs],
      line: [timings.queueForMs, timings.turnHoldMs],
      pauses: [timings.rateLimitPauseMs, timings.maintenancePauseMs, timings.breakerPauseMs, timings.breakerFailures],
      settle: [timings.settleForMs, timings.settlePollMinMs, timings.settlePollMaxMs],
      every: [timings.balanceCheckEveryMs, timings.reconcileEveryMs],
    },
    {
      submit: [60_000, 60_000, 5_000, 150_000, 10_000],
      tries: [5, 1_000, 30_000, 60_000],
      deadlines: [600_000, 1_800_000],
      wait: [60_000, 5_000, 3_000, 15_000, 180_000],
      wakes: [10, 1_000],
      line: [120_000, 15_000],
      pauses: [10_000, 60_000, 30_000, 5],
      settle: [86_400_000, 15_000, 600_000],
      every: [300_000, 3_600_000],
    },
  )
})

test('every variable that is set is read into its place', () => {
  const config = configOf({
    AI_PROVIDER: 'defapi',
    KIE_API_KEY: 'kie-key',
    KIE_ACCOUNTS: 'team-b=key-b=, a=key-a',
    DEFAPI_KEY: 'dk-1',
    MOCK_AI: '1',
    KIE_BASE_URL: 'http://127.0.0.1:9100/',
    KIE_UPLOAD_BASE_URL: 'http://localhost:9101',
    DEFAPI_BASE_URL: 'https://proxy.example/defapi/',
    KIE_WEBHOOK_HMAC_KEY: 'new, old',
    DARKROOM_PUBLIC_URL: 'https://images.example.com/darkroom/',
    DARKROOM_CALLBACK_SECRET: 'a'.repeat(32),
    DARKROOM_CALLBACK_SECRET_PREVIOUS: 'b'.repeat(32),
    DARKROOM_DATA_DIR: '/data',
    DATABASE_URL: 'postgres://u:p@db:5432/darkroom',
    DARKROOM_DOWNLOAD_ALLOW: '127.0.0.1:9100, [::1]:80,Files.Internal',
    DARKROOM_HTTP_HOST: '::',
    DARKROOM_HTTP_PORT: '0',
    DARKROOM_METRICS_PORT: '0',
    DARKROOM_URL: 'http://gateway:8080/',
    TEMPORAL_ADDRESS: 'temporal:7233',
    TEMPORAL_CLI_PATH: '/usr/bin/temporal',
    TEMPORAL_NAMESPACE: 'left to Temporal',
    DARKROOM_TEMPORAL_UI_URL: 'http://127.0.0.1:8233/',
    DARKROOM_TEMPORAL_PLAINTEXT: 'true',
    DARKROOM_MAX_PAID_ATTEMPTS: '1',
    DARKROOM_LOW_BALANCE_USD: '0.5',
    DARKROOM_KIE_MAX_CREATES: '7',
    DARKROOM_KIE_WINDOW_MS: '1000',
    DARKROOM_KIE_MAX_IN_FLIGHT: '8',
    DARKROOM_DEFAPI_MAX_CREATES: '9',
    DARKROOM_DEFAPI_WINDOW_MS: '2000',
    DARKROOM_DEFAPI_MAX_IN_FLIGHT: '10',
    DARKROOM_LOG_LEVEL: 'debug',
    DARKROOM_POLL_MIN_MS: '20',
    HOME: '/home/somebody',
  })
  assert.deepEqual(accountsOf(config, 'kie'), ['default kie-key', 'team-b key-b=', 'a key-a'])
  assert.deepEqual(accountsOf(config, 'defapi'), ['default dk-1'])
  assert.deepEqual(config.limits, {
    kie: { creates: 7, windowMs: 1_000, maxInFlight: 8 },
    defapi: { creates: 9, windowMs: 2_000, maxInFlight: 10 },
  })
  assert.deepEqual(
    config.providers.kie.webhookHmacKeys.map((key) => key.reveal()),
    ['new', 'old'],
  )
  assert.equal(config.callbackSecret?.reveal(), 'a'.repeat(32))
  assert.equal(config.callbackSecretPrevious?.reveal(), 'b'.repeat(32))
  assert.equal(config.databaseUrl?.reveal(), 'postgres://u:p@db:5432/darkroom')
  const rows = new Map(describeConfig(config).map(({ variable, value }) => [variable, value]))
  const expected = {
    AI_PROVIDER: 'defapi',
    KIE_API_KEY: '***',
    KIE_ACCOUNTS: 'team-b=***,a=***',
    DEFAPI_KEY: '***',
    DEFAPI_ACCOUNTS: '',
    MOCK_AI: 'true',
    KIE_BASE_URL: 'http://127.0.0.1:9100',
    KIE_UPLOAD_BASE_URL: 'http://localhost:9101',
    DEFAPI_BASE_URL: 'https://proxy.example/defapi',
    DARKROOM_PUBLIC_URL: 'https://images.example.com/darkroom',
    DARKROOM_DATA_DIR: '/data',
    DARKROOM_DOWNLOAD_ALLOW: '127.0.0.1:9100,[::1]:80,files.internal',
    DARKROOM_HTTP_HOST: '::',
    DARKROOM_HTTP_PORT: '0',
    DARKROOM_METRICS_PORT: '0',
    DARKROOM_URL: 'http://gateway:8080',
    TEMPORAL_ADDRESS: 'set',
    TEMPORAL_CLI_PATH: '/usr/bin/temporal',
    DARKROOM_TEMPORAL_UI_URL: 'http://127.0.0.1:8233',
    DARKROOM_TEMPORAL_PLAINTEXT: 'true',
    DARKROOM_MAX_PAID_ATTEMPTS: '1',
    DARKROOM_LOW_BALANCE_USD: '0.5',
    DARKROOM_KIE_MAX_CREATES: '7',
    DARKROOM_KIE_WINDOW_MS: '1000',
    DARKROOM_KIE_MAX_IN_FLIGHT: '8',
    DARKROOM_DEFAPI_MAX_CREATES: '9',
    DARKROOM_DEFAPI_WINDOW_MS: '2000',
    DARKROOM_DEFAPI_MAX_IN_FLIGHT: '10',
    DARKROOM_LOG_LEVEL: 'debug',
    DARKROOM_POLL_MIN_MS: '20',
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(rows.get(name), value, name)
})

test('an empty variable is an unset one, whatever it is', () => {
  const empty = Object.fromEntries(variables.map(({ name }) => [name, '']))
  assert.deepEqual(configOf(empty), configOf({}))
})

for (const [text, value] of [
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
] as const) {
  test(`a boolean may be ${text}`, () => {
    assert.equal(configOf({ MOCK_AI: text }).mockAi, value)
  })
}

for (const text of ['yes', 'no', 'TRUE', 'on', ' true', '2']) {
  test(`a boolean may not be ${JSON.stringify(text)}`, () => {
    assert.deepEqual(errorsOf({ MOCK_AI: text }), [
      { variable: 'MOCK_AI', message: `MOCK_AI must be true or false (or 1 or 0), not ${JSON.stringify(text)}` },
    ])
  })
}

for (const [variable, text, problem] of [
  ['AI_PROVIDER', 'openai', /must be one of kie, defapi, not "openai"/],
  ['KIE_API_KEY', 'key with blank', /must be printable ASCII without blanks/],
  ['KIE_API_KEY', 'key\n', /a line break is easily copied along/],
  ['DEFAPI_KEY', 'schlüssel', /must be printable ASCII/],
  ['KIE_BASE_URL', 'api.kie.ai', /must be an https address such as/],
  ['KIE_BASE_URL', 'ftp://api.kie.ai', /must be an https address such as/],
  ['KIE_BASE_URL', 'http://api.kie.ai', /must be https: http is allowed on this machine only .* not "api\.kie\.ai"/],
  ['DEFAPI_BASE_URL', 'http://127.0.0.1.evil.example', /must be https/],
  ['DEFAPI_BASE_URL', 'http://10.0.0.1', /must be https/],
  ['KIE_UPLOAD_BASE_URL', 'https://user:pass@up.example', /without user name, password, query or fragment/],
  ['DEFAPI_BASE_URL', 'https://api.defapi.org/?key=1', /without user name, password, query or fragment/],
  ['DARKROOM_PUBLIC_URL', 'http://images.example.com', /must be https/],
  ['DARKROOM_PUBLIC_URL', 'images.example.com', /must be an https address/],
  ['KIE_WEBHOOK_HMAC_KEY', 'a,,b', /must be one key, or several with a comma/],
  ['KIE_WEBHOOK_HMAC_KEY', 'a,b c', /must be printable ASCII/],
  ['DARKROOM_CALLBACK_SECRET', 'x'.repeat(31), /must have at least 32 characters; make one with: openssl rand -hex 32/],
  ['DARKROOM_HTTP_PORT', '80a', /must be a whole number from 0 to 65535, not "80a"/],
  ['DARKROOM_HTTP_PORT', '65536', /from 0 to 65535/],
  ['DARKROOM_HTTP_PORT', '-1', /from 0 to 65535/],
  ['DARKROOM_HTTP_PORT', '8e3', /from 0 to 65535/],
  ['DARKROOM_HTTP_PORT', ' 80', /from 0 to 65535/],
  ['DARKROOM_HTTP_HOST', 'http://0.0.0.0', /must be an address to listen on/],
  ['DARKROOM_URL', 'gateway:8080', /must be an http\(s\) address/],
  ['DARKROOM_DATA_DIR', 'a\nb', /must not contain control characters/],
  ['DATABASE_URL', 'mysql://u:p@db/x', /must be postgres:\/\/user:password@host/],
  ['DATABASE_URL', 'not a url', /must be postgres:\/\/user:password@host/],
  ['DARKROOM_DOWNLOAD_ALLOW', '127.0.0.1,http://x', /"http:\/\/x" is neither host nor host:port/],
  ['DARKROOM_DOWNLOAD_ALLOW', 'a:70000', /neither host nor host:port/],
  ['DARKROOM_DOWNLOAD_ALLOW', 'a:0', /neither host nor host:port/],
  ['DARKROOM_DOWNLOAD_ALLOW', '*.example.com', /neither host nor host:port/],
  ['DARKROOM_DOWNLOAD_ALLOW', '::1', /neither host nor host:port/],
  ['DARKROOM_TEMPORAL_UI_URL', 'ui', /must be an http\(s\) address/],
  ['DARKROOM_MAX_PAID_ATTEMPTS', '6', /from 1 to 5/],
  ['DARKROOM_METRICS_PORT', '65536', /from 0 to 65535/],
  ['DARKROOM_LOW_BALANCE_USD', '-1', /must be an amount such as 5 or 0\.50, at most 1000000 USD, not "-1"/],
  ['DARKROOM_LOW_BALANCE_USD', '1e3', /must be an amount/],
  ['DARKROOM_LOW_BALANCE_USD', '1000001', /at most 1000000 USD/],
  ['DARKROOM_KIE_MAX_CREATES', '0', /from 1 to 100000/],
  ['DARKROOM_DEFAPI_WINDOW_MS', '86400001', /from 1 to 86400000 ms/],
  ['DARKROOM_DEFAPI_MAX_IN_FLIGHT', 'none', /from 1 to 100000/],
  ['DARKROOM_BREAKER_FAILURES', '101', /from 1 to 100, /],
  ['DARKROOM_LOG_LEVEL', 'verbose', /must be one of trace, debug, info/],
  ['DARKROOM_SUBMIT_TIMEOUT_MS', '60s', /must be a whole number from 1 to 86400000 ms, not "60s"/],
  ['DARKROOM_SUBMIT_TIMEOUT_MS', '0', /from 1 to 86400000 ms/],
  ['DARKROOM_SUBMIT_MAX_TRIES', '21', /from 1 to 20, not "21"/],
] as const) {
  test(`${variable}=${JSON.stringify(text).slice(0, 40)} is refused by name`, () => {
    const errors = errorsOf({ [variable]: text })
    assert.deepEqual(
      errors.map((error) => error.variable),
      [variable],
    )
    const message = errors[0]?.message ?? ''
    assert.ok(message.startsWith(`${variable} `), message)
    assert.match(message, problem)
  })
}

test('http is allowed where nothing leaves the machine', () => {
  for (const url of ['http://localhost:1', 'http://a.localhost', 'http://127.9.9.9:1', 'http://[::1]:1', 'http://0x7f.1']) {
    assert.ok(configOf({ KIE_BASE_URL: url }).providers.kie.baseUrl.startsWith('http://'), url)
  }
})

test('a public address without a key for signatures is refused, unless that is said to be wanted', () => {
  const env = { DARKROOM_PUBLIC_URL: 'https://images.example.com' }
  const [error, ...others] = errorsOf(env)
  assert.equal(error?.variable, 'KIE_WEBHOOK_HMAC_KEY')
  assert.match(
    error?.message ?? '',
    /DARKROOM_PUBLIC_URL=https:\/\/images\.example\.com .* DARKROOM_ALLOW_UNSIGNED_CALLBACKS=true/,
  )
  assert.deepEqual(others, [])
  assert.equal(configOf({ ...env, DARKROOM_ALLOW_UNSIGNED_CALLBACKS: 'true' }).allowUnsignedCallbacks, true)
  assert.equal(configOf({ ...env, KIE_WEBHOOK_HMAC_KEY: 'key' }).publicUrl, 'https://images.example.com')
  assert.equal(configOf({ DARKROOM_PUBLIC_URL: 'http://127.0.0.1:8080' }).publicUrl, 'http://127.0.0.1:8080')
})

test('several machines with a public address need a common callback secret', () => {
  const env = {
    DARKROOM_PUBLIC_URL: 'https://images.example.com',
    DATABASE_URL: 'postgres://u:p@db/x',
    KIE_WEBHOOK_HMAC_KEY: 'key',
  }
  const [error, ...others] = errorsOf(env)
  assert.equal(error?.variable, 'DARKROOM_CALLBACK_SECRET')
  assert.match(
    error?.message ?? '',
    /^DARKROOM_CALLBACK_SECRET is not set, .* DATABASE_URL and DARKROOM_PUBLIC_URL=https:\/\/images.* openssl rand -hex 32$/,
  )
  assert.deepEqual(others, [])
  configOf({ ...env, DARKROOM_CALLBACK_SECRET: 'x'.repeat(32) })
  // One machine makes its own, and nobody outside can reach a loopback address.
  configOf({ ...env, DATABASE_URL: '' })
  configOf({ ...env, DARKROOM_PUBLIC_URL: 'http://127.0.0.1:8080' })
})

test('a previous callback secret without a current one is refused', () => {
  assert.deepEqual(
    errorsOf({ DARKROOM_CALLBACK_SECRET_PREVIOUS: 'x'.repeat(32) }).map(({ variable }) => variable),
    ['DARKROOM_CALLBACK_SECRET_PREVIOUS'],
  )
})

test('time limits that cannot work together are refused with both names', () => {
  for (const [env, variable, message] of [
    [{ DARKROOM_POLL_MIN_MS: '20000' }, 'DARKROOM_POLL_MIN_MS', /\(20000\) must not be more than DARKROOM_POLL_MAX_MS \(15000\)/],
    [
      { DARKROOM_SUBMIT_RETRY_MAX_MS: '10' },
      'DARKROOM_SUBMIT_RETRY_INITIAL_MS',
      /must not be more than DARKROOM_SUBMIT_RETRY_MAX_MS \(10\)/,
    ],
    [
      { DARKROOM_QUERY_START_TO_CLOSE_MS: '10' },
      'DARKROOM_QUERY_TIMEOUT_MS',
      /must not be more than DARKROOM_QUERY_START_TO_CLOSE_MS/,
    ],
    [
      { DARKROOM_STORE_START_TO_CLOSE_MS: '10' },
      'DARKROOM_DOWNLOAD_TIMEOUT_MS',
      /must not be more than DARKROOM_STORE_START_TO_CLOSE_MS/,
    ],
    [
      { DARKROOM_SUBMIT_START_TO_CLOSE_MS: '65000' },
      'DARKROOM_SUBMIT_START_TO_CLOSE_MS',
      /\(65000\) must be at least DARKROOM_UPLOAD_TIMEOUT_MS \+ DARKROOM_SUBMIT_TIMEOUT_MS \+ DARKROOM_SUBMIT_FRESHNESS_MS \+ DARKROOM_RECORD_TASK_ID_FOR_MS \(145000\)/,
    ],
  ] as const) {
    const errors = errorsOf(env)
    assert.deepEqual(
      errors.map((error) => error.variable),
      [variable],
    )
    assert.match(errors[0]?.message ?? '', message)
  }
})

test('every time limit can be shortened by its own variable', () => {
  // The limits on which others rest go down together with them.
  const env = Object.fromEntries(timingNames.map((name) => [timingVariable(name), name === 'submitStartToCloseMs' ? '30' : '7']))
  const { timings } = configOf(env)
  for (const name of timingNames) assert.equal(timings[name], name === 'submitStartToCloseMs' ? 30 : 7, name)
  assert.equal(timingVariable('submitTimeoutMs'), 'DARKROOM_SUBMIT_TIMEOUT_MS')
  assert.deepEqual(JSON.parse(JSON.stringify(timings)), timings)
})

test('an unknown DARKROOM variable is refused with the nearest name, other programs keep theirs', () => {
  assert.deepEqual(errorsOf({ DARKROOM_HTTP_PROT: '8080' }), [
    {
      variable: 'DARKROOM_HTTP_PROT',
      message: 'DARKROOM_HTTP_PROT is not a variable of darkroom; did you mean DARKROOM_HTTP_PORT? All are in .env.example',
    },
  ])
  configOf({ DARKROOM_HTTP_PROT: '', KIE_SOMETHING: 'x', TEMPORAL_TLS: 'true', DARKROOM_TEST_CACHE: '/tmp/x' })
})

test('all errors are told at once', () => {
  const errors = errorsOf({ MOCK_AI: 'x', DARKROOM_HTTP_PORT: 'x', DARKROOM_POLL_MIN_MS: 'x', DARKROOM_X: 'x' })
  assert.deepEqual(errors.map(({ variable }) => variable).toSorted(), [
    'DARKROOM_HTTP_PORT',
    'DARKROOM_POLL_MIN_MS',
    'DARKROOM_X',
    'MOCK_AI',
  ])
})

test('loading throws an error that names the variables', () => {
  assert.throws(
    () => loadConfig({ MOCK_AI: 'x', AI_PROVIDER: 'x' }),
    (error: unknown) =>
      error instanceof ConfigError && /AI_PROVIDER must be .*\nMOCK_AI must be /.test(error.message) && error.errors.length === 2,
  )
  assert.equal(loadConfig({ MOCK_AI: 'true' }).mockAi, true)
})

test('the configuration is frozen to the bottom', () => {
  const config = configOf({})
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen))
  assert.ok(frozen(config))
})

test('every variable has a description and stands once', () => {
  for (const variable of variables) assert.ok(variable.description.length > 10, variable.name)
  assert.equal(new Set(variables.map(({ name }) => name)).size, variables.length)
})
