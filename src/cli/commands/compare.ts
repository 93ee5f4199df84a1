// darkroom compare: the same prompts through each provider, and then who was faster, steadier, cheaper.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import type { Comparison } from '../compare/comparison.ts'
import { readComparison, reportPathOf, saveComparison, writeDurably } from '../compare/comparison-file.ts'
import { requireYes } from '../compare/estimate.ts'
import type { Execution, Progress } from '../compare/execute.ts'
import { executeComparison, readRuns } from '../compare/execute.ts'
import { renderPage } from '../compare/page/page.ts'
import { embedPictures } from '../compare/page/pictures.ts'
import { checkStillThere, prepareComparison, readCap, readConcurrency } from '../compare/prepare.ts'
import type { ComparisonFlags, GatewayFacts, PreparedComparison } from '../compare/prepare.ts'
import { keepCopies, readCopy, sendCopies } from '../compare/reference-pictures.ts'
import { renderComparison } from '../compare/render-table.ts'
import type { Purse } from '../compare/spending.ts'
import { createPurse } from '../compare/spending.ts'
import type { ComparisonReport } from '../compare/summarise.ts'
import { summarise } from '../compare/summarise.ts'
import type { CliContext } from '../context.ts'
import { columnsOf, hasColours, writeLine } from '../context.ts'
import type { ExitCode } from '../errors.ts'
import { CliError, exitCodes } from '../errors.ts'
import type { GatewayClient } from '../gateway-client.ts'
import { createGatewayClient } from '../gateway-client.ts'
import { chooseGatewayUrl } from '../gateway-http.ts'
import { createOperationsClient } from '../operations-client.ts'
import { safeText } from '../../observability/safe-text.ts'
import { createPaint } from '../render/colours.ts'
import { renderJson } from '../render/json.ts'
import { createProgressLine } from '../render/progress.ts'
import { describeUsd } from '../render/units.ts'
import { wrapLine } from '../render/wrap.ts'
import { collect, parseInteger, parseUsd, providerOptionFlag } from '../request-options.ts'
import type { CommandHost } from './command-host.ts'

interface CompareFlags extends ComparisonFlags {
  url?: string
  resume?: string
  report?: string
  yes?: boolean
  html?: string
  json?: boolean
}

export function addCompareCommand(program: Command, host: CommandHost): void {
  program
    .command('compare')
    .description('the same prompts through each provider: who is faster, steadier, cheaper')
    .option('-m, --model <name>', 'model or alias (default: nano-banana)')
    .option('--providers <names>', 'with commas (default: kie,defapi)')
    .option('--runs <number>', 'at each provider, going round the prompts (default: 25)', parseInteger)
    .option('--prompts <file>', 'one prompt a line, # begins a comment (default: five of our own)')
    .option(
      '--max-cost <usd>',
      'nothing is started that could go over it; a provider that takes more than its price can, by what is open then',
      parseUsd,
    )
    .option('--assume-price <provider=usd>', 'where no price is published; may be repeated', collectPrice)
    .option('--concurrency <number>', 'runs at once at each provider (default: 2)', parseInteger)
    .option('--seed <number>', 'of the order of the runs (default: another each time)', parseInteger)
    .option(
      '-r, --reference <picture>',
      'a picture that every run starts from: a file, an https URL or upload:…; may be repeated',
      collect,
    )
    .option('--mask <picture>', 'which part of the first reference to make anew: a file, an https URL or upload:…')
    .option('-a, --aspect-ratio <ratio>', 'such as 16:9')
    .option('--resolution <name>', 'such as 1K, 2K, 4K, where the model has it')
    .option('--quality <quality>', 'low, medium or high, where the model has a choice')
    .option(...providerOptionFlag)
    .option('--deadline <seconds>', 'a run must end within this time', parseInteger)
    .option('--tenant <name>', 'whose budget pays (default: default)')
    .option('--resume <id>', 'go on with a comparison that was interrupted; nothing is paid twice')
    .option('--report <id>', 'make the report again; nothing is started')
    .option('--yes', 'with real keys: spend the money')
    .option('--html <file>', 'where the report goes (default: comparisons/ in the data folder)')
    .option('--json', 'print the report as JSON')
    .option('--url <address>', 'the gateway (default: DARKROOM_URL, else http://127.0.0.1:8080)')
    .action((flags: CompareFlags) => host.run((context) => compare(context, flags)))
}

async function compare(context: CliContext, flags: CompareFlags): Promise<ExitCode> {
  const { loadConfig } = await import('../../config/config.ts')
  const { dataFolder } = loadConfig(context.env)
  const gateway = createGatewayClient(chooseGatewayUrl(flags.url, context.env))
  const earlier = flags.resume ?? flags.report
  if (earlier !== undefined) refuseDefinition(flags)
  const written = earlier === undefined ? null : await readComparison(dataFolder, earlier)
  if (written !== null && flags.report !== undefined) {
    const generations = await readRuns(written, gateway)
    return tell(context, { comparison: written, execution: { generations, stopped: null }, gateway, flags, dataFolder })
  }
  const { comparison: prepared, local } =
    written === null ? await prepareNew(flags, gateway) : { comparison: await goOnWith(written, flags, gateway), local: [] }
  requireYes(context, prepared, flags.yes === true)
  await keepCopies(dataFolder, local)
  const comparison = await saveComparison(dataFolder, prepared)
  const execution = await carryOut(context, { comparison, gateway, dataFolder })
  if (execution.stopped?.kind === 'interrupted') {
    tellHowToGoOn(context, comparison)
    return exitCodes.interrupted
  }
  return tell(context, { comparison, execution, gateway, flags, dataFolder })
}

