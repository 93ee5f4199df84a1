// The Retry-After header: whole seconds or an HTTP date (RFC 9110, 10.2.3).

/** Longer than any wait we would honour; keeps the number safe for timers. */
const maxRetryAfterMs = 24 * 60 * 60 * 1000

const httpDate = /^(?:mon|tue|wed|thu|fri|sat|sun), \d{2} [a-z]{3} \d{4} \d{2}:\d{2}:\d{2} gmt$/i

/** Null when the header is missing or not one of the two forms; a date in the past is 0. */
export function readRetryAfterMs(header: string | null, nowMs: number): number | null {
  const text = header?.trim() ?? ''
  // 9 digits: Number stays exact, and a longer one is no wait that anybody means.
  if (/^\d{1,9}$/.test(text)) return Math.min(Number(text) * 1000, maxRetryAfterMs)
  if (!httpDate.test(text)) return null
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? null : Math.min(Math.max(atMs - nowMs, 0), maxRetryAfterMs)
}
