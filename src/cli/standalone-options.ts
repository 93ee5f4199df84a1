// What `worker` and `gateway` read from the environment.
import { loadConfig } from '../config/config.ts'
import type { StandaloneOptions } from '../dev/standalone.ts'
import type { TemporalTarget } from '../temporal/connect.ts'
import { plainTarget, readTemporalTarget } from '../temporal/connect.ts'
import type { CliContext } from './context.ts'
import { createServiceLogger } from './service-logger.ts'

/** Temporal's own default, as every Temporal program has it. */
const defaultTarget = { address: '127.0.0.1:7233', namespace: 'default' }

export function readStandaloneOptions(context: CliContext, name: string): StandaloneOptions {
  const config = loadConfig(context.env)
  return { config, temporalTarget: readTarget(context), logger: createServiceLogger(context, { config, name }) }
}

/** What TEMPORAL_* says, else where a server on this machine usually is, that of `darkroom dev` included. */
export function readTarget({ env }: CliContext): TemporalTarget {
  return readTemporalTarget(env) ?? plainTarget(defaultTarget.address, defaultTarget.namespace)
}
