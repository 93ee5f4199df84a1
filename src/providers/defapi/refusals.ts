// What DefAPI says when it refuses a submit, as data. Little is on record, so the table is short, and a reply that is in no row is an
// unknown outcome, never a refusal. // I3   `evidence` names a heading of test/fixtures/defapi/README.md.
import type { ProviderReason } from '../provider.ts'

export interface RefusalRow {
  /** null: 200 to 299 and 400 to 499; else the inclusive range */
  httpStatus: readonly [from: number, to: number] | null
  /** null: any but 0 */
  code: number | null
  /** null: whatever the words */
  message: RegExp | null
  kind: 'refused_retryable' | 'refused_final'
  reason: ProviderReason
  evidence: string
}

/** Nobody has recorded the words for an empty account. Beside a status that itself says "your fault", these three are enough. */
const speaksOfMoney = /insufficient|balance|credit/i

/** Beside HTTP 200 only a whole statement counts: `credit` alone could be part of anything. */
const moneyIsShort =
  /\binsufficient\b.{0,20}\b(?:credits?|balance|funds)\b|\b(?:credits?|balance|funds)\b.{0,20}\binsufficient\b/i

export const refusalRows: readonly RefusalRow[] = [
  { httpStatus: null, code: 1007, message: null, kind: 'refused_final', reason: 'auth', evidence: '#errors' },
  { httpStatus: [401, 401], code: null, message: null, kind: 'refused_final', reason: 'auth', evidence: '#errors' },
  { httpStatus: [402, 402], code: null, message: null, kind: 'refused_final', reason: 'no_credits', evidence: '#no-credits' },
  { httpStatus: [429, 429], code: null, message: null, kind: 'refused_retryable', reason: 'rate_limited', evidence: '#limits' },
  {
    httpStatus: [400, 499],
    code: null,
    message: speaksOfMoney,
    kind: 'refused_final',
    reason: 'no_credits',
    evidence: '#no-credits',
  },
  {
    httpStatus: [200, 299],
    code: null,
    message: moneyIsShort,
    kind: 'refused_final',
    reason: 'no_credits',
    evidence: '#no-credits',
  },
]

/** `httpStatus` must be one at which the application itself answers: 2xx or 4xx. */
export function findRefusal(httpStatus: number, code: number, message: string): RefusalRow | null {
  // Success without a task id is a contradiction, not a refusal.
  if (code === 0) return null
  const row = refusalRows.find((row) => {
    const [from, to] = row.httpStatus ?? [200, 499]
    const isInRange = httpStatus >= from && httpStatus <= to
    return isInRange && (row.code === null || row.code === code) && (row.message === null || row.message.test(message))
  })
  return row ?? null
}
