// The rows of the comparison, a cell for each provider: the same on the terminal and on the page.
import { describeDuration, describeUsd, nothing } from '../render/units.ts'
import {
  describeCostPerPicture,
  describeDurationInterval,
  describeFidelity,
  describeKind,
  describeP95,
  describeShare,
  describeShareInterval,
} from './describe.ts'
import type { ProviderSummary } from './summarise.ts'

export interface ComparisonRow {
  label: string
  /** belongs to the row above it */
  isPart: boolean
  cells: string[]
}

export function comparisonRows(providers: readonly ProviderSummary[]): ComparisonRow[] {
  const row = (label: string, of: (provider: ProviderSummary) => string): ComparisonRow => ({
    label,
    isPart: false,
    cells: providers.map(of),
  })
  const part = (label: string, of: (provider: ProviderSummary) => string): ComparisonRow => ({ ...row(label, of), isPart: true })
  const rows = [
    row('Request taken', describeFidelity),
    row('Pictures', ({ pictures, counted }) => `${pictures} of ${counted}`),
    part('success share', ({ successShare }) => describeShare(successShare)),
    part('95 % interval (Wilson)', ({ successInterval }) => describeShareInterval(successInterval)),
    row('Time to picture, p50', ({ timeToPictureMs }) => describeDuration(timeToPictureMs.p50)),
    part('95 % interval of the p50', ({ timeToPictureMs }) => describeDurationInterval(timeToPictureMs.p50Interval)),
    part('p95', ({ timeToPictureMs }) => describeP95(timeToPictureMs)),
    row('Time to picture, mean', ({ timeToPictureMs }) => describeDuration(timeToPictureMs.mean)),
    part('submit', ({ meanPartsMs }) => describeDuration(meanPartsMs.submit)),
    part('at the provider', ({ meanPartsMs }) => describeDuration(meanPartsMs.provider)),
    part('until we knew', ({ meanPartsMs }) => describeDuration(meanPartsMs.news)),
    part('download and store', ({ meanPartsMs }) => describeDuration(meanPartsMs.store)),
    row('Our own line, mean', ({ meanPartsMs }) => describeDuration(meanPartsMs.queue)),
    row('Callback delay, p50', ({ callbackDelayMs: { n, p50 } }) => (n === 0 ? nothing : `${describeDuration(p50)} (n = ${n})`)),
    part('p95', ({ callbackDelayMs }) => describeP95(callbackDelayMs)),
    row('Cost per picture', describeCostPerPicture),
    part('in all', ({ costUsd }) => (costUsd === null ? nothing : describeUsd(costUsd))),
    row('Without a picture', ({ failures }) => listOf(failures.map(describeKind))),
    row('Needed more than one POST', ({ retried, started }) => `${retried} of ${started}`),
  ]
  if (providers.some(({ notCounted }) => notCounted.length > 0))
    rows.push(row('Not counted (never asked)', ({ notCounted }) => listOf(notCounted.map(describeKind))))
  return rows
}

function listOf(texts: readonly string[]): string {
  return texts.length === 0 ? nothing : texts.join(', ')
}
