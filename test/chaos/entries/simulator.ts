// Both providers in a process of their own: what they remember is the fourth record, so this process is never killed.
import type { SimulatorOptions } from '../../../src/simulator/options.ts'
import { startSimulator } from '../../../src/simulator/simulator.ts'

function isOptions(value: unknown): value is SimulatorOptions {
  return typeof value === 'object' && value !== null
}

const options: unknown = JSON.parse(process.env['CHAOS_ORDERS'] ?? 'null')
if (!isOptions(options)) throw new Error('CHAOS_ORDERS holds no orders')
const { url } = await startSimulator(options)
process.on('disconnect', () => process.exit(0))
process.on('message', (message) => {
  if (message === 'stop') process.exit(0)
})
process.send?.({ url })
process.send?.('ready')
