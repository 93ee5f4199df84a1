// Times as providers write them. Only an unambiguous instant counts.

/** 2020 and 2100: outside lie seconds taken for milliseconds and other mistakes. */
const earliestMs = Date.UTC(2020, 0, 1)
const latestMs = Date.UTC(2100, 0, 1)

/** An ISO instant must name its zone. */
const isoWithZone = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/i

/**
 * Milliseconds (number or digits) or an ISO instant; else null. A text without a zone (`2026-01-15 10:30:00` is on one of Kie's
 * pages) is null on purpose: read in the wrong zone it would be hours off, and could veto the adoption of our own provider task.
 */
export function readTimeMs(value: unknown): number | null {
  const ms = toMs(value)
  return ms !== null && Number.isSafeInteger(ms) && ms >= earliestMs && ms <= latestMs ? ms : null
}

function toMs(value: unknown): number | null {
  if (typeof value === 'number') return Math.trunc(value)
  if (typeof value !== 'string') return null
  const text = value.trim()
  if (/^\d{13}$/.test(text)) return Number(text)
  return isoWithZone.test(text) ? Date.parse(text.replace(' ', 'T')) : null
}
