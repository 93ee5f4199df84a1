// darkroom demo: everything on this machine, two pictures, and what happened to them.
import { relative } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../../config/config.ts'
import type { Generation, GenerationRequest, ImageReport } from '../../contract/index.ts'
import type { EmbeddedService } from '../../dev/embedded-service.ts'
import type { CliContext } from '../context.ts'
import { columnsOf, hasColours, writeLine } from '../context.ts'
import { choosePayment } from '../demo-payment.ts'
import type { ExitCode } from '../errors.ts'
import { exitCodes } from '../errors.ts'
import { followGeneration, hasEnded } from '../follow-generation.ts'
import { createGatewayClient } from '../gateway-client.ts'
import { defaultColumns } from '../print-generation.ts'
import { createPaint } from '../render/colours.ts'
import { renderGeneration } from '../render/generation.ts'
import { renderJson } from '../render/json.ts'
import type { ProgressLine } from '../render/progress.ts'
import { createProgressLine } from '../render/progress.ts'
import { readRequest } from '../request-options.ts'
import { stayUp } from '../stay-up.ts'
import type { StopRequest } from '../stop-requested.ts'
import { stopRequested } from '../stop-requested.ts'
import type { CommandHost } from './command-host.ts'
import { describePlaces } from './dev.ts'

interface DemoFlags {
  model?: string
  keep?: boolean
  json?: boolean
  yes?: boolean
}

export function addDemoCommand(program: Command, host: CommandHost): void {
  program
    .command('demo')
    .description('start everything, make a picture, then another one whose first provider refuses')
    .argument('[prompt...]', 'what to make (default: a red fox in the snow)')
    .option('-m, --model <name>', 'model or alias')
    .option('--keep', 'leave everything running afterwards')
    .option('--json', 'print one JSON document and nothing else on stdout')
    .option('--yes', 'with real keys: spend the money')
    .action((prompt: string[], flags: DemoFlags) => host.run((context) => demo(context, prompt, flags)))
}

async function demo(context: CliContext, words: string[], flags: DemoFlags): Promise<ExitCode> {
  const { loadConfig } = await import('../../config/config.ts')
  const prompt = words.length === 0 ? ['a', 'red', 'fox', 'in', 'the', 'snow'] : words
  const request = await readRequest(prompt, flags.model === undefined ? {} : { model: flags.model })
  const config = chooseDemoPort(choosePayment(context, loadConfig(context.env), request, flags.yes === true))
  const stop = stopRequested(context)
  try {
    return await runDemo(context, { config, request, flags, stop })
  } catch (error) {
    if (stop.signal.aborted) return exitCodes.interrupted
    throw error
  } finally {
    stop.stopListening()
  }
}

/**
 * A demo must not fail because something else has port 8080. Whoever set a port wants that one, and a public address leads to one port
 * only: callbacks to any other would be lost. The simulator is told the port that it became.
 */
export function chooseDemoPort(config: Config): Config {
  const isWanted = config.setVariables.includes('DARKROOM_HTTP_PORT')
  const leadsHere = config.publicUrl !== null && !config.mockAi
  return isWanted || leadsHere ? config : { ...config, http: { ...config.http, port: 0 } }
}

interface Demo {
  config: Config
  request: GenerationRequest
  flags: DemoFlags
  stop: StopRequest
}

async function runDemo(context: CliContext, { config, request, flags, stop }: Demo): Promise<ExitCode> {
  const [{ startEmbeddedService }, { readTemporalTarget }, { createServiceLogger }] = await Promise.all([
    import('../../dev/embedded-service.ts'),
    import('../../temporal/connect.ts'),
    import('../service-logger.ts'),
  ])
  const progress = createProgressLine(context.stderr)
  progress.show('starting Temporal, ledger, workers and gateway', performance.now())
  const service = await startEmbeddedService({
    config,
    temporalTarget: readTemporalTarget(context.env),
    logger: createServiceLogger(context, { config, name: 'demo', quietLevel: 'warn', progress }),
    overrides: { temporalPorts: 'free' },
    signal: stop.signal,
    onProgress: (line) => progress.show(line, performance.now()),
  }).finally(() => progress.clear())
  try {
    const generations = await makePictures(context, { service, request, flags, stop, progress })
    if (stop.signal.aborted) return exitCodes.interrupted
    if (flags.json === true) writeLine(context.stdout, renderJson({ generations }))
    const result = generations.every(({ status }) => status === 'completed') ? exitCodes.done : exitCodes.failed
    if (flags.keep !== true) return result
    writeLine(context.stderr, describePlaces({ ...context, stdout: context.stderr }, service, config.mockAi))
    await stayUp(context, service, stop)
    return result
  } finally {
    if (flags.keep !== true) progress.show('stopping')
    await service.stop()
    progress.clear()
  }
}

interface Making extends Omit<Demo, 'config'> {
  service: EmbeddedService
  progress: ProgressLine
}

async function makePictures(context: CliContext, making: Making): Promise<Generation[]> {
  const { service, stop } = making
  const { simulator } = service
  const total = simulator === null ? 1 : 2
  const first = await makePicture(context, making, `picture 1 of ${total}`)
  if (simulator === null || stop.signal.aborted) return [first]
  // Kie refuses until its retries are exhausted. It says "in one second" each time, so that nobody has to wait for the longer
  // pauses that grow between retries otherwise.
  const rule = simulator.addFault({ provider: 'kie', on: 'submit', fault: 'code_429', retryAfterSeconds: 1 })
  try {
    return [first, await makePicture(context, making, `picture 2 of ${total}, Kie made to refuse`)]
  } finally {
    await simulator.removeFault(rule)
  }
}

async function makePicture(context: CliContext, making: Making, prefix: string): Promise<Generation> {
  const { service, request, flags, stop, progress } = making
  const gateway = createGatewayClient(service.urls.gateway)
  // The demo shows Kie first, whatever AI_PROVIDER says; with real keys the order is the owner's.
  const route = service.simulator === null ? {} : { route: { providers: ['kie' as const, 'defapi' as const] } }
  const accepted = await gateway.create({ ...request, ...route }, null)
  const generation = await followGeneration(accepted, { gateway, progress, signal: stop.signal, prefix })
  if (flags.json !== true && hasEnded(generation)) printDemoGeneration(context, service, generation)
  return generation
}

function printDemoGeneration(context: CliContext, service: EmbeddedService, generation: Generation): void {
  const { stdout, env } = context
  const view = {
    paint: createPaint(hasColours(stdout, env)),
    columns: columnsOf(stdout, defaultColumns),
    locate: (image: ImageReport) => shortPath(service.locateImage(image)) ?? image.url,
  }
  writeLine(stdout, `${renderGeneration(generation, view)}\n`)
}

/** As one would type it from here, when it is below. */
function shortPath(path: string | null): string | null {
  if (path === null) return null
  const fromHere = relative(process.cwd(), path)
  return fromHere.startsWith('..') ? path : fromHere
}
