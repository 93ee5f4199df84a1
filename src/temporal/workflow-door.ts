// What activities may ask of Temporal itself. They know an interface; the connection of their own worker stands behind it.
import { Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client'
import type { ConnectionLike } from '@temporalio/client'
import { mainTaskQueue, settleAttemptWorkflowName, settlementId } from '../contract/index.ts'

/** Names the attempt; the rest is the workflow's own business. */
interface SettlementRequest {
  ref: { generationId: string; item: number; attempt: number }
}

export interface TemporalDoor<Input extends SettlementRequest> {
  startSettlement(input: Input): Promise<'started' | 'exists'>
  statusOf(generationId: string): Promise<'running' | 'closed' | 'gone'>
}

/** What the server calls a workflow that has not ended. */
const openStatuses: ReadonlySet<string> = new Set(['RUNNING', 'PAUSED'])

export function createWorkflowDoor<Input extends SettlementRequest>(
  connection: ConnectionLike,
  namespace: string,
): TemporalDoor<Input> {
  const client = new Client({ connection, namespace })
  return {
    async startSettlement(input) {
      try {
        await client.workflow.start(settleAttemptWorkflowName, {
          workflowId: settlementId(input.ref),
          taskQueue: mainTaskQueue,
          args: [input],
          // One that has ended may be needed again: a callback can name another task much later.
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowIdConflictPolicy: 'FAIL',
          staticSummary: `settle attempt ${input.ref.attempt} of ${input.ref.generationId}`,
        })
        return 'started'
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return 'exists'
        throw error
      }
    },

    async statusOf(generationId) {
      try {
        const { status } = await client.workflow.getHandle(generationId).describe()
        return openStatuses.has(status.name) ? 'running' : 'closed'
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'gone'
        throw error
      }
    },
  }
}
