// Balances and rate windows, one account per provider and key.
import { createHash } from 'node:crypto'
import type { ProviderWord } from './faults/rule.ts'
import type { RateLimit, SimulatorSettings } from './options.ts'

/** Kie counts credits (0.005 USD each), DefAPI dollars. */
export interface Price {
  credits: number | null
  usd: number
}

export const USD_PER_CREDIT = 0.005

export class Accounts {
  readonly #starting: SimulatorSettings['startingCredits']
  readonly #rateLimit: RateLimit | null
  readonly #spent = new Map<string, number>()
  readonly #times = new Map<string, number[]>()

  constructor(settings: SimulatorSettings) {
    this.#starting = settings.startingCredits
    this.#rateLimit = settings.rateLimit
  }

  /** In the provider's own unit. */
  balance(provider: ProviderWord, key: string): number {
    const start = provider === 'kie' ? this.#starting.kieCredits : this.#starting.defapiUsd
    // Rounded to where both count, so that many small amounts do not drift.
    return Math.round((start - (this.#spent.get(`${provider}/${key}`) ?? 0)) * 1e8) / 1e8
  }

  canPay(provider: ProviderWord, key: string, price: Price): boolean {
    return this.balance(provider, key) >= amount(provider, price)
  }

  charge(provider: ProviderWord, key: string, price: Price): void {
    const name = `${provider}/${key}`
    this.#spent.set(name, (this.#spent.get(name) ?? 0) + amount(provider, price))
  }

  refund(provider: ProviderWord, key: string, price: Price): void {
    this.charge(provider, key, { credits: price.credits === null ? null : -price.credits, usd: -price.usd })
  }

  /** Counts one request against its sliding window; false: over the limit, and not counted. */
  admit(kind: 'create' | 'query', key: string, nowMs: number): boolean {
    const limit = this.#rateLimit
    const most = kind === 'create' ? limit?.creates : limit?.queriesPerSecond
    if (limit === null || most === null || most === undefined) return true
    const windowMs = kind === 'create' ? limit.windowMs : 1_000
    const recent = (this.#times.get(`${kind}/${key}`) ?? []).filter((atMs) => atMs > nowMs - windowMs)
    const admitted = recent.length < most
    if (admitted) recent.push(nowMs)
    this.#times.set(`${kind}/${key}`, recent)
    return admitted
  }

  clear(): void {
    this.#spent.clear()
    this.#times.clear()
  }
}

/** Tells keys apart without keeping them (I6). */
export function fingerprint(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 12)
}

function amount(provider: ProviderWord, price: Price): number {
  return provider === 'kie' ? (price.credits ?? 0) : price.usd
}
