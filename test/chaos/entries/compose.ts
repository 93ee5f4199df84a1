// The same composition in the gateway's process and in the workers': real parts, the simulator as both providers, and secrets that can be
// looked for afterwards (I6).
import { join } from 'node:path'
import type { PointReached } from '../../../src/activities/deps.ts'
import { exitCodes } from '../../../src/cli/errors.ts'
import { loadConfig } from '../../../src/config/config.ts'
import type { Config } from '../../../src/config/config.ts'
import { Secret } from '../../../src/config/secret.ts'
import { composeService, openLedger } from '../../../src/dev/compose-service.ts'
import type { ComposedService } from '../../../src/dev/compose-service.ts'
import { withSimulator } from '../../../src/dev/mock-providers.ts'
import type { Logger } from '../../../src/observability/logger.ts'
import { createLogger } from '../../../src/observability/logger.ts'
import { createFileStore } from '../../../src/storage/file-store.ts'
import { TemporalUnreachableError } from '../../../src/temporal/connect.ts'
import type { ServiceInput } from '../service-input.ts'

export function composeChaosService(
  input: ServiceInput,
  name: string,
  pointReached?: PointReached,
): { composed: ComposedService; logger: Logger } {
  const config = withCanaries(withSimulator(loadConfig(input.env), input.simulator), input)
  const logger = createLogger({ level: 'debug', name })
  const composed = composeService({
    config,
    ledger: openLedger(input.ledger, null),
    store: createFileStore({ folder: join(config.dataFolder, 'images') }),
    logger,
    callbackSecret: input.callbackSecret,
    temporalUi: null,
    ...(pointReached === undefined ? {} : { pointReached }),
  })
  return { composed, logger }
}

/** Keys that are nobody's, known to the simulator and to the checker. */
function withCanaries(config: Config, { kieKey, defapiKey, webhookHmacKey }: ServiceInput): Config {
  const { kie, defapi } = config.providers
  return {
    ...config,
    providers: {
      ...config.providers,
      kie: {
        ...kie,
        accounts: [{ name: 'default', apiKey: new Secret(kieKey) }],
        webhookHmacKeys: [new Secret(webhookHmacKey)],
      },
      defapi: { ...defapi, accounts: [{ name: 'default', apiKey: new Secret(defapiKey) }] },
    },
  }
}

/**
 * Starting while Temporal is being killed ends the process, as the product's commands do, with the same code; whoever keeps it starts it again.
 * Anything else that goes wrong at the start is a crash.
 */
export async function orEndWithoutTemporal<T>(starting: Promise<T>): Promise<T> {
  try {
    return await starting
  } catch (error) {
    if (!(error instanceof TemporalUnreachableError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(exitCodes.notReachable)
  }
}

export function readOrders(): ServiceInput {
  const orders: unknown = JSON.parse(process.env['CHAOS_ORDERS'] ?? 'null')
  if (!isServiceInput(orders)) throw new Error('CHAOS_ORDERS holds no orders')
  return orders
}

function isServiceInput(value: unknown): value is ServiceInput {
  return typeof value === 'object' && value !== null && 'callbackSecret' in value && 'temporalAddress' in value
}
