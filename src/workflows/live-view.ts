// What the `status` query answers while a generation runs.
import type { DecisionReport, GenerationStatus, LiveView } from '../contract/index.ts'
import { outcomeWhenLeft } from './state.ts'
import type { AttemptPhase, AttemptRecord, GenerationState } from './state.ts'

/** Phases in which an attempt has no outcome yet. */
const openPhases: readonly AttemptPhase[] = ['queued', 'turn', 'accepted', 'unknown']

export function liveView(state: GenerationState | null, decisions: DecisionReport[], wakes: number): LiveView {
  if (state === null) return { status: 'planning', attempts: [], decisions, wakes }
  const attempts = state.attempts.map((attempt) => ({
    item: 0,
    number: attempt.number,
    provider: state.route[attempt.entry]?.provider ?? 'kie',
    outcome: openPhases.includes(attempt.phase) ? null : outcomeWhenLeft(attempt),
    reason: attempt.reason,
    message: attempt.message,
    providerTaskId: attempt.providerTaskId,
  }))
  return { status: state.generation?.status ?? state.endedAs ?? statusOf(state.attempts.at(-1)), attempts, decisions, wakes }
}

function statusOf(last: AttemptRecord | undefined): GenerationStatus {
  switch (last?.phase) {
    case 'queued':
      return 'queued'
    case 'accepted':
      return 'waiting'
    case 'unknown':
      return 'listening'
    case 'succeeded':
      return 'storing'
    default:
      return 'submitting'
  }
}
