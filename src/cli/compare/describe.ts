// Figures of a comparison in words, alike on the terminal and on the page.
import type { ComparisonReport, Distribution, FailureKind, ProviderSummary } from './summarise.ts'
import { describeDuration, describeUsd, nothing } from '../render/units.ts'
import { isUnchecked } from '../../catalog/native-draft.ts'
import { withoutQueries } from './describe-request.ts'
import type { Interval } from '../../catalog/share-interval.ts'
import { leastForP95 } from './statistics.ts'

export function describeShare(share: number | null): string {
  return share === null ? nothing : `${(share * 100).toFixed(1)} %`
}

export function describeShareInterval(interval: Interval | null): string {
  return interval === null ? nothing : `${(interval.from * 100).toFixed(1)} to ${(interval.to * 100).toFixed(1)} %`
}

export function describeDurationInterval(interval: Interval | null): string {
  return interval === null ? nothing : `${describeDuration(interval.from)} to ${describeDuration(interval.to)}`
}

/** Why there is no figure is said where there could have been one. */
export function describeP95({ n, p95 }: Distribution): string {
  if (p95 !== null) return describeDuration(p95)
  return n === 0 ? nothing : `${nothing} (needs ${leastForP95}, has ${n})`
}

export function describeCostPerPicture({ costPerPictureUsd, costSource, costUsd, pictures }: ProviderSummary): string {
  if (costPerPictureUsd !== null) return `${describeUsd(costPerPictureUsd)} ${costSource === 'none' ? '' : costSource}`.trim()
  return costUsd !== null && pictures === 0 ? `${nothing} (no picture)` : nothing
}

export function describeKind({ kind, count }: FailureKind): string {
  return `${count} × ${kind.replaceAll('_', ' ')}`
}

/** How much of what was planned there is, and why not all. */
export function describeExtent({ planned, started, ended, stopped }: ComparisonReport): string {
  if (started === planned && ended === planned) return `all ${planned} runs`
  const open = started === ended ? '' : `, ${started - ended} still open`
  const why = stopped === null ? '' : `: ${stopped.because}`
  return `${ended} of ${planned} runs ended${open}${started === planned ? '' : `, ${planned - started} not started${why}`}`
}

/** Without callbacks every time is as coarse as the pause between two questions: null where there were some. */
export function describePolling({ providers }: ComparisonReport): string | null {
  const pictures = providers.reduce((sum, provider) => sum + provider.pictures, 0)
  if (pictures === 0 || providers.some(({ calledBack }) => calledBack > 0)) return null
  return 'No provider called back: results were polled for, first after 5 s by default, and times are as coarse as that.'
}

export const isSimulated = ({ mode }: Pick<ComparisonReport, 'mode'>): boolean => mode === 'mock'

/** Two providers that were not asked for the same cannot be compared: it stands first. */
export function describeFidelity({ fidelity }: ProviderSummary): string {
  if (fidelity === null) return nothing
  const changes = fidelity.changes.map((change) => {
    const { field, asked, sent } = change
    // Short: a cell of the terminal's table cuts a word that is longer than its line.
    const name = field.replace(/^providerOptions\./, '')
    return withoutQueries(isUnchecked(change) ? `${name} ${asked} unchecked` : `${name} ${asked} → ${sent ?? 'not sent'}`)
  })
  return changes.length === 0 ? fidelity.level : `${fidelity.level}: ${changes.join('; ')}`
}
