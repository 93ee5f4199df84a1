// Temporal's native runtime, of which a process has exactly one: its logs go through our logger, and signals stay ours.
import type { LogLevel, LogMetadata, Logger as TemporalLogger } from '@temporalio/common'
import { ApplicationFailure } from '@temporalio/common'
import { Runtime } from '@temporalio/worker'
import { activityFailure } from '../contract/index.ts'
import type { Logger } from '../observability/logger.ts'

let isInstalled = false

/** Must come before the first worker or native connection of the process. Later calls change nothing. */
export function installTemporalRuntime(logger: Logger): void {
  if (isInstalled) return
  isInstalled = true
  Runtime.install({
    logger: toTemporalLogger(logger),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    // Only cli and dev touch signals: the gateway must stop accepting before workers drain, and the ledger closes last.
    shutdownSignals: [],
  })
}

const levels: Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
}

/** Said at every start of a worker that is for activities only: that is what ours are. */
const expectedWarning = /^No (workflows|activities) registered, not polling/

/** With these an activity answers its workflow: a refusal, "later", "not yet". Nothing is wrong with the worker. */
const expectedFailures: ReadonlySet<unknown> = new Set(Object.values(activityFailure))

/** What workflows and activities log keeps its level; the SDK's own chatter starts at WARN. */
export function toTemporalLogger(logger: Logger): TemporalLogger {
  const log = (level: LogLevel, message: string, meta: LogMetadata = {}): void => {
    const { error, ...fields } = meta
    const isOurs = meta['sdkComponent'] === 'workflow' || meta['sdkComponent'] === 'activity'
    if (error instanceof ApplicationFailure && expectedFailures.has(error.type)) {
      const { activityType, workflowId, attempt } = fields
      logger.info({ activityType, workflowId, attempt, type: error.type, why: error.message }, 'an activity said no')
      return
    }
    if (!isOurs && ((level !== 'WARN' && level !== 'ERROR') || expectedWarning.test(message))) return
    logger[levels[level]]({ ...fields, ...(error === undefined ? {} : { err: error }) }, message)
  }
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  }
}
