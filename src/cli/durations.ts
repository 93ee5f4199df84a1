// Durations and moments as people type them: `90s`, `24h`, `2026-11-22`.
import { InvalidArgumentError } from 'commander'

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

export function parseDurationMs(value: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(value) ?? []
  const unitMs = unitsMs[unit]
  if (unitMs === undefined) throw new InvalidArgumentError('It must be a number and s, m, h or d, such as 90s, 30m, 24h, 7d.')
  return Number(count) * unitMs
}

/** ISO 8601; a day is its beginning in UTC, a time without zone is UTC. */
export function parseMoment(value: string): Date {
  const [, day, time = 'T00:00', zone = 'Z'] =
    /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)?(Z|[+-]\d{2}:\d{2})?$/.exec(value) ?? []
  const moment = new Date(`${day}${time}${zone}`)
  if (day === undefined || Number.isNaN(moment.getTime()))
    throw new InvalidArgumentError('It must be a day or a time such as 2026-11-22 or 2026-11-22T08:00Z.')
  return moment
}
