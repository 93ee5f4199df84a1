// What one execution carries from step to step.
import { setCurrentDetails } from '@temporalio/workflow'
import type { Plan } from '../activities/types.ts'
import type { DecisionReport } from '../contract/index.ts'
import type { GenerationState, Step } from './decide.ts'
import { generationFailed } from './failures.ts'
import type { Wakes } from './wakes.ts'

export interface Run {
  generationId: string
  plan: Plan
  state: GenerationState
  wakes: Wakes
  decisions: DecisionReport[]
}

/** The decision record: what was picked, and because of what. Shown live in Temporal's UI and stored with the result. */
export function note(run: Run, step: Step): void {
  if (step.kind === 'finish') return
  const names = { submit: 'ask', await: 'wait for', listen: 'listen for', store: 'store from', fail: 'fail' }
  const target = step.kind === 'fail' ? step.failure.type : providerOf(run, step)
  run.decisions.push({ at: new Date(Date.now()).toISOString(), decision: `${names[step.kind]} ${target}`, because: step.because })
  setCurrentDetails(run.decisions.map(({ decision, because }) => `- **${decision}**: ${because}`).join('\n'))
}

function providerOf(run: Run, step: Exclude<Step, { kind: 'finish' | 'fail' }>): string {
  return routeEntry(run.plan, step.kind === 'submit' ? step.entry : step.attempt.entry).provider
}

export function routeEntry(plan: Plan, index: number): Plan['route'][number] {
  const entry = plan.route[index]
  if (entry === undefined) throw generationFailed({ type: 'NoProvider', message: `the plan has no entry ${index}` }, null)
  return entry
}
