// Balances and rate windows, one account per provider and key.
import { createHash } from 'node:crypto'
import type { ProviderWord } from './faults/rule.ts'
import type { SimulatorSettings } from './options.ts'

/** Kie counts credits (0.005 USD each), DefAPI dollars. */
export interface Price {
  credits: number | null
  usd: number
}

export const USD_PER_CREDIT = 0.005

export interface AccountEntry {
  provider: ProviderWord
  keyFingerprint: string
  /** in the provider's own unit */
  balance: number
  unit: 'credits' | 'usd'
}

export interface CreditChange {
  provider: ProviderWord
  /** left out: all accounts of the provider, also those to come */
  keyFingerprint?: string
  /** the new balance, in the provider's own unit */
  amount: number
}

/** Keys are known by their fingerprints only. */
export class Accounts {
  readonly #settings: SimulatorSettings
  /** of an account that nothing was taken from yet */
  #starting: Record<ProviderWord, number>
  /** of every account that was asked for; in the order of their first requests */
  readonly #balances = new Map<string, { provider: ProviderWord; keyFingerprint: string; balance: number }>()
  readonly #times = new Map<string, number[]>()

  constructor(settings: SimulatorSettings) {
    this.#settings = settings
    this.#starting = startingBalances(settings)
    this.#openKnown()
  }

  list(): AccountEntry[] {
    return [...this.#balances.values()].map((account) => ({
      ...account,
      unit: account.provider === 'kie' ? 'credits' : 'usd',
    }))
  }

  /** In the provider's own unit. */
  balance(provider: ProviderWord, keyFingerprint: string): number {
    return this.#open(provider, keyFingerprint).balance
  }

  setBalance({ provider, keyFingerprint, amount }: CreditChange): void {
    if (keyFingerprint !== undefined) {
      this.#open(provider, keyFingerprint).balance = amount
      return
    }
    this.#starting[provider] = amount
    for (const account of this.#balances.values()) if (account.provider === provider) account.balance = amount
  }

  canPay(provider: ProviderWord, keyFingerprint: string, price: Price): boolean {
    return this.balance(provider, keyFingerprint) >= amountOf(provider, price)
  }

  charge(provider: ProviderWord, keyFingerprint: string, price: Price): void {
    const account = this.#open(provider, keyFingerprint)
    // Rounded to where both count, so that many small amounts do not drift.
    account.balance = Math.round((account.balance - amountOf(provider, price)) * 1e8) / 1e8
  }

  refund(provider: ProviderWord, keyFingerprint: string, price: Price): void {
    this.charge(provider, keyFingerprint, { credits: price.credits === null ? null : -price.credits, usd: -price.usd })
  }

  /** Counts one request against the sliding window of its key; false: over the limit, and not counted. */
  admit(kind: 'create' | 'query', provider: ProviderWord, keyFingerprint: string, nowMs: number): boolean {
    const limit = this.#settings.rateLimits[provider]
    const most = kind === 'create' ? limit?.creates : limit?.queriesPerSecond
    if (limit === null || most === null || most === undefined) return true
    const windowMs = kind === 'create' ? limit.windowMs : 1_000
    const name = `${kind}/${provider}/${keyFingerprint}`
    const recent = (this.#times.get(name) ?? []).filter((atMs) => atMs > nowMs - windowMs)
    const admitted = recent.length < most
    if (admitted) recent.push(nowMs)
    this.#times.set(name, recent)
    return admitted
  }

  clear(): void {
    this.#starting = startingBalances(this.#settings)
    this.#balances.clear()
    this.#times.clear()
    this.#openKnown()
  }

  #open(provider: ProviderWord, keyFingerprint: string): { balance: number } {
    const name = `${provider}/${keyFingerprint}`
    const account = this.#balances.get(name) ?? { provider, keyFingerprint, balance: this.#starting[provider] }
    this.#balances.set(name, account)
    return account
  }

  #openKnown(): void {
    for (const key of this.#settings.kieApiKeys ?? []) this.#open('kie', fingerprint(key))
    for (const key of this.#settings.defapiKeys ?? []) this.#open('defapi', fingerprint(key))
  }
}

/** Tells keys apart without keeping them (I6). */
export function fingerprint(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 12)
}

function startingBalances({ startingCredits }: SimulatorSettings): Record<ProviderWord, number> {
  return { kie: startingCredits.kieCredits, defapi: startingCredits.defapiUsd }
}

function amountOf(provider: ProviderWord, price: Price): number {
  return provider === 'kie' ? (price.credits ?? 0) : price.usd
}
