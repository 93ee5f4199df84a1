// Reading failures inside a workflow, and the one way out.
import { ActivityFailure, ApplicationFailure, TemporalFailure, TimeoutFailure } from '@temporalio/common'
import type { Generation, RefusalReason } from '../contract/index.ts'
import type { Failure } from './decide.ts'

/** The `ApplicationFailure` an activity threw. A regular activity wraps it in `ActivityFailure`, a local one does not. */
export function applicationFailureOf(error: unknown): ApplicationFailure | null {
  if (error instanceof ApplicationFailure) return error
  if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) return error.cause
  return null
}

/** The reason and message that an activity put into its failure's details. */
export function refusalOf(failure: ApplicationFailure): { reason: RefusalReason; message: string } {
  const detail = (failure.details?.[0] ?? {}) as { reason?: RefusalReason; message?: string }
  return { reason: detail.reason ?? 'no_answer', message: detail.message ?? failure.message }
}

/** The task id in the last heartbeat of a submit that timed out, if it had come that far. */
export function lastKnownTaskId(error: unknown): string | null {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof TimeoutFailure)) return null
  const details: unknown = error.cause.lastHeartbeatDetails
  const known = typeof details === 'object' && details !== null && 'providerTaskId' in details ? details.providerTaskId : null
  return typeof known === 'string' ? known : null
}

/** One sentence for whatever an activity ended with. */
export function sentenceOf(error: unknown): string {
  const application = applicationFailureOf(error)
  if (application !== null) return application.message
  if (error instanceof TemporalFailure && error.cause instanceof Error) return error.cause.message
  return error instanceof Error ? error.message : String(error)
}

/** How a failed generation leaves the workflow: never retried, with the whole report as detail where there is one. */
export function generationFailed(failure: Failure, generation: Generation | null): ApplicationFailure {
  return ApplicationFailure.create({
    type: failure.type,
    message: failure.message,
    nonRetryable: true,
    details: generation === null ? [] : [generation],
  })
}
