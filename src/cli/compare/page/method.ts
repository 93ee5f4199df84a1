// How it was measured, and what must not be read into it.
import { providerTitles } from '../../../catalog/native-draft.ts'
import { describeUsd } from '../../render/units.ts'
import { describeParameters, startPicturesOf } from '../describe-request.ts'
import { leastForP95 } from '../statistics.ts'
import type { ComparisonReport } from '../summarise.ts'
import type { Markup } from './markup.ts'
import { markup } from './markup.ts'

export function methodOf(report: ComparisonReport): Markup {
  const { seed, concurrency, runsPerProvider, providers } = report
  const wanted = [...describeParameters(report), ...startPicturesOf(report).map(({ role, name }) => `${role} ${name}`)]
  const prices = providers.map(
    ({ provider, price }) =>
      `${providerTitles[provider]} ${price.usd === null ? 'unknown' : `${describeUsd(price.usd)} (${price.source})`}`,
  )
  const points = [
    `Asked for: ${wanted.join(', ')}; nothing else was chosen. ${runsPerProvider} runs at each provider, going round the prompts.`,
    `Each run is a generation of its own: one provider, at most one paid attempt, no fallback. What a provider refuses for the moment is tried again for free, and that time is its own.`,
    `Order: run n of all providers together, who is first and which n is next drawn from seed ${seed}; at most ${concurrency} at once at each provider. No run is left out, so the first ones carry whatever was cold: see the chart of every run.`,
    `Time to picture: from the first POST to the stored picture. Our own line before it is shown apart. Fetching and storing depend on this machine and its network as well.`,
    `Kie tells when it finished, by its own clock; DefAPI does not, so its news and its work are one part and it has no callback delay. Clocks of two companies may differ by some milliseconds, or more.`,
    `Counted: every run in which the provider was asked. A run that we could not send (no connection, a line of our own), or that failed because something of ours was away, says nothing about a provider.`,
    `p50 and p95 are linear between neighbours. The interval of the p50 comes from order statistics; below 6 pictures there is none. A p95 below ${leastForP95} pictures would be the slowest of them, so there is none.`,
    `Success shares have Wilson's score interval. Pairs are compared by the sign test and by McNemar's exact test, two-sided, at 5 %. No answer means that these runs cannot tell, not that there is no difference.`,
    `Cost per picture: all costs of a provider's runs ÷ its pictures. Measured is the provider's word, estimated is the price list, assumed is what somebody said. Cheaper is who takes less per paid run and per picture, by figures of the same source. Worst case of a run that the cap counted with: ${prices.join(', ')}.`,
  ]
  return markup`<h2>How it was measured</h2><ul>${points.map((point) => markup`<li>${point}</li>`)}</ul>`
}
