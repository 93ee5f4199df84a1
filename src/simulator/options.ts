// What a simulator can be told, with the defaults and their reasons.
import { randomInt } from 'node:crypto'
import type { FaultRule, ProviderWord } from './faults/rule.ts'
import { drawTemperament, type Temperament } from './temperament.ts'

export interface RateLimit {
  /** new tasks per window and key; null: any number */
  creates: number | null
  windowMs: number
  /** null: any number */
  queriesPerSecond: number | null
}

/** null or left out: unlimited */
export interface RateLimits {
  kie?: RateLimit | null
  defapi?: RateLimit | null
}

export interface SimulatorOptions {
  /** default 127.0.0.1 */
  host?: string
  /** of the control listener; the others take the next four. 0 (default): any free ones */
  port?: number
  /** default: another each time, so that task ids do not come back in a ledger that outlives the simulator */
  seed?: number
  /** from accept to finished; default 800 to 2,500 ms */
  pictureMs?: number | { minMs: number; maxMs: number }
  /**
   * `drawn`: how quick, even and reliable each provider is comes from the seed, `pictureMs` does not count. Default `alike`: both are, and
   * fail only as they are told
   */
  temperament?: 'alike' | 'drawn'
  /** side of a square picture, default 768; smaller ones are cheaper to paint under load */
  pictureSidePx?: number
  /** null (default): any non-empty key */
  kieApiKeys?: readonly string[] | null
  defapiKeys?: readonly string[] | null
  /** signs Kie's callbacks; null (default): unsigned */
  webhookHmacKey?: string | null
  /** pauses before the second, third … delivery of a callback; default 5 s, 15 s, 60 s */
  callbackRetryMs?: readonly number[]
  /** DefAPI says "task not found" for so long after a submit; default 3,000 */
  defapiNotFoundMs?: number
  /** Kie's code in the body is also the HTTP status; default false */
  realHttpStatuses?: boolean
  /** Kie's record as of April or September (default) 2026 */
  recordDialect?: 'april' | 'september'
  faults?: readonly FaultRule[]
  /** per key; default 100,000 credits and 500 USD */
  startingCredits?: { kieCredits?: number; defapiUsd?: number }
  /** of each provider; one alone is that of Kie, whose limits are known. null (default): unlimited */
  rateLimit?: RateLimit | RateLimits | null
  /** how long result links live; default 14 days */
  resultTtlMs?: number
  /** how long uploads live; default 24 hours */
  uploadTtlMs?: number
  /** added to every time a provider tells; default 0 */
  clockSkewMs?: number
}

type Resolved = { readonly [Name in keyof SimulatorOptions]-?: Exclude<SimulatorOptions[Name], undefined> }

export interface SimulatorSettings extends Omit<Resolved, 'startingCredits' | 'rateLimit' | 'temperament'> {
  /** null: alike */
  readonly temperaments: Readonly<Record<ProviderWord, Temperament>> | null
  readonly startingCredits: { readonly kieCredits: number; readonly defapiUsd: number }
  readonly rateLimits: { readonly kie: RateLimit | null; readonly defapi: RateLimit | null }
}

/** kie: 20 new tasks in any 10 s and 10 queries a second per key; more is refused, not queued. */
export const documentedRateLimit: RateLimit = { creates: 20, windowMs: 10_000, queriesPerSecond: 10 }

const DAY_MS = 86_400_000

export function resolveOptions(options: SimulatorOptions): SimulatorSettings {
  const seed = options.seed ?? randomInt(1, 2 ** 31)
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    seed,
    temperaments:
      options.temperament === 'drawn' ? { kie: drawTemperament(seed, 'kie'), defapi: drawTemperament(seed, 'defapi') } : null,
    // Real pictures take 12 to 120 s; these are long enough to watch and short enough not to bore.
    pictureMs: options.pictureMs ?? { minMs: 800, maxMs: 2_500 },
    pictureSidePx: options.pictureSidePx ?? 768,
    kieApiKeys: options.kieApiKeys ?? null,
    defapiKeys: options.defapiKeys ?? null,
    webhookHmacKey: options.webhookHmacKey ?? null,
    // kie: stops after 3 failed retries; the intervals are not documented, these are ours.
    callbackRetryMs: options.callbackRetryMs ?? [5_000, 15_000, 60_000],
    // defapi: clients report "a few seconds"; 3 s is ours.
    defapiNotFoundMs: options.defapiNotFoundMs ?? 3_000,
    realHttpStatuses: options.realHttpStatuses ?? false,
    recordDialect: options.recordDialect ?? 'september',
    faults: options.faults ?? [],
    startingCredits: {
      kieCredits: options.startingCredits?.kieCredits ?? 100_000,
      defapiUsd: options.startingCredits?.defapiUsd ?? 500,
    },
    rateLimits: resolveRateLimits(options.rateLimit ?? {}),
    // kie: generated files are kept 14 days.
    resultTtlMs: options.resultTtlMs ?? 14 * DAY_MS,
    // kie: three days, 24 hours or a few of them, by whom one asks.
    uploadTtlMs: options.uploadTtlMs ?? DAY_MS,
    clockSkewMs: options.clockSkewMs ?? 0,
  }
}

function resolveRateLimits(limits: RateLimit | RateLimits): SimulatorSettings['rateLimits'] {
  if ('windowMs' in limits) return { kie: limits, defapi: null }
  return { kie: limits.kie ?? null, defapi: limits.defapi ?? null }
}
