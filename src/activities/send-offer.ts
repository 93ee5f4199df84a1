// What the ledger is told about a provider's accounts when something is to be sent, and how its "not now" reads.
import type { Busy, SendOffer } from '../ledger/accounts-port.ts'
import { safeText } from '../observability/safe-text.ts'
import type { AttemptContext } from './attempt-context.ts'
import type { ActivityDeps } from './deps.ts'
import type { BusyReport } from './types.ts'

const unlimited = { creates: null, windowMs: 10_000, maxInFlight: null }

export function accountOffer(deps: ActivityDeps, { planned, provider }: AttemptContext): Omit<SendOffer, 'timeoutMs'> {
  const limits = deps.accountLimits.get(planned.provider) ?? unlimited
  // A task that nobody ends is taken for gone after the time that a healthy one may take.
  return { accounts: provider.accounts, limits: { ...limits, leaseMs: planned.attemptDeadlineMs } }
}

export function busyReport({ because, pause }: Busy): BusyReport {
  if (pause === null) {
    const message = {
      line: 'others came first',
      window: 'the rate limit is used up',
      in_flight: 'as many tasks as allowed are at work',
    }
    return {
      because,
      pausedBy: null,
      reason: null,
      message: because === 'paused' ? 'paused' : message[because],
      pauseEndsInMs: null,
    }
  }
  const until = pause.until === null ? 'until somebody resumes it' : `until ${pause.until.toISOString()}`
  return {
    because,
    pausedBy: pause.by,
    reason: pause.reason,
    message: safeText(`paused ${until}: ${pause.message}`),
    pauseEndsInMs: pause.until === null ? null : Math.max(0, pause.until.getTime() - Date.now()),
  }
}
