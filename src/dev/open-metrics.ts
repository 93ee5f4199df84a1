// Serves `/metrics` where the configuration names a port. Each process has a listener of its own: two on one machine need two ports.
import type { Config } from '../config/config.ts'
import type { Logger } from '../observability/logger.ts'
import { createMetricsListener } from '../observability/metrics-listener.ts'
import type { ComposedService } from './compose-service.ts'
import { reachableHost, toListenError } from './listen-gateway.ts'
import type { Teardown } from './teardown.ts'

export interface OpenMetricsOptions {
  composed: Pick<ComposedService, 'createMetrics'>
  config: Pick<Config, 'http' | 'metricsPort'>
  logger: Logger
  teardown: Teardown
}

/** Resolves with the address; null where no port is named. */
export async function openMetrics({ composed, config, logger, teardown }: OpenMetricsOptions): Promise<string | null> {
  const { metricsPort: port } = config
  if (port === null) return null
  const { host } = config.http
  const options = { metrics: composed.createMetrics(), host, port, logger: logger.child({ part: 'metrics' }) }
  const listener = await createMetricsListener(options).catch((error: unknown) => {
    throw toListenError(error, { what: 'metrics', variable: 'DARKROOM_METRICS_PORT', host, port })
  })
  await teardown.add('front', 'metrics', () => listener.close())
  const url = `http://${reachableHost(host)}:${listener.port}/metrics`
  logger.info({ url }, 'metrics are served')
  return url
}
