// darkroom generate: asks a running service for a picture and, unless told otherwise, waits for it.
import { constants } from 'node:fs'
import { access, stat, writeFile } from 'node:fs/promises'
import { dirname, join, parse, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Generation, PlanPreview } from '../../contract/index.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { CliContext } from '../context.ts'
import { columnsOf, hasColours, writeLine } from '../context.ts'
import type { ExitCode } from '../errors.ts'
import { CliError, exitCodes } from '../errors.ts'
import { followGeneration, hasEnded } from '../follow-generation.ts'
import type { GatewayClient } from '../gateway-client.ts'
import { createGatewayClient } from '../gateway-client.ts'
import { chooseGatewayUrl } from '../gateway-http.ts'
import { createPaint } from '../render/colours.ts'
import { renderJson } from '../render/json.ts'
import { renderPlan } from '../render/plan.ts'
import { createProgressLine } from '../render/progress.ts'
import type { RequestFlags } from '../request-options.ts'
import { addRequestFlags, readRequest } from '../request-options.ts'
import { nameLocalPictures, refuseMissing, sendPictures } from '../local-pictures.ts'
import { printGeneration } from '../print-generation.ts'
import type { CommandHost } from './command-host.ts'

interface GenerateFlags extends RequestFlags {
  url?: string
  json?: boolean
  wait: boolean
  dryRun?: boolean
  output?: string
  idempotencyKey?: string
}

export function addGenerateCommand(program: Command, host: CommandHost): void {
  addRequestFlags(
    program
      .command('generate')
      .description('ask the running service for a picture')
      .argument('[prompt...]', 'what to make')
      .option('--url <address>', 'the gateway (default: DARKROOM_URL, else http://127.0.0.1:8080)')
      .option('--dry-run', 'print route, bodies, fidelity and price, and send nothing')
      .option('--no-wait', 'print the accepted generation and do not wait for its end')
      .option('-o, --output <file>', 'save the picture there, too; of several, fox.png becomes fox-0.png, fox-1.png …')
      .option('--idempotency-key <key>', 'the same key and request give the same generation')
      .option('--json', 'print the generation, or with --dry-run the plan, as JSON'),
  ).action((prompt: string[], flags: GenerateFlags) => host.run((context) => generate(context, prompt, flags)))
}

/** Before anything is paid: a place that cannot be written to is found out at once. */
async function checkOutput(path: string): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (isFolder) throw new CliError(`--output: ${path} is a folder; name a file.`, exitCodes.usage)
  await access(dirname(resolve(path)), constants.W_OK).catch((error: unknown) => {
    throw new CliError(`--output: ${path} cannot be written: no such folder, or no right to.`, exitCodes.usage, { cause: error })
  })
}

/** 0 only for everything that was asked for. */
function exitCodeOf({ status, count, images }: Generation, stderr: CliContext['stderr']): ExitCode {
  if (status === 'failed' || status === 'cancelled') return exitCodes.failed
  const delivered = images.filter(({ spare }) => !spare).length
  if (status !== 'completed' || delivered >= count) return exitCodes.done
  writeLine(stderr, `Only ${delivered} of ${count} pictures came.`)
  return exitCodes.failed
}

async function generate(context: CliContext, prompt: string[], flags: GenerateFlags): Promise<ExitCode> {
  if (flags.output !== undefined && (!flags.wait || flags.dryRun === true))
    throw new CliError(`--output needs the picture: leave out ${flags.wait ? '--dry-run' : '--no-wait'}.`, exitCodes.usage)
  if (flags.output !== undefined) await checkOutput(flags.output)
  const gateway = createGatewayClient(chooseGatewayUrl(flags.url, context.env))
  const local = await nameLocalPictures(flags)
  const request = await readRequest(prompt, { ...flags, ...local.flags })
  // Without its pictures: sending them would leave something behind.
  if (flags.dryRun === true) {
    const plan = await gateway.preview(request, local.pictures)
    refuseMissing(gateway.url, plan, local.pictures)
    return printPlan(context, plan, flags.json === true)
  }
  await sendPictures(gateway.url, local.pictures, createProgressLine(context.stderr))
  const accepted = await gateway.create(request, flags.idempotencyKey ?? null)
  const generation = flags.wait ? await waitForEnd(context, gateway, accepted) : accepted
  const saved = flags.output === undefined ? [] : await saveImages(gateway, generation, flags.output)
  printGeneration(context, generation, { isJson: flags.json === true, gatewayUrl: gateway.url })
  for (const path of saved) writeLine(context.stderr, `saved to ${safeText(path, 500)}`)
  if (flags.wait && !hasEnded(generation)) {
    writeLine(context.stderr, `It goes on without us. Look again: darkroom show ${safeText(generation.id, 200)}`)
    return exitCodes.interrupted
  }
  return exitCodeOf(generation, context.stderr)
}

function printPlan({ stdout, env }: CliContext, plan: PlanPreview, isJson: boolean): ExitCode {
  const text = (): string => renderPlan(plan, createPaint(hasColours(stdout, env)), columnsOf(stdout, Infinity))
  writeLine(stdout, isJson ? renderJson(plan) : text())
  return exitCodes.done
}

/** Ctrl-C ends the waiting only: the picture is being paid for. */
async function waitForEnd(context: CliContext, gateway: GatewayClient, accepted: Generation): Promise<Generation> {
  const stop = new AbortController()
  const stopListening = context.onStopSignal(() => stop.abort())
  try {
    return await followGeneration(accepted, { gateway, progress: createProgressLine(context.stderr), signal: stop.signal })
  } finally {
    stopListening()
  }
}

/** Answers where they are. One picture keeps the name as it is given, as long as one was asked for. */
async function saveImages(gateway: GatewayClient, generation: Generation, path: string): Promise<string[]> {
  const saved: string[] = []
  for (const { index } of generation.images) {
    const target = generation.count === 1 && index === 0 ? path : numbered(path, index)
    const bytes = await gateway.readImage(generation.id, index)
    await writeFile(target, bytes).catch((error: unknown) => {
      throw new CliError(
        `--output: ${target} cannot be written. The picture is stored as generation ${generation.id}.`,
        exitCodes.usage,
        { cause: error },
      )
    })
    saved.push(target)
  }
  return saved
}

function numbered(path: string, index: number): string {
  const { dir, name, ext } = parse(path)
  return join(dir, `${name}-${index}${ext}`)
}
