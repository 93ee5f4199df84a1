// The gateway in a process of its own, which may end around its calls to Temporal (`CRASH_AT`).
import { connectTemporal, plainTarget } from '../../../src/temporal/connect.ts'
import { createGateway } from '../../../src/gateway/create-gateway.ts'
import type { GenerationStarter } from '../../../src/gateway/generation-starter.ts'
import { createGenerationStarter } from '../../../src/gateway/generation-starter.ts'
import { createCrasher } from '../crash-points.ts'
import { composeChaosService, orEndWithoutTemporal, readOrders } from './compose.ts'

const input = readOrders()
const crashAt = createCrasher(process.env['CRASH_AT'])
const { composed } = composeChaosService(input, 'gateway')
const { client } = await orEndWithoutTemporal(connectTemporal(plainTarget(input.temporalAddress, input.temporalNamespace)))

/** K1, K2, K13, K14: right before and right after what cannot be undone. */
function withCrashPoints(starter: GenerationStarter): GenerationStarter {
  return {
    ...starter,
    start: async (...call) => {
      await crashAt('gateway.starting', null)
      const outcome = await starter.start(...call)
      await crashAt('gateway.started', null)
      return outcome
    },
    signalWake: async (...call) => {
      await crashAt('gateway.signalling', null)
      const outcome = await starter.signalWake(...call)
      await crashAt('gateway.signalled', null)
      return outcome
    },
  }
}

const app = await createGateway(composed.gatewayDeps(withCrashPoints(createGenerationStarter({ client }))))
await app.listen({ host: '127.0.0.1', port: input.gatewayPort })
process.on('disconnect', () => process.exit(0))
process.on('message', (message) => {
  if (message === 'stop') void app.close().then(() => process.exit(0))
})
process.send?.('ready')
