// Every worker that starts sees to it that somebody looks for what was left behind: now, and on a schedule.
import { Client } from '@temporalio/client'
import type { ConnectionLike } from '@temporalio/client'
import type { Logger } from '../observability/logger.ts'
import type { ScheduleTimings } from '../temporal/schedules.ts'
import { ensureSchedules, startFirstSweep } from '../temporal/schedules.ts'
import type { Teardown } from './teardown.ts'

export interface SweepingOptions {
  connection: ConnectionLike
  namespace: string
  timings: ScheduleTimings
  logger: Logger
  teardown: Teardown
}

/** Nobody waits for it, and a server that does not let us only costs a line in the log: pictures come before bookkeeping. */
export async function startSweeping({ connection, namespace, timings, logger, teardown }: SweepingOptions): Promise<void> {
  const client = new Client({ connection, namespace })
  const started = sweepAndSchedule(client, timings, logger)
  // Its calls end before the connection does.
  await teardown.add('workers', 'start of the sweeper', () => started)
}

async function sweepAndSchedule(client: Client, timings: ScheduleTimings, logger: Logger): Promise<void> {
  try {
    await startFirstSweep(client)
    logger.debug(await ensureSchedules(client, timings), 'schedules looked after')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    logger.warn({ why }, 'the sweeper could not be started; `darkroom reconcile --repair` does the same by hand')
  }
}
