// What `worker` and `gateway` read from the environment.
import { loadConfig } from '../config/config.ts'
import type { StandaloneOptions } from '../dev/standalone.ts'
import { plainTarget, readTemporalTarget } from '../temporal/connect.ts'
import type { CliContext } from './context.ts'
import { createServiceLogger } from './service-logger.ts'

/** Temporal's own default, as every Temporal program has it. */
const defaultTarget = { address: '127.0.0.1:7233', namespace: 'default' }

export function readStandaloneOptions(context: CliContext, name: string): StandaloneOptions {
  const config = loadConfig(context.env)
  const temporalTarget = readTemporalTarget(context.env) ?? plainTarget(defaultTarget.address, defaultTarget.namespace)
  return { config, temporalTarget, logger: createServiceLogger(context, { config, name }) }
}
