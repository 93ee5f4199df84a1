import { Context } from '@temporalio/activity'

/** Four beats within the shortest heartbeat timeout we ever set (2 s, in tests); the SDK throttles what is too much. */
const heartbeatEveryMs = 500

/** Beats with `details` (read anew each time) while `run` runs. Heartbeats also bring cancellation to an activity. */
export async function withHeartbeat<T>(details: unknown, run: () => Promise<T>): Promise<T> {
  const context = Context.current()
  const pump = setInterval(() => context.heartbeat(details), heartbeatEveryMs)
  try {
    return await run()
  } finally {
    clearInterval(pump)
  }
}
