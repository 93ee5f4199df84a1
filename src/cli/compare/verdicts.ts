// Who is faster, steadier, cheaper, in one sentence each, and only where the runs can tell.
import { providerTitles } from '../../catalog/native-draft.ts'
import type { ProviderName } from '../../contract/index.ts'
import { describeDuration, describeUsd } from '../render/units.ts'
import type { ProviderSummary, ComparisonReport } from './summarise.ts'
import type { PairedResult } from './pairs.ts'
import { significance } from './statistics.ts'

export interface Verdict {
  question: 'Faster' | 'Steadier' | 'Cheaper'
  /** a provider; null: these runs cannot tell, or both are equal */
  winner: ProviderName | null
  /** what is said in place of a winner */
  answer: 'undecided' | 'the same'
  sentence: string
}

export function verdictsOf({ pairs, providers }: ComparisonReport): Verdict[] {
  return pairs.flatMap((pair) => [fasterOf(pair), steadierOf(pair), cheaperOf(pair, providers)])
}

function fasterOf({ one, other, time }: PairedResult): Verdict {
  const [question, answer] = ['Faster', 'undecided'] as const
  if (time.pairs === 0 || time.pValue === null || time.medianDifferenceMs === null)
    return { question, winner: null, answer, sentence: 'No prompt got a picture from both, so there is nothing to compare.' }
  const [winner, wins, losses] =
    time.oneFaster >= time.otherFaster ? [one, time.oneFaster, time.otherFaster] : [other, time.otherFaster, time.oneFaster]
  const chance = `sign test ${describeP(time.pValue)}`
  if (time.pValue > significance)
    return {
      question,
      winner: null,
      answer,
      sentence: `${wins} to ${losses} of ${time.pairs} pairs (${chance}): these runs cannot tell.`,
    }
  const by = Math.abs(time.medianDifferenceMs)
  const range =
    time.interval === null
      ? ''
      : ` (95 %: ${describeDuration(Math.min(Math.abs(time.interval.from), Math.abs(time.interval.to)))} to ${describeDuration(Math.max(Math.abs(time.interval.from), Math.abs(time.interval.to)))})`
  return {
    question,
    winner,
    answer,
    sentence: `First in ${wins} of ${time.pairs} pairs, by ${describeDuration(by)} in the median${range}; ${chance}.`,
  }
}

function steadierOf({ one, other, success }: PairedResult): Verdict {
  const [question, answer] = ['Steadier', 'undecided'] as const
  const { pairs, onlyOne, onlyOther, pValue } = success
  if (pairs === 0) return { question, winner: null, answer, sentence: 'No pair of runs has ended at both.' }
  if (pValue === null) return { question, winner: null, answer: 'the same', sentence: `Both did the same in all ${pairs} pairs.` }
  const split = `Only ${providerTitles[one]} made the picture in ${onlyOne} of ${pairs} pairs, only ${providerTitles[other]} in ${onlyOther}`
  const chance = `McNemar's exact test ${describeP(pValue)}`
  if (pValue > significance) return { question, winner: null, answer, sentence: `${split} (${chance}): these runs cannot tell.` }
  return { question, winner: onlyOne > onlyOther ? one : other, answer, sentence: `${split}; ${chance}.` }
}

function cheaperOf({ one, other }: PairedResult, providers: readonly ProviderSummary[]): Verdict {
  const [question, answer] = ['Cheaper', 'undecided'] as const
  const [first, second] = [one, other].map((name) => providers.find(({ provider }) => provider === name))
  const [usd, otherUsd] = [first?.costPerPictureUsd ?? null, second?.costPerPictureUsd ?? null]
  if (first === undefined || second === undefined || usd === null || otherUsd === null) {
    const without = [first, second].flatMap((each) => (each?.costPerPictureUsd === null ? [providerTitles[each.provider]] : []))
    return { question, winner: null, answer, sentence: `No cost per picture is known of ${without.join(' and ')}.` }
  }
  const sentence = `Per picture, failed runs included: ${providerTitles[one]} ${describeUsd(usd)} (${first.costSource}), ${providerTitles[other]} ${describeUsd(otherUsd)} (${second.costSource}).`
  if (first.costSource !== second.costSource)
    return { question, winner: null, answer, sentence: `${sentence} Figures of two sources cannot be compared.` }
  if (usd === otherUsd) return { question, winner: null, answer: 'the same', sentence }
  // What differs besides is how many runs were paid for without a picture: chance, until `Steadier` says otherwise.
  const [paidUsd, otherPaidUsd] = [first.costPerPaidRunUsd ?? 0, second.costPerPaidRunUsd ?? 0]
  if (Math.sign(paidUsd - otherPaidUsd) !== Math.sign(usd - otherUsd)) {
    const paid =
      paidUsd === otherPaidUsd
        ? `Both take ${describeUsd(paidUsd)} for a run that is paid`
        : `A run that is paid costs ${describeUsd(paidUsd)} and ${describeUsd(otherPaidUsd)}`
    return { question, winner: null, answer, sentence: `${sentence} ${paid}; the rest is how many made no picture.` }
  }
  return { question, winner: usd < otherUsd ? one : other, answer, sentence }
}

/** Two digits; below a ten-thousandth the exact figure says nothing more. */
export function describeP(value: number): string {
  if (value < 0.0001) return 'p < 0.0001'
  return `p = ${value < 0.01 ? value.toFixed(4) : value.toFixed(2)}`
}
