// The one way from an error to Temporal: a type from the contract, a printable message, no cause (undici errors carry headers, I6).
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common'
import type { RefusalReason } from '../contract/index.ts'
import { activityFailure } from '../contract/index.ts'
import { LedgerUnavailableError } from '../ledger/ledger.ts'
import { safeText } from '../observability/safe-text.ts'

/** Refused for good: the row is `rejected`. */
export function submitRefused(reason: RefusalReason, message: string): ApplicationFailure {
  const printable = safeText(message)
  return ApplicationFailure.create({
    type: activityFailure.submitRefused,
    message: printable,
    nonRetryable: true,
    details: [{ reason, message: printable }],
  })
}

/**
 * Nothing was sent or "try later": the row is `claimed` again and Temporal tries again, after `retryAfterMs` where the provider said so.
 * `isExhausted`: its tries are used up, or the wait is so long that it is as good as a refusal.
 */
export function submitRefusedForNow(
  reason: RefusalReason,
  message: string,
  { retryAfterMs, isExhausted }: { retryAfterMs: number | null; isExhausted: boolean },
): ApplicationFailure {
  const printable = safeText(message)
  return ApplicationFailure.create({
    type: activityFailure.submitRefusedForNow,
    message: printable,
    nonRetryable: isExhausted,
    details: [{ reason, message: printable }],
    ...(retryAfterMs === null ? {} : { nextRetryDelay: Math.max(1, retryAfterMs) }),
  })
}

/** An expected "not yet": tried again after `delayMs`, and not counted or logged as a failure. */
export function notYet(
  type: 'StillPending' | 'StillSilent' | 'StillInLine' | 'StillOwing',
  message: string,
  delayMs: number,
): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: safeText(message),
    // A number that is none would end the whole worker (the SDK cannot encode it): the pace of the retry policy counts then.
    ...(Number.isFinite(delayMs) ? { nextRetryDelay: Math.max(1, Math.round(delayMs)) } : {}),
    category: ApplicationFailureCategory.BENIGN,
  })
}

/** Anything unexpected. The ledger being away is named, since the workflow then knows that nothing was sent. */
export function toApplicationFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error
  if (error instanceof LedgerUnavailableError) {
    return ApplicationFailure.create({ type: activityFailure.ledgerUnavailable, message: 'the ledger does not answer' })
  }
  const message = error instanceof Error ? error.message : String(error)
  return ApplicationFailure.create({ type: error instanceof Error ? error.name : 'Error', message: safeText(message) })
}
