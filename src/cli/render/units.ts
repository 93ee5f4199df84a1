// Numbers with their units, for people.
import type { Cost, Generation } from '../../contract/index.ts'
import { safeText } from '../../observability/safe-text.ts'

export const nothing = '–'

export function describeDuration(ms: number | null): string {
  if (ms === null) return nothing
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  const rest = seconds % 60 === 0 ? '' : ` ${seconds % 60} s`
  return `${Math.floor(seconds / 60)} min${rest}`
}

/** In units of 1024, as limits are: what is over one must not look as if it were within. */
export function describeSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 ** 2 ? `${Math.ceil(bytes / 1024)} KiB` : `${(Math.ceil((bytes / 1024 ** 2) * 10) / 10).toFixed(1)} MiB`
}

/** Prices are fractions of a cent; two digits would show most of them as nothing. */
export function describeUsd(usd: number): string {
  return `$${usd.toFixed(4).replace(/0{1,2}$/, '')}`
}

export function describeCost(
  cost: Cost | Generation['cost'],
  options: { isFree?: boolean; mode?: Generation['mode'] } = {},
): string {
  if (options.isFree === true) return 'free'
  if (cost.source === 'none' || cost.usd === null) return nothing
  const source = cost.source === 'estimated' ? ' (estimated)' : ''
  return `${describeUsd(cost.usd)}${source}`
}

export function millisecondsBetween(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Date.parse(to) - Date.parse(from)
}

/** To the second, in UTC, as the ledger counts: `2026-11-22 18:04:05Z`. What is no time is shown as it is. */
export function describeMoment(moment: string): string {
  const at = new Date(moment)
  if (Number.isNaN(at.getTime())) return safeText(moment, 40)
  return `${at.toISOString().slice(0, 19).replace('T', ' ')}Z`
}
