// What it will cost at most, said before anything is asked for; and the yes that real money needs.
import { providerTitles } from '../../catalog/native-draft.ts'
import type { CliContext } from '../context.ts'
import { columnsOf, writeLine } from '../context.ts'
import { CliError, exitCodes } from '../errors.ts'
import { describeUsd } from '../render/units.ts'
import { wrapLine } from '../render/wrap.ts'
import type { Comparison, RunPrice } from './comparison.ts'
import { planRuns } from './comparison.ts'
import { describeStart } from './describe-request.ts'
import { createPurse } from './spending.ts'

export interface Estimate {
  /** worst case of all runs */
  worstCaseUsd: number
  /** runs that fit under the cap if each takes its worst case */
  fits: number
  planned: number
}

export function estimate(comparison: Comparison): Estimate {
  const runs = planRuns(comparison)
  const priceOf = (provider: keyof Comparison['prices']): number => comparison.prices[provider]?.usd ?? 0
  const purse = createPurse(comparison.capUsd)
  let fits = 0
  for (const { provider, generationId } of runs) {
    if (!purse.mayStart(priceOf(provider))) break
    purse.reserve(generationId, priceOf(provider))
    fits += 1
  }
  return { worstCaseUsd: runs.reduce((sum, { provider }) => sum + priceOf(provider), 0), fits, planned: runs.length }
}

export function requireYes({ stderr }: CliContext, comparison: Comparison, hasSaidYes: boolean): void {
  for (const line of describeEstimate(comparison)) writeLine(stderr, wrapLine(line, columnsOf(stderr, Infinity), 2))
  if (estimate(comparison).fits === 0)
    throw new CliError('Nothing was asked for: not one run could be started within --max-cost.', exitCodes.usage)
  if (comparison.mode === 'mock' || hasSaidYes) return
  throw new CliError('Nothing was asked for. Say --yes to spend it.', exitCodes.usage)
}

const sourceWords: Readonly<Record<RunPrice['source'], string>> = {
  list: 'list price',
  assumed: 'as you say',
  borrowed: 'no price published; counted like the dearest other',
  none: 'no price published',
}

export function describeEstimate(comparison: Comparison): string[] {
  const { providers, runs, prompts, prices, capUsd, mode, request } = comparison
  const { worstCaseUsd, fits, planned } = estimate(comparison)
  const each = providers.map((provider) => {
    const price = prices[provider]
    return `${providerTitles[provider]} ${describeUsd(price?.usd ?? 0)} (${sourceWords[price?.source ?? 'none']})`
  })
  const money = mode === 'mock' ? 'simulated providers, no real money' : 'real money'
  const cap =
    capUsd === null
      ? ''
      : fits < planned
        ? ` --max-cost ${describeUsd(capUsd)} is enough for ${fits} of ${planned} runs at that price.`
        : ` Within --max-cost ${describeUsd(capUsd)}.`
  const start = describeStart(comparison)
  const promptWord = prompts.length === 1 ? 'prompt' : 'prompts'
  return [
    `${request.model}: ${runs} ${runs === 1 ? 'run' : 'runs'} at ${providers.length > 1 ? 'each of ' : ''}${providers.map((provider) => providerTitles[provider]).join(' and ')}, ${prompts.length} ${promptWord} (${money}).`,
    `A run costs at most: ${each.join(', ')}; all ${planned}: ${describeUsd(worstCaseUsd)}.${cap}`,
    ...(start === null ? [] : [`Each starts from ${start}.`]),
  ]
}
