// Routes, attempts and generations as `decide` sees them, for the tables of its tests.
import type { PlannedEntry, RoutePolicy } from '../../../src/activities/types.ts'
import { newStory } from '../../../src/workflows/state.ts'
import type { AttemptPhase, AttemptRecord, GenerationState } from '../../../src/workflows/state.ts'
import { routePolicy } from '../../helpers/route-policy.ts'

export const nowMs = 1_000_000
export const attemptDeadlineMs = 600_000

export const entry = (provider: 'kie' | 'defapi', more: Partial<PlannedEntry> = {}): PlannedEntry => ({
  provider,
  model: 'google/nano-banana',
  priceUsd: 0.02,
  submitQueue: `${provider}-submit`,
  queryQueue: `${provider}-query`,
  hasCallback: true,
  attemptDeadlineMs,
  fidelity: { level: 'exact', changes: [] },
  ...more,
})

export function attempt(phase: AttemptPhase, more: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    number: 1,
    entry: 0,
    phase,
    providerTaskId: phase === 'accepted' || phase === 'succeeded' || phase === 'failed' || phase === 'overdue' ? 'task-1' : null,
    recorded: true,
    reason: null,
    message: null,
    provenFree: phase === 'rejected' || phase === 'exhausted',
    isHeard: false,
    acceptedAtMs: nowMs,
    line: null,
    ...more,
  }
}

export function planOf(
  route: PlannedEntry[],
  changes: Partial<RoutePolicy> = {},
): Pick<GenerationState, 'route' | 'policy' | 'deadlineAtMs'> {
  return { route, policy: { ...routePolicy, ...changes }, deadlineAtMs: nowMs + 1_800_000 }
}

export function state(
  attempts: AttemptRecord[],
  changes: Partial<RoutePolicy> = {},
  more: Partial<GenerationState> = {},
): GenerationState {
  return { ...newStory(planOf([entry('kie'), entry('defapi')], changes), {}), attempts, ...more }
}
