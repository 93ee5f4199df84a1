// What one execution carries from step to step.
import { setCurrentDetails } from '@temporalio/workflow'
import type { CancellationScope } from '@temporalio/workflow'
import type { Plan } from '../activities/types.ts'
import type { DecisionReport } from '../contract/index.ts'
import type { Step } from './decide.ts'
import { generationFailed } from './failures.ts'
import { apply } from './state.ts'
import type { GenerationState, StoryEvent } from './state.ts'
import type { Wakes } from './wakes.ts'

export interface Run {
  generationId: string
  plan: Plan
  state: GenerationState
  wakes: Wakes
  decisions: DecisionReport[]
  /** attempts that were left behind and are looked after beside the story */
  watched: Watched
}

export interface Watched {
  scope: CancellationScope
  running: Map<number, Promise<void>>
}

/** Everything that happens goes through here. */
export function happen(run: Run, event: StoryEvent): void {
  run.state = apply(run.state, event, Date.now())
}

/** The decision record: what was picked, and because of what. Shown live in Temporal's UI and stored with the result. */
export function note(run: Run, step: Step): void {
  if (step.kind === 'finish') return
  const names = {
    submit: 'ask',
    queue: 'stand in line at',
    leave_line: 'leave the line at',
    await: 'wait for',
    listen: 'listen for',
    watch: 'wait on for',
    store: 'store from',
    fail: 'fail',
  }
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