function prepareNew(flags: CompareFlags, gateway: GatewayClient): Promise<PreparedComparison> {
  return prepareComparison(flags, { facts: () => factsOf(gateway), preview: (...request) => gateway.preview(...request) })
}

async function goOnWith(
  written: Comparison,
  { maxCost, concurrency }: CompareFlags,
  gateway: GatewayClient,
): Promise<Comparison> {
  checkStillThere(written, await factsOf(gateway))
  return {
    ...written,
    capUsd: readCap(maxCost) ?? written.capUsd,
    concurrency: concurrency === undefined ? written.concurrency : readConcurrency(concurrency),
  }
}

async function factsOf({ url }: GatewayClient): Promise<GatewayFacts> {
  return { url, accounts: await createOperationsClient(url).listProviders() }
}

const fixedFlags = [
  'model',
  'providers',
  'runs',
  'prompts',
  'assumePrice',
  'seed',
  'reference',
  'mask',
  'aspectRatio',
  'resolution',
  'quality',
  'providerOption',
  'deadline',
  'tenant',
] as const satisfies (keyof ComparisonFlags)[]

/** What was written down stays: runs that differ in it could not be compared. */
function refuseDefinition(flags: CompareFlags): void {
  if (flags.resume !== undefined && flags.report !== undefined)
    throw new CliError('--resume ends with a report anyway: leave out --report.', exitCodes.usage)
  const given = fixedFlags
    .filter((name) => flags[name] !== undefined)
    .map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`)
  if (given.length > 0)
    throw new CliError(`The comparison is written down as it began: leave out ${given.join(', ')}.`, exitCodes.usage)
}

interface CarryingOut {
  comparison: Comparison
  gateway: GatewayClient
  dataFolder: string
}

/** Ctrl-C ends the starting and the waiting only: what is open is being paid for. */
async function carryOut(context: CliContext, { comparison, gateway, dataFolder }: CarryingOut): Promise<Execution> {
  const stop = new AbortController()
  const stopListening = context.onStopSignal(() => stop.abort())
  const progress = createProgressLine(context.stderr)
  const sinceMs = performance.now()
  const purse = createPurse(comparison.capUsd)
  writeLine(context.stderr, `${comparison.id} begins; Ctrl-C interrupts, --resume goes on.`)
  try {
    return await executeComparison(comparison, {
      gateway,
      purse,
      onProgress: (at) => progress.show(describeProgress(at, purse), sinceMs),
      signal: stop.signal,
      beforeFirst: () => sendCopies(comparison, { url: gateway.url, dataFolder, progress }),
      checkStillThere: async () => checkStillThere(comparison, await factsOf(gateway)),
      onAnchor: async (anchorId) => void (await saveComparison(dataFolder, { ...comparison, anchorId })),
    })
  } catch (error) {
    progress.clear()
    tellHowToGoOn(context, comparison)
    throw error
  } finally {
    progress.clear()
    stopListening()
  }
}

function describeProgress({ planned, ended, open, pictures }: Progress, purse: Purse): string {
  const cap = purse.capUsd === null ? '' : ` of at most ${describeUsd(purse.capUsd)}`
  return `${ended} of ${planned} ended, ${pictures} with a picture, ${open} at work; spent ${describeUsd(purse.spentUsd())}${cap}`
}

function tellHowToGoOn({ stderr }: CliContext, { id }: Comparison): void {
  const line = `What was started goes on without us. Go on with the rest, or see what there is: darkroom compare --resume ${id}, or --report ${id}`
  writeLine(stderr, wrapLine(line, columnsOf(stderr, Infinity)))
}

interface Telling extends CarryingOut {
  execution: Execution
  flags: CompareFlags
}

async function tell(context: CliContext, { comparison, execution, gateway, flags, dataFolder }: Telling): Promise<ExitCode> {
  const report = summarise(comparison, execution, new Date())
  const path = flags.html === undefined ? reportPathOf(dataFolder, comparison.id) : resolve(flags.html)
  const { stdout, env } = context
  if (flags.json === true) writeLine(stdout, renderJson(report))
  else writeLine(stdout, renderComparison(report, createPaint(hasColours(stdout, env)), columnsOf(stdout, Infinity)))
  const pictures = await embedPictures(report, {
    readImage: (id, index) => gateway.readImage(id, index),
    readReference: (sha256) => readCopy(dataFolder, sha256),
  })
  await writeDurably(path, renderPage(report, pictures))
  writeLine(context.stderr, `Report: ${safeText(path, 500)}`)
  return exitCodeOf(report)
}

/** A provider that fails is a result; a comparison without any picture, or one that was refused, is none. */
function exitCodeOf({ stopped, runs }: ComparisonReport): ExitCode {
  const hasPicture = runs.some(({ end }) => end === 'picture')
  return hasPicture && stopped?.kind !== 'refused' ? exitCodes.done : exitCodes.failed
}

function collectPrice(value: string, earlier: Record<string, number> | undefined): Record<string, number> {
  const [, name, amount] = /^([a-z]+)=(.+)$/.exec(value) ?? []
  if (name === undefined || amount === undefined) throw new InvalidArgumentError('It must be provider=usd such as defapi=0.03.')
  return { ...earlier, [name]: parseUsd(amount) }
}
