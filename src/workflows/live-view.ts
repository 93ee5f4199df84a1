// What the `status` query answers while a generation runs.
import type { DecisionReport, GenerationStatus, LiveView } from '../contract/index.ts'
import { outcomeWhenLeft } from './state.ts'
import type { AttemptPhase } from './state.ts'
import { storiesOf } from './run.ts'
import type { Run } from './run.ts'

/** Phases in which an attempt has no outcome yet. */
const openPhases: readonly AttemptPhase[] = ['queued', 'turn', 'accepted', 'unknown']

export function liveView(run: Run | null, decisions: DecisionReport[], wakes: number): LiveView {
  if (run === null) return { status: 'planning', attempts: [], decisions, wakes }
  const { generation, endedAs } = run.state
  const all = storiesOf(run).flatMap(({ state }) =>
    state.attempts.map((attempt) => ({
      phase: attempt.phase,
      report: {
        item: state.share.item,
        number: attempt.number,
        provider: state.route[attempt.entry]?.provider ?? 'kie',
        outcome: openPhases.includes(attempt.phase) ? null : outcomeWhenLeft(attempt),
        reason: attempt.reason,
        message: attempt.message,
        providerTaskId: attempt.providerTaskId,
      },
    })),
  )
  // Of several items, one that is at work speaks for the generation.
  const newest = all.findLast(({ phase }) => run.items.length > 0 && openPhases.includes(phase)) ?? all.at(-1)
  const status = generation?.status ?? endedAs ?? statusOf(newest?.phase)
  return { status, attempts: all.map(({ report }) => report), decisions, wakes }
}

function statusOf(phase: AttemptPhase | undefined): GenerationStatus {
  switch (phase) {
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
