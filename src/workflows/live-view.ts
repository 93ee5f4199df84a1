// What the `status` query answers while a generation runs.
import type { DecisionReport, GenerationStatus, LiveView } from '../contract/index.ts'
import { outcomeWhenLeft } from './decide.ts'
import type { AttemptRecord, GenerationState } from './decide.ts'

export function liveView(state: GenerationState | null, decisions: DecisionReport[], wakes: number): LiveView {
  if (state === null) return { status: 'planning', attempts: [], decisions, wakes }
  const attempts = state.attempts.map((attempt) => ({
    item: 0,
    number: attempt.number,
    provider: state.route[attempt.entry]?.provider ?? 'kie',
    outcome: attempt.phase === 'accepted' || attempt.phase === 'unknown' ? null : outcomeWhenLeft(attempt),
    reason: attempt.reason,
    message: attempt.message,
    providerTaskId: attempt.providerTaskId,
  }))
  return { status: state.generation?.status ?? state.endedAs ?? statusOf(state.attempts.at(-1)), attempts, decisions, wakes }
}

function statusOf(last: AttemptRecord | undefined): GenerationStatus {
  switch (last?.phase) {
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
