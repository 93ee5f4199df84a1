// What a generation leaves open when it ends gets somebody who looks after it: one child per attempt, which outlives its parent.
import { ChildWorkflowCancellationType, ParentClosePolicy, startChild } from '@temporalio/workflow'
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import type { SettlementInput } from '../activities/types.ts'
import type { AttemptReport, Generation } from '../contract/index.ts'
import { settleAttemptWorkflowName, settlementId } from '../contract/index.ts'
import { attemptInput, routeEntry, storiesOf } from './run.ts'
import type { Run } from './run.ts'
import { attemptOf } from './state.ts'
import type { AttemptRecord } from './state.ts'

/** Awaits each start: a parent that ends first would take an unstarted child along. */
export async function startSettlements(run: Run, closed: Generation): Promise<void> {
  for (const report of closed.attempts) {
    if (isOwing(report)) await startSettlement(run, report)
  }
}

/** Left open, or its callbacks named tasks that nobody has looked up. */
function isOwing({ state, openClaims, extraTasks }: AttemptReport): boolean {
  return state === 'abandoned' || openClaims > 0 || extraTasks.some(({ verdict }) => verdict === null)
}

async function startSettlement(run: Run, report: AttemptReport): Promise<void> {
  const { item, number } = report
  const found = storyAndAttempt(run, report)
  // A row of an earlier run, which this one has not come to (a reset): the sweeper finds it.
  if (found === null) return
  const { story, record } = found
  const input: SettlementInput = {
    ...attemptInput(story, record),
    queryQueue: routeEntry(run.plan, record.entry).queryQueue,
    limits: run.plan.limits,
    keepSpares: run.plan.policy.keepSpares,
  }
  try {
    await startChild(settleAttemptWorkflowName, {
      workflowId: settlementId(input.ref),
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      // Cancelling a generation must not end the look after its money.
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      staticSummary: `settle ${item === 0 ? '' : `item ${item}, `}attempt ${number} of ${run.generationId}`,
    })
  } catch (error) {
    // The sweeper was quicker.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
  }
}

/** A task for all pictures and the first item have the same item number, and no attempt number in common. */
function storyAndAttempt(run: Run, { item, number }: AttemptReport): { story: Run; record: AttemptRecord } | null {
  for (const story of storiesOf(run)) {
    const record = story.state.share.item === item ? attemptOf(story.state, number) : undefined
    if (record !== undefined) return { story, record }
  }
  return null
}
