// Holds the rules in force, decides which strike, and counts how often each has (I13: a fault that never fired proves nothing).
import { randomOf } from '../random.ts'
import { type FaultRule, parseFaultRule, parsePromptMarkers, type ProviderWord } from './rule.ts'
import { factsOf, type FaultPoint } from './words.ts'

/** What a rule is matched against. */
export interface FaultFacts {
  provider: ProviderWord
  prompt: string
  model: string
}

/** A rule that struck, with its place filled in and a number of its own for seeded choices. */
export interface Strike {
  id: string
  rule: FaultRule & { on: FaultPoint }
  random: () => number
}

interface Entry {
  id: string
  rule: FaultRule & { on: FaultPoint }
  matched: number
  fired: number
}

export class FaultBoard {
  readonly #seed: number
  readonly #entries = new Map<string, Entry>()
  /** rules written into prompts, one entry per prompt and marker so that `times` counts per prompt */
  readonly #markers = new Map<string, Entry>()
  readonly #counts = new Map<string, number>()
  #nextId = 1

  constructor(seed: number) {
    this.#seed = seed
  }

  add(value: FaultRule): string {
    const rule = { ...parseFaultRule(value), on: value.on ?? defaultPoint(value) }
    const id = rule.id ?? `${rule.fault}-${this.#nextId++}`
    this.#entries.set(id, { id, rule, matched: 0, fired: 0 })
    if (!this.#counts.has(id)) this.#counts.set(id, 0)
    return id
  }

  remove(id: string): boolean {
    return this.#entries.delete(id)
  }

  clear(): void {
    this.#entries.clear()
  }

  /** Forgets the counts too. */
  reset(): void {
    this.clear()
    this.#markers.clear()
    this.#counts.clear()
  }

  list(): FaultRule[] {
    return [...this.#entries.values()].map(({ id, rule }) => ({ ...rule, id }))
  }

  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts)
  }

  /** The rules that strike here and now. Asking is what counts them. */
  strikes(point: FaultPoint, facts: FaultFacts, filter: (rule: FaultRule) => boolean = () => true): Strike[] {
    return [...this.#entries.values(), ...this.#markersOf(facts.prompt)]
      .filter(
        ({ rule }) => rule.on === point && rule.fault !== 'down' && rule.when !== 'connect' && fits(rule, facts) && filter(rule),
      )
      .flatMap((entry) => this.#strike(entry))
  }

  /** A rule that resets connections before anything is read; nothing but the listener is known then. */
  connectStrike(provider: ProviderWord, points: readonly FaultPoint[]): Strike | null {
    for (const entry of this.#entries.values()) {
      const { rule } = entry
      if (rule.when !== 'connect' || !points.includes(rule.on) || !ofProvider(rule, provider)) continue
      const struck = this.#strike(entry)[0]
      if (struck !== undefined) return struck
    }
    return null
  }

  /** Rules that want a listener closed. */
  downRules(): { id: string; rule: FaultRule & { on: FaultPoint } }[] {
    return [...this.#entries.values()].filter(({ rule }) => rule.fault === 'down')
  }

  /** A closed listener sees no connections, so `down` counts its closings. */
  count(id: string): void {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
  }

  #strike(entry: Entry): Strike[] {
    const { rule, id } = entry
    entry.matched += 1
    if (entry.matched <= (rule.after ?? 0)) return []
    if (entry.fired >= (rule.times ?? Number.POSITIVE_INFINITY)) return []
    const random = randomOf(this.#seed, 'fault', id, entry.matched)
    if (random() >= (rule.toxicity ?? 1)) return []
    entry.fired += 1
    this.count(id)
    return [{ id, rule, random }]
  }

  #markersOf(prompt: string): Entry[] {
    return parsePromptMarkers(prompt).map(({ text, rule }) => {
      const key = `${text}\u0000${prompt}`
      const known = this.#markers.get(key)
      if (known !== undefined) return known
      const entry: Entry = {
        id: `marker:${rule.fault}`,
        rule: { ...rule, on: rule.on ?? defaultPoint(rule) },
        matched: 0,
        fired: 0,
      }
      this.#markers.set(key, entry)
      return entry
    })
  }
}

function defaultPoint(rule: FaultRule): FaultPoint {
  return factsOf(rule.fault)?.on[0] ?? 'submit'
}

function ofProvider(rule: FaultRule, provider: ProviderWord): boolean {
  return rule.provider === undefined || rule.provider === provider
}

function fits(rule: FaultRule, facts: FaultFacts): boolean {
  return (
    ofProvider(rule, facts.provider) &&
    facts.prompt.includes(rule.match?.promptIncludes ?? '') &&
    (rule.match?.model === undefined || rule.match.model === facts.model)
  )
}
