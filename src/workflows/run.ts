// What one execution carries from step to step.
import { CancellationScope, setCurrentDetails } from '@temporalio/workflow'
import { CancelledFailure } from '@temporalio/common'
import type { AttemptInput, Plan } from '../activities/types.ts'
import type { DecisionReport } from '../contract/index.ts'
import { decide, refusalForAll } from './decide.ts'
import type { Step } from './decide.ts'
import { generationFailed } from './failures.ts'
import { apply, attemptOf, committedUsd, listPriceUsd, newStory } from './state.ts'
import type { AttemptRecord, GenerationState, Share, StoryEvent } from './state.ts'
import type { Wakes } from './wakes.ts'

/** One story: that of the generation, or that of one of its items. */
export interface Run {
  generationId: string
  plan: Plan
  state: GenerationState
  wakes: Wakes
  decisions: DecisionReport[]
  /** attempts that were left behind and are looked after beside the story */
  watched: Watched
  /** the story of the generation, of an item's; null: this is it */
  whole: Run | null
  /** of the items, once there are any */
  items: Run[]
  /** what a submit that is running may be paying */
  submittingUsd: number
  /** number of the attempt whose picture is stored while the generation is still open; null: none */
  storedAttempt: number | null
}

export interface Watched {
  scope: CancellationScope
  running: Map<number, Promise<void>>
}

type Shared = Pick<Run, 'generationId' | 'plan' | 'wakes' | 'decisions'>

export function newRun(shared: Shared, deadlineAtMs: number, share: Partial<Share>, whole: Run | null): Run {
  const { generationId, plan, wakes, decisions } = shared
  const watched = { scope: new CancellationScope(), running: new Map<number, Promise<void>>() }
  const state = newStory({ route: plan.route, policy: plan.policy, deadlineAtMs }, share)
  return { generationId, plan, wakes, decisions, state, watched, whole, items: [], submittingUsd: 0, storedAttempt: null }
}

/** All stories of the generation, its own first. */
export function storiesOf(run: Run): Run[] {
  const whole = run.whole ?? run
  return [whole, ...whole.items]
}

/** Everything that happens goes through here. */
export function happen(run: Run, event: StoryEvent): void {
  run.state = apply(run.state, event, Date.now())
}

/** The caller's word counts: nothing new may be paid after it, and no failure that comes with it is the story's. */
export function stopIfCancelled(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('the generation was cancelled')
}

/** Decides with the other stories in mind, and writes it down. */
export function nextStep(run: Run): Step {
  const others = storiesOf(run).filter((story) => story !== run)
  if (others.length > 0) {
    const usd = others.reduce((sum, { state, submittingUsd }) => sum + committedUsd(state) + submittingUsd, 0)
    happen(run, { kind: 'elsewhere', usd, refusal: run.whole === null ? null : refusalForAll(run.whole.state) })
  }
  const step = decide(run.state, Date.now())
  // Before anything is awaited: the stories decide one after another, and each must see what the one before is about to spend.
  const isNew = step.kind === 'submit' && attemptOf(run.state, step.number) === undefined
  run.submittingUsd = isNew ? listPriceUsd(run.state, step.entry) : 0
  note(run, step)
  return step
}

/** The decision record: what was picked, and because of what. Shown live in Temporal's UI and stored with the result. */
function note(run: Run, step: Step): void {
  if (step.kind === 'finish') return
  const names = {
    submit: 'ask',
    queue: 'stand in line at',
    leave_line: 'leave the line at',
    await: 'wait for',
    listen: 'listen for',
    watch: 'wait on for',
    split: 'ask item by item:',
    store: 'store from',
    conclude: 'end with',
    fail: run.whole === null ? 'fail' : 'give up:',
  }
  const decision = `${itemPrefix(run)}${names[step.kind]} ${targetOf(run, step)}`
  run.decisions.push({ at: new Date(Date.now()).toISOString(), decision, because: step.because })
  setCurrentDetails(run.decisions.map((noted) => `- **${noted.decision}**: ${noted.because}`).join('\n'))
}

function targetOf(run: Run, step: Exclude<Step, { kind: 'finish' }>): string {
  switch (step.kind) {
    case 'fail':
      return step.failure.type
    case 'conclude':
      return 'what is stored'
    case 'submit':
    case 'split':
      return routeEntry(run.plan, step.entry).provider
    default:
      return routeEntry(run.plan, step.attempt.entry).provider
  }
}

/** In front of what is said of an item's story. */
export const itemPrefix = ({ whole, state }: Run): string => (whole === null ? '' : `item ${state.share.item}: `)

/** What every activity must be told of an attempt. */
export function attemptInput(
  { generationId, state }: Run,
  { number, entry }: Pick<AttemptRecord, 'number' | 'entry'>,
): AttemptInput {
  const { item, pictures } = state.share
  return { ref: { generationId, item, attempt: number }, entry, ...(pictures === 1 ? {} : { pictures }) }
}

export function routeEntry(plan: Plan, index: number): Plan['route'][number] {
  const entry = plan.route[index]
  if (entry === undefined) throw generationFailed({ type: 'NoProvider', message: `the plan has no entry ${index}` }, null)
  return entry
}
