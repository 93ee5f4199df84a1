// darkroom simulate: the provider simulator alone, for a service that is started elsewhere.
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import type { FaultRule } from '../../simulator/faults/rule.ts'
import type { CliContext } from '../context.ts'
import { writeLine } from '../context.ts'
import type { ExitCode } from '../errors.ts'
import { CliError, exitCodes } from '../errors.ts'
import { renderJson } from '../render/json.ts'
import { parseInteger } from '../request-options.ts'
import { stopRequested } from '../stop-requested.ts'
import type { CommandHost } from './command-host.ts'

interface SimulateFlags {
  host: string
  port: number
  seed?: number
  pictureMs?: { minMs: number; maxMs: number }
  fault: string[]
  faultPlan?: string
  limits?: boolean
  temperament?: 'alike' | 'drawn'
  json?: boolean
}

export function addSimulateCommand(program: Command, host: CommandHost): void {
  program
    .command('simulate')
    .description('run the provider simulator alone: stands for Kie and DefAPI, costs nothing, fails as it is told')
    .option('--host <address>', 'where it listens', '127.0.0.1')
    .option('--port <number>', 'of its control address; the next four are used, too (default: free ones)', parseInteger, 0)
    .option('--seed <number>', 'the same seed gives the same pictures, durations and accidents', parseInteger)
    .option('--picture-ms <ms>', 'how long a picture takes, as 1000 or 800-2500', parseRange)
    .option(
      '--fault <rule>',
      "such as 'kie:submit:code_429 times=3'; may be repeated",
      (value, earlier: string[]) => [...earlier, value],
      [],
    )
    .option('--fault-plan <file>', 'a JSON list of rules')
    .option('--limits', "refuse what is over Kie's documented limits: 20 new tasks in 10 s and 10 queries a second per key")
    .addOption(
      new Option('--temperament <kind>', 'drawn: the seed says how quick and reliable each provider is').choices([
        'alike',
        'drawn',
      ]),
    )
    .option('--json', 'print where it listens as JSON')
    .action((flags: SimulateFlags) => host.run((context) => simulate(context, flags)))
}

async function simulate(context: CliContext, flags: SimulateFlags): Promise<ExitCode> {
  const [{ startSimulator }, { documentedRateLimit }] = await Promise.all([
    import('../../simulator/simulator.ts'),
    import('../../simulator/options.ts'),
  ])
  const faults = await readFaults(flags)
  const stop = stopRequested(context)
  try {
    const simulator = await startSimulator({
      host: flags.host,
      port: flags.port,
      faults,
      rateLimit: flags.limits === true ? documentedRateLimit : null,
      ...(flags.seed === undefined ? {} : { seed: flags.seed }),
      ...(flags.pictureMs === undefined ? {} : { pictureMs: flags.pictureMs }),
      ...(flags.temperament === undefined ? {} : { temperament: flags.temperament }),
    }).catch((error: unknown) => {
      throw toListenError(error, flags)
    })
    const { url, kieUrl, kieUploadUrl, defapiUrl, filesUrl, seed } = simulator
    if (flags.json === true) writeLine(context.stdout, renderJson({ url, kieUrl, kieUploadUrl, defapiUrl, filesUrl, seed }))
    else {
      writeLine(
        context.stdout,
        `# The simulator runs (seed ${seed}); control: ${url}/__simulator/. A service that shall use it needs:`,
      )
      writeLine(context.stdout, `export KIE_BASE_URL=${kieUrl} KIE_UPLOAD_BASE_URL=${kieUploadUrl} DEFAPI_BASE_URL=${defapiUrl}`)
      writeLine(context.stdout, `export DARKROOM_DOWNLOAD_ALLOW=${new URL(filesUrl).host} KIE_API_KEY=mock DEFAPI_KEY=mock`)
      writeLine(context.stderr, 'Ctrl-C stops it.')
    }
    await stop.requested
    await simulator.close()
    return exitCodes.done
  } finally {
    stop.stopListening()
  }
}

async function readFaults(flags: SimulateFlags): Promise<FaultRule[]> {
  const { parseFaultFlag, parseFaultPlan } = await import('../../simulator/faults/rule.ts')
  const fromFlags = flags.fault.map(parseFaultFlag)
  if (flags.faultPlan === undefined) return fromFlags
  const content = await readFile(flags.faultPlan, 'utf8').catch((error: unknown) => {
    throw new CliError(`--fault-plan: ${flags.faultPlan} cannot be read.`, exitCodes.usage, { cause: error })
  })
  let plan: unknown
  try {
    plan = JSON.parse(content)
  } catch (error) {
    throw new CliError(`--fault-plan: ${flags.faultPlan} is not JSON.`, exitCodes.usage, { cause: error })
  }
  return [...parseFaultPlan(plan), ...fromFlags]
}

function toListenError(error: unknown, { host, port }: SimulateFlags): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  if (error.code === 'EADDRINUSE') {
    return new CliError(
      `One of the ports ${port} to ${port + 4} on ${host} is in use. Choose others with --port.`,
      exitCodes.usage,
      { cause: error },
    )
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return new CliError(`--host: ${host} is no address of this machine.`, exitCodes.usage, { cause: error })
  }
  return error
}

function parseRange(value: string): { minMs: number; maxMs: number } {
  const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(value)
  const minMs = Number(match?.[1])
  const maxMs = Number(match?.[2] ?? match?.[1])
  if (match === null || maxMs < minMs) throw new InvalidArgumentError('It must be milliseconds such as 1000 or 800-2500.')
  return { minMs, maxMs }
}
