// When to ask again.
import type { QueryOutcome } from '../providers/provider.ts'
import type { PlanLimits } from './types.ts'

/** From `pollMinMs` to `pollMaxMs` in about eight polls. */
const pollGrowth = 1.25

/** One query takes 0.2–0.4 s at Kie (test/fixtures/kie/README.md#latency); the last one should still fit before the deadline. */
const lastQueryMs = 1_000

/** Growing with the number of polls, or as long as the provider says. */
export function pollDelayMs(
  limits: Pick<PlanLimits, 'pollMinMs' | 'pollMaxMs'>,
  activityTry: number,
  answer: QueryOutcome,
): number {
  const paceMs = Math.min(limits.pollMaxMs, limits.pollMinMs * pollGrowth ** (activityTry - 1))
  return answer.kind === 'unreadable' && answer.retryAfterMs !== null ? Math.max(paceMs, answer.retryAfterMs) : paceMs
}

/**
 * Temporal ends a retrying activity at once when its next try would begin after the schedule-to-close time: a long pause (a 429 that says
 * "in ten minutes") would make a healthy attempt overdue early, and a second one would be paid. So the pause is cut to leave one last try.
 */
export function withinDeadline(
  delayMs: number,
  info: { scheduledTimestampMs: number; scheduleToCloseTimeoutMs: number },
  nowMs: number,
): number {
  if (info.scheduleToCloseTimeoutMs === 0) return delayMs
  const untilLastTryMs = info.scheduledTimestampMs + info.scheduleToCloseTimeoutMs - lastQueryMs - nowMs
  return untilLastTryMs > 0 ? Math.min(delayMs, untilLastTryMs) : delayMs
}
