// The story of one generation. Every branch is in decide.ts, every change in state.ts; here is only what each step does.
import { CancellationScope, isCancellation, setHandler, workflowInfo } from '@temporalio/workflow'
import { CancelledFailure } from '@temporalio/common'
import type { PlanInput } from '../activities/types.ts'
import type { DecisionReport, Generation, GenerationRequest, LiveView } from '../contract/index.ts'
import { statusQuery, wakeSignal } from '../contract/index.ts'
import { bookkeeping, planLocally, storing } from './activity-options.ts'
import { closeCancelled, closingOf, endFailed, endUnfetched, endWithItems, resultOf } from './close.ts'
import type { Step } from './decide.ts'
import { applicationFailureOf, sentenceOf } from './failures.ts'
import { askItemByItem } from './items.ts'
import { liveView } from './live-view.ts'
import { attemptInput, happen, newRun, nextStep, stopIfCancelled } from './run.ts'
import type { Run } from './run.ts'
import { startSettlements } from './settlements.ts'
import { takeStep } from './steps.ts'
import { stopWatching } from './watch.ts'
import { createWakes } from './wakes.ts'

type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>

/**
 * One picture, or several of one request, from request to stored file. The workflow id is the generation id.
 * Ends with the generation, or fails with an `ApplicationFailure` whose type is a `FailureType` and whose first detail is the generation.
 */
export async function GenerateImage(request: GenerationRequest): Promise<Generation> {
  const generationId = workflowInfo().workflowId
  const startedAtMs = Date.now()
  const wakes = createWakes()
  const decisions: DecisionReport[] = []
  let run: Run | null = null
  // Before the first await: a callback may come sooner than the submit's reply.
  setHandler(wakeSignal, wakes.receive)
  setHandler(statusQuery, (): LiveView => liveView(run, decisions, wakes.total()))

  try {
    const plan = await makePlan({ generationId, request, startedAtMs })
    // By the clock of the workflow, like every later decision.
    decisions.push(...plan.decisions.map((decision) => ({ ...decision, at: new Date(Date.now()).toISOString() })))
    // As it was recorded: where planning took longer than one workflow task, a replay makes one of the two and reads a later clock above.
    const deadlineAtMs = (plan.startedAtMs ?? startedAtMs) + plan.deadlineMs
    run = newRun({ generationId, plan, wakes, decisions }, deadlineAtMs, { pictures: plan.count ?? 1 }, null)
    return await tellStory(run)
  } catch (error) {
    // A run of an activity that fails while a cancel waits for it is not tried again: the caller's word counts, not that failure.
    const isCancelled = isCancellation(error) || (run === null && CancellationScope.current().consideredCancelled)
    if (!isCancelled) throw error
    const closed = await closeCancelled(generationId, run)
    // The pictures may have been stored while the cancel was on its way: then the generation is completed, and stays so (I2).
    if (closed?.status === 'completed') return closed
    throw isCancellation(error) ? error : new CancelledFailure('the generation was cancelled')
  }
}

async function tellStory(run: Run): Promise<Generation> {
  for (;;) {
    // A submit that was running when the cancel came has been booked; nothing new may be paid now.
    stopIfCancelled()
    const step = nextStep(run)
    switch (step.kind) {
      case 'split':
        await askItemByItem(run, step)
        break
      case 'store':
        await storeImages(run, step)
        break
      case 'conclude':
        return endWithItems(run, step.served)
      case 'finish':
        return finish(run, step.generation)
      case 'fail':
        return endFailed(run, step.failure)
      default:
        await takeStep(run, step)
    }
  }
}

/** After a reset the row may say that the generation had ended otherwise before: that end stays (I2). */
async function finish(run: Run, generation: Generation): Promise<Generation> {
  await stopWatching(run)
  await CancellationScope.nonCancellable(() => startSettlements(run, generation))
  return resultOf(generation)
}

async function makePlan(input: PlanInput): Promise<Run['plan']> {
  try {
    try {
      return await planLocally('plan the route').planGeneration(input)
    } catch (error) {
      // The SDK cancels what a worker does locally when it drops a workflow from its cache: that is not the caller's word.
      const isCancelled = isCancellation(error) && CancellationScope.current().consideredCancelled
      if (isCancelled || applicationFailureOf(error)?.nonRetryable === true) throw error
      return await bookkeeping('plan the route once the ledger answers').planGeneration(input)
    }
  } catch (error) {
    const failure = applicationFailureOf(error)
    // Unwrapped, so that callers see `InvalidRequest` and the like as the type of the workflow's failure.
    throw failure ?? error
  }
}

async function storeImages(run: Run, { attempt }: StepOf<'store'>): Promise<void> {
  const { plan, state } = run
  const closing = closingOf(run, 'completed', null, { item: 0, number: attempt.number, entry: attempt.entry })
  const input = { ...attemptInput(run, attempt), closing }
  const what = state.share.pictures === 1 ? 'picture' : 'pictures'
  const store = async (untilDeadlineMs: number, partial: boolean): Promise<Generation> =>
    storing(plan.limits, untilDeadlineMs, `fetch and store the ${what} of attempt ${attempt.number}`).storeImages(
      partial ? { ...input, partial } : input,
    )
  const untilDeadlineMs = state.deadlineAtMs - Date.now()
  try {
    const asked = store(untilDeadlineMs, false)
    // Of several, those that can be had are kept: one more run, in which the others are left out.
    const generation = await (state.share.pictures === 1 ? asked : asked.catch(orPartial(() => store(0, true))))
    happen(run, { kind: 'stored', generation })
  } catch (error) {
    if (isCancellation(error)) throw error
    // A run that fails while a cancel waits for it is not tried again: the caller's word counts, not the failure.
    stopIfCancelled()
    // The provider has the picture and was paid: asking another one would pay twice for one picture.
    const failure = { type: 'ResultUnavailable' as const, message: sentenceOf(error) }
    happen(run, { kind: 'stored', generation: await endUnfetched(run, failure) })
  }
}

function orPartial(store: () => Promise<Generation>) {
  return async (error: unknown): Promise<Generation> => {
    if (isCancellation(error) || CancellationScope.current().consideredCancelled) throw error
    return store()
  }
}
