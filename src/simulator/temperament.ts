// How a provider is by nature, drawn from the seed: quick or slow, even or moody, and how often it fails. Nothing in here is known of the
// real ones, and another seed makes another one the better: it is there so that a comparison has something to find.
import type { FaultRule, ProviderWord } from './faults/rule.ts'
import { between, randomOf } from './random.ts'

export interface Temperament {
  /** half of the pictures take less */
  medianMs: number
  /** standard deviation of the logarithm: 0.15 is even, 0.5 has a long tail */
  spread: number
  /** what it does wrong, each in a share of the cases */
  faults: FaultRule[]
}

export function drawTemperament(seed: number, provider: ProviderWord): Temperament {
  const random = randomOf(seed, 'temperament', provider)
  // Around the usual 800 to 2,500 ms: apart enough that twenty runs can show it.
  const medianMs = Math.round(between(random, 900, 2_700))
  const spread = between(random, 0.15, 0.5)
  const rule = (fault: FaultRule['fault'], mostOften: number, parameters: Partial<FaultRule> = {}): FaultRule => ({
    id: `temperament-${provider}-${fault}`,
    provider,
    fault,
    // To a tenth of a percent, so that the rules are readable where the control endpoint lists them.
    toxicity: Math.round(between(random, 0, mostOften) * 1_000) / 1_000,
    ...parameters,
  })
  return {
    medianMs,
    spread,
    faults: [
      rule('task_failed', 0.15),
      rule('code_429', 0.15, { on: 'submit', retryAfterSeconds: 1 }),
      rule('slow_task', 0.1, { delayMs: Math.round(between(random, 2_000, 6_000)) }),
      rule('delay_callback', 0.3, { delayMs: Math.round(between(random, 300, 1_500)) }),
    ],
  }
}

/** Log-normal, as times of work are: many near the median, a few far above it. */
export function drawDurationMs({ medianMs, spread }: Temperament, random: () => number): number {
  // Box and Muller; not 0, which has no logarithm.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return Math.round(medianMs * Math.exp(spread * normal))
}
