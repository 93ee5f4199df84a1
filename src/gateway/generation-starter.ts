// What the gateway may ask of Temporal, and its implementation over `@temporalio/client`. Every call ends within its deadline: without one
// the client retries by itself for about 19 s, longer than a provider waits for the answer to its callback.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import {
  isGrpcServiceError,
  NamespaceNotFoundError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client'
import {
  generateImageWorkflowName,
  mainTaskQueue,
  settlementId,
  wakeSignal,
  type GenerationRequest,
  type Wake,
} from '../contract/index.ts'
import { safeText } from '../observability/safe-text.ts'

/** All methods reject with `TemporalUnavailableError` when the server cannot be reached, refuses us, or is too slow. */
export interface GenerationStarter {
  /** Idempotent by id, for ever: an id that has run once is never started again, whether it runs or has ended. */
  start(generationId: string, request: GenerationRequest): Promise<'started' | 'exists'>
  /**
   * To the generation, or once it has ended to the settlement of the attempt (`settling`). `closed`: neither is running: settlement is
   * over, or was never needed, or is still to be started and will find the claim in the ledger.
   */
  signalWake(generationId: string, wake: Wake): Promise<'signalled' | 'settling' | 'closed'>
  requestCancel(generationId: string): Promise<'requested' | 'closed' | 'unknown'>
  /** Resolves when the server answers for our namespace. */
  ping(): Promise<void>
  /** Resolves when no call is on its way any more. Only then may the connection be closed: a call that is being repeated would throw out of a timer. */
  settled(): Promise<void>
}

/** The server gave no usable answer. What was asked may have been done all the same: a lost reply looks like a lost request. */
export class TemporalUnavailableError extends Error {
  override readonly name = 'TemporalUnavailableError'
}

/** What the server calls a workflow that has not ended. */
const openStatuses: ReadonlySet<string> = new Set(['RUNNING', 'PAUSED'])

export interface GenerationStarterOptions {
  client: Client
  /** for one call, the client's own retries included. Default 3 s: providers give a callback 15 s, and we may need two calls. */
  deadlineMs?: number
}

export function createGenerationStarter({ client, deadlineMs = 3_000 }: GenerationStarterOptions): GenerationStarter {
  const pending = new Set<Promise<unknown>>()

  /** Slow, down, no such namespace, no permission: all the same to whoever asks. "Not found" and "exists" are answers; the rest is a bug. */
  async function ask<T>(what: string, call: () => Promise<T>): Promise<T> {
    const answered = new AbortController()
    // Measured: the client cuts its calls at the deadline but not the pauses between them, and ends up to two seconds late.
    const tooLate = sleep(deadlineMs, undefined, { signal: answered.signal }).then(() => {
      throw new TemporalUnavailableError(`"${what}" got no answer from Temporal within ${deadlineMs} ms`)
    })
    const running = client.withDeadline(Date.now() + deadlineMs, call)
    pending.add(running)
    try {
      return await Promise.race([running, tooLate])
    } catch (error) {
      if (!(error instanceof ServiceError || error instanceof NamespaceNotFoundError || isGrpcServiceError(error))) throw error
      throw new TemporalUnavailableError(`"${what}" got no usable answer from Temporal`, { cause: error })
    } finally {
      answered.abort()
      void running.catch(() => undefined).finally(() => pending.delete(running))
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
      const { item, attempt } = wake
      for (const [workflowId, outcome] of [
        [generationId, 'signalled'],
        [settlementId({ generationId, item, attempt }), 'settling'],
      ] as const) {
        const handle = client.workflow.getHandle(workflowId)
        const signalled = await ask('signal', () => handle.signal(wakeSignal, wake).then(() => true)).catch(nullWhenNotFound)
        if (signalled !== null) return outcome
      }
      return 'closed'
    },

    async requestCancel(generationId) {
      const handle = client.workflow.getHandle(generationId)
      // Seen on a real server: it accepts the cancellation of a workflow that has ended long ago.
      const description = await ask('describe', () => handle.describe()).catch(nullWhenNotFound)
      if (description === null) return 'unknown'
      if (!openStatuses.has(description.status.name)) return 'closed'
      const requested = await ask('cancel', () => handle.cancel()).catch(nullWhenNotFound)
      return requested === null ? 'closed' : 'requested'
    },

    async ping() {
      await ask('describe namespace', () => client.workflowService.describeNamespace({ namespace: client.options.namespace }))
    },

    async settled() {
      while (pending.size > 0) await Promise.allSettled(pending)
    },
  }
}

function nullWhenNotFound(error: unknown): null {
  if (error instanceof WorkflowNotFoundError) return null
  throw error
}
