import type { RoutePolicy } from '../../src/activities/types.ts'

/** What counts where a request says nothing of its route. */
export const routePolicy: RoutePolicy = {
  fallback: true,
  onUnknown: 'fallback',
  onOverdue: 'fallback',
  onRefusal: 'fail',
  maxPaidAttempts: 2,
  maxCostUsd: null,
  maxQueueMs: 120_000,
  priority: 3,
  keepSpares: false,
}
