// What the gateway may ask of Temporal, and its implementation over `@temporalio/client`. Every call ends within its deadline: without one
// the client retries by itself for about 19 s, longer than a provider waits for the answer to its callback.
import type { Client } from '@temporalio/client'
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client'
import {
  generateImageWorkflowName,
  mainTaskQueue,
  wakeSignal,
  type GenerationRequest,
  type Wake,
} from '../contract/index.ts'
import { safeText } from '../observability/safe-text.ts'

/** All methods reject with `TemporalUnavailableError` when the server cannot be reached, refuses us, or is too slow. */
export interface GenerationStarter {
  /** Idempotent by id, for ever: an id that has run once is never started again, whether it runs or has ended. */
  start(generationId: string, request: GenerationRequest): Promise<'started' | 'exists'>
  /** `closed`: there is no running workflow of this id (any more). */
  signalWake(generationId: string, wake: Wake): Promise<'signalled' | 'closed'>
  requestCancel(generationId: string): Promise<'requested' | 'closed' | 'unknown'>
  /** Resolves when the server answers for our namespace. */
  ping(): Promise<void>
}

/** The server gave no usable answer. What was asked may have been done all the same: a lost reply looks like a lost request. */
export class TemporalUnavailableError extends Error {
  override readonly name = 'TemporalUnavailableError'
}

export interface GenerationStarterOptions {
  client: Client
  /** for one call, the client's own retries included. Default 3 s: providers give a callback 15 s, and we may need two calls. */
  deadlineMs?: number
}

export function createGenerationStarter({ client, deadlineMs = 3_000 }: GenerationStarterOptions): GenerationStarter {
  /** The client's typed errors carry meaning; everything else (slow, down, no such namespace, no permission) is the same to a caller. */
  async function ask<T>(what: string, call: () => Promise<T>): Promise<T> {
    try {
      return await client.withDeadline(Date.now() + deadlineMs, call)
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError || error instanceof WorkflowNotFoundError) throw error
      throw new TemporalUnavailableError(`Temporal gave no answer to "${what}" within ${deadlineMs} ms`, { cause: error })
    }
  }

  async function isKnown(generationId: string): Promise<boolean> {
    try {
      await ask('describe', () => client.workflow.getHandle(generationId).describe())
      return true
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false
      throw error
    }
  }

  return {
    async start(generationId, request) {
      try {
        await ask('start', () =>
          client.workflow.start(generateImageWorkflowName, {
            workflowId: generationId,
            taskQueue: mainTaskQueue,
            args: [request],
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            // Not USE_EXISTING: both leave a running one alone, but only FAIL says that it was there.
            workflowIdConflictPolicy: 'FAIL',
            // in clear in Temporal's UI and never the prompt, which may be personal
            staticSummary: safeText(request.model, 100),
          }),
        )
        return 'started'
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return 'exists'
        throw error
      }
    },

    async signalWake(generationId, wake) {
      try {
        await ask('signal', () => client.workflow.getHandle(generationId).signal(wakeSignal, wake))
        return 'signalled'
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'closed'
        throw error
      }
    },

    async requestCancel(generationId) {
      try {
        await ask('cancel', () => client.workflow.getHandle(generationId).cancel())
        return 'requested'
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error
        // The server says "not found" of a closed workflow as well, and differs only in its wording.
        return (await isKnown(generationId)) ? 'closed' : 'unknown'
      }
    },

    async ping() {
      await ask('describe namespace', () =>
        client.workflowService.describeNamespace({ namespace: client.options.namespace }),
      )
    },
  }
}
