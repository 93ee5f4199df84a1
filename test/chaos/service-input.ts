// What gateway and workers of a chaos run have in common, as plain JSON for processes of their own.
import type { PoolConfig } from 'pg'
import type { Timings } from '../../src/config/timings.ts'
import { timingVariable } from '../../src/config/timings.ts'
import type { TimingName } from '../../src/config/timings.ts'
import type { SimulatorAddresses } from '../../src/dev/mock-providers.ts'

export interface ServiceInput {
  env: Record<string, string>
  simulator: SimulatorAddresses
  ledger: PoolConfig
  callbackSecret: string
  webhookHmacKey: string
  kieKey: string
  defapiKey: string
  callbackBaseUrl: string
  gatewayPort: number
  temporalAddress: string
  temporalNamespace: string
  cacheFolder: string
}

/** About a fiftieth of production's, in the same proportions; none so short that a busy machine alone makes it pass. */
export const chaosTimings = {
  uploadTimeoutMs: 1_000,
  submitTimeoutMs: 2_000,
  submitFreshnessMs: 2_000,
  recordTaskIdForMs: 2_000,
  submitStartToCloseMs: 7_000,
  submitHeartbeatTimeoutMs: 3_000,
  submitMaxTries: 3,
  submitRetryInitialMs: 100,
  submitRetryMaxMs: 400,
  callbackGraceMs: 5_000,
  pollFirstMs: 300,
  pollMinMs: 200,
  pollMaxMs: 800,
  queryTimeoutMs: 2_000,
  queryStartToCloseMs: 4_000,
  unknownListenMs: 5_000,
  listenPollMs: 400,
  attemptDeadlineMs: 8_000,
  generationDeadlineMs: 60_000,
  downloadTimeoutMs: 2_500,
  storeStartToCloseMs: 6_000,
  wakeSpacingMs: 100,
  retryAfterCapMs: 5_000,
  queueForMs: 15_000,
  turnHoldMs: 4_000,
  rateLimitPauseMs: 500,
  maintenancePauseMs: 500,
  // Every other submit of a run meets some fault: with the usual 5 the breaker would be open most of the time.
  breakerFailures: 8,
  breakerPauseMs: 1_000,
  settleForMs: 20_000,
  settlePollMinMs: 500,
  settlePollMaxMs: 2_000,
} as const satisfies Partial<Timings>

/** The same times on a slower machine; counts stay. */
export function scaledTimings(scale: number): Partial<Record<TimingName, number>> {
  return Object.fromEntries(
    Object.entries(chaosTimings).map(([name, value]) => [name, name.endsWith('Ms') ? value * scale : value]),
  )
}

/** Kie's 20 new tasks in any 10 s, five times quicker; and fewer at once than the caller keeps open, so that the limit is met. */
export const chaosLimits = { creates: 20, windowMs: 2_000, maxInFlight: 24 } as const

export function serviceEnvironment(dataFolder: string, timings: Partial<Record<TimingName, number>>): Record<string, string> {
  const set = Object.entries(timings).map(([name, value]): [string, string] => [
    timingVariable(asTimingName(name)),
    String(value),
  ])
  return {
    DARKROOM_DATA_DIR: dataFolder,
    MOCK_AI: 'true',
    DARKROOM_KIE_MAX_CREATES: String(chaosLimits.creates),
    DARKROOM_KIE_WINDOW_MS: String(chaosLimits.windowMs),
    DARKROOM_KIE_MAX_IN_FLIGHT: String(chaosLimits.maxInFlight),
    ...Object.fromEntries(set),
  }
}

function asTimingName(name: string): TimingName {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the record above has no other keys; a wrong one is refused by the configuration
  return name as TimingName
}
