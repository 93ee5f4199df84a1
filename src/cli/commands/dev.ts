// darkroom dev: the whole service on this machine; stays up until it is told to stop.
import type { Command } from 'commander'
import type { EmbeddedService } from '../../dev/embedded-service.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { CliContext } from '../context.ts'
import { hasColours, writeLine } from '../context.ts'
import type { ExitCode } from '../errors.ts'
import { exitCodes } from '../errors.ts'
import { createPaint } from '../render/colours.ts'
import { renderJson } from '../render/json.ts'
import { createProgressLine } from '../render/progress.ts'
import { stayUp } from '../stay-up.ts'
import { stopRequested } from '../stop-requested.ts'
import type { CommandHost } from './command-host.ts'

export function addDevCommand(program: Command, host: CommandHost): void {
  program
    .command('dev')
    .description('run the whole service here: Temporal, ledger, workers, gateway, and the simulator when MOCK_AI=true')
    .option('--json', 'print where everything is as JSON')
    .action((flags: { json?: boolean }) => host.run((context) => dev(context, flags.json === true)))
}

async function dev(context: CliContext, isJson: boolean): Promise<ExitCode> {
  const [{ loadConfig }, { startEmbeddedService }, { readTemporalTarget }, { createServiceLogger }] = await Promise.all([
    import('../../config/config.ts'),
    import('../../dev/embedded-service.ts'),
    import('../../temporal/connect.ts'),
    import('../service-logger.ts'),
  ])
  const config = loadConfig(context.env)
  const progress = createProgressLine(context.stderr)
  const logger = createServiceLogger(context, { config, name: 'dev', progress })
  const stop = stopRequested(context)
  try {
    progress.show('starting Temporal, ledger, workers and gateway', performance.now())
    const service = await startEmbeddedService({
      config,
      temporalTarget: readTemporalTarget(context.env),
      logger,
      signal: stop.signal,
      onProgress: (line) => progress.show(line, performance.now()),
    }).finally(() => progress.clear())
    const { urls, addresses } = service
    if (isJson) writeLine(context.stdout, renderJson({ urls, addresses, mode: config.mockAi ? 'mock' : 'live' }))
    else writeLine(context.stdout, describePlaces(context, service, config.mockAi))
    return await stayUp(context, service, stop)
  } catch (error) {
    if (stop.signal.aborted) return exitCodes.interrupted
    throw error
  } finally {
    stop.stopListening()
  }
}

/** How one starts darkroom where this runs: from a checkout, or from an installed build. */
const ownCommand = import.meta.url.endsWith('.ts') ? 'npm run darkroom --' : 'darkroom'

export function describePlaces(context: CliContext, { urls, addresses }: EmbeddedService, isMock: boolean): string {
  const paint = createPaint(hasColours(context.stdout, context.env))
  const places: [name: string, place: string][] = [['Gateway', urls.gateway]]
  if (urls.temporalUi !== null) places.push(['Temporal UI', urls.temporalUi])
  places.push(['Temporal', `${addresses.temporal}, namespace ${addresses.namespace}`])
  if (urls.metrics !== null) places.push(['Metrics', urls.metrics])
  if (urls.simulator !== null) places.push(['Simulator', `${urls.simulator}/__simulator/`])
  places.push(['Data', addresses.dataFolder])
  const money = isMock ? 'simulated providers, no real money' : 'real providers, real money'
  return [
    `${paint.good('darkroom is up')} (${money})`,
    ...places.map(([name, place]) => `  ${paint.quiet(name.padEnd(12))} ${safeText(place, 500)}`),
    `Try: ${ownCommand} generate --url ${urls.gateway} "a red fox in the snow"`,
  ].join('\n')
}
