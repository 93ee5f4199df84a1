import { isGrpcServiceError } from '@temporalio/client'

/** The system's code of an error (`ENOENT`, `EADDRINUSE` …); null where there is none. */
export function errorCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}

/** What an error says, on one line. */
export function oneLine(error: unknown, maxLength = 200): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, maxLength)
}

/** The gRPC status of an error of a Temporal call; null for any other error. */
export function grpcStatus(error: unknown): number | null {
  return isGrpcServiceError(error) ? error.code : null
}
