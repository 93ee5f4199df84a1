// The logger of commands that run a service: on stderr, without secrets, and never across a progress line.
import type { Config } from '../config/config.ts'
import { secretsOf } from '../dev/secrets-of.ts'
import type { Logger, LogLevel } from '../observability/logger.ts'
import { createLogger } from '../observability/logger.ts'
import type { CliContext } from './context.ts'
import type { ProgressLine } from './render/progress.ts'

export interface ServiceLoggerOptions {
  config: Config
  name: string
  /** where the environment does not say; default: what the configuration says */
  quietLevel?: LogLevel
  progress?: ProgressLine
}

export function createServiceLogger({ stderr }: CliContext, options: ServiceLoggerOptions): Logger {
  const { config, name, quietLevel, progress } = options
  const isLevelSet = config.setVariables.includes('DARKROOM_LOG_LEVEL')
  return createLogger({
    name,
    level: isLevelSet || quietLevel === undefined ? config.log.level : quietLevel,
    secrets: secretsOf(config),
    format: stderr.isTTY === true ? 'line' : 'json',
    destination: {
      write: (line) => {
        progress?.clear()
        stderr.write(line)
      },
    },
  })
}
