// The flags of `generate` as a request. Checked by the catalog before anything is sent: a typo needs no running service.
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { parseGenerationRequest } from '../catalog/parse-request.ts'
import type { GenerationRequest } from '../contract/index.ts'
import { CliError, exitCodes, RefusedError } from './errors.ts'
import { fieldsOfFlags } from './request-fields.ts'

export interface RequestFlags {
  request?: string
  model?: string
  reference?: string[]
  aspectRatio?: string
  resolution?: string
  size?: string
  count?: number
  seed?: number
  outputFormat?: string
  mask?: string
  quality?: string
  background?: string
  strength?: number
  negativePrompt?: string
  minimumFidelity?: string
  standIn?: string[]
  provider?: string[]
  prefer?: string
  fallback?: boolean
  onUnknown?: string
  onOverdue?: string
  onRefusal?: string
  deadline?: number
  maxPaidAttempts?: number
  maxCost?: number
  maxQueue?: number
  priority?: number
  keepSpares?: boolean
  tenant?: string
  metadata?: Record<string, string>
  providerOption?: ProviderOptions
}

/** By provider, then by native field. */
type ProviderOptions = Record<string, Record<string, unknown>>

export const defaultModel = 'nano-banana'

export function addRequestFlags(command: Command): Command {
  return command
    .option('-m, --model <name>', `model or alias (default: ${defaultModel})`)
    .option('-r, --reference <picture>', 'a picture to start from: a file, an https URL or upload:…; may be repeated', collect)
    .option('-a, --aspect-ratio <ratio>', 'such as 16:9')
    .option('--resolution <name>', 'such as 1K, 2K, 4K, where the model has it')
    .option('--size <width>x<height>', 'in pixels, instead of ratio and resolution')
    .option('-n, --count <number>', 'pictures: in one task where the model takes the number, else in as many', parseInteger)
    .option('--seed <number>', 'where the model has it', parseInteger)
    .option('--output-format <format>', 'png, jpeg or webp, where the model has it')
    .option('--mask <picture>', 'which part of the first reference to make anew: a file, an https URL or upload:…')
    .option('--quality <quality>', 'low, medium or high, where the model has a choice')
    .option('--background <background>', 'auto, opaque or transparent, where the model has a choice')
    .option('--strength <number>', 'from 0, which keeps the reference, to 1, which forgets it', parseShare)
    .option('--negative-prompt <text>', 'what is not to be seen')
    .option('-p, --provider <name>', 'kie or defapi, in order of preference; may be repeated', collect)
    .option('--prefer <what>', 'who is asked first: order, cheapest, fastest or steadiest')
    .option('--no-fallback', 'ask only the first provider')
    .option('--stand-in <model>', 'another model that may stand in; may be repeated', collect)
    .option('--minimum-fidelity <level>', 'leave out who would change more: exact, adapted or degraded')
    .option('--on-unknown <what>', 'after a submit without a readable answer: fallback, resubmit or fail')
    .option('--on-overdue <what>', 'after the deadline of an attempt: fallback or wait')
    .option('--on-refusal <what>', 'after a refusal of the content: fail or fallback')
    .option('--deadline <seconds>', 'the whole generation must end within this time', parseInteger)
    .option('--max-paid-attempts <number>', 'attempts per picture that may cost money', parseInteger)
    .option('--max-cost <usd>', 'all attempts together may not cost more', parseUsd)
    .option('--max-queue <seconds>', 'how long to wait in line at one provider before the next one is asked', parseInteger)
    .option('--priority <number>', 'place in that line, from 1 (first) to 5 (last)', parseInteger)
    .option('--keep-spares', 'keep a picture that an attempt left behind delivers later, too')
    .option('--tenant <name>', 'whose budget pays (default: default)')
    .option('--metadata <key=value>', 'a label of your own, given back unchanged; may be repeated', collectPair)
    .option(...providerOptionFlag)
    .option('--request <file>', 'the request as JSON, from a file or - for stdin; flags add to it')
}

/** For commander, here and in `compare`. */
export const providerOptionFlag = [
  // Short: a wider column of flags would leave 80 columns no room to wrap what they mean.
  '--provider-option <option>',
  'a native field, as kie.FIELD=VALUE or defapi.FIELD=VALUE; VALUE is JSON where it parses, else text; may be repeated',
  collectProviderOption,
] as const

/** Reads, merges and checks; throws with one line per wrong field. */
export async function readRequest(promptWords: string[], flags: RequestFlags): Promise<GenerationRequest> {
  const base = flags.request === undefined ? {} : await readRequestFile(flags.request)
  const parsed = parseGenerationRequest({ ...base, ...fromFlags(promptWords, flags, base) })
  if (parsed.ok) return parsed.request
  throw new RefusedError('The request is not acceptable; nothing was sent.', parsed.errors, exitCodes.usage)
}

function fromFlags(promptWords: string[], flags: RequestFlags, base: Record<string, unknown>): Record<string, unknown> {
  const values: Record<string, unknown> = {
    ...flags,
    model: flags.model ?? (base['model'] === undefined ? defaultModel : undefined),
    // commander says true when `--no-fallback` is not given; that is nobody's wish
    fallback: flags.fallback === false ? false : undefined,
    deadline: toMs(flags.deadline),
    maxQueue: toMs(flags.maxQueue),
  }
  // Some models work on a picture alone; the catalogue knows which need words.
  const request: Record<string, unknown> = promptWords.length > 0 ? { prompt: promptWords.join(' ') } : {}
  const route: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fieldsOfFlags)) {
    if (values[name] === undefined) continue
    const [first = '', second] = field.split('.')
    if (second === undefined) request[first] = values[name]
    else route[second] = values[name]
  }
  if (flags.providerOption !== undefined) request['providerOptions'] = mergeOptions(base['providerOptions'], flags.providerOption)
  if (Object.keys(route).length > 0) request['route'] = addTo(base['route'], route)
  return request
}

const toMs = (seconds: number | undefined): number | undefined => (seconds === undefined ? undefined : seconds * 1_000)

/** Field by field: a flag replaces the field of the file, and no other. What is no object is left for the parser to refuse. */
function addTo(base: unknown, flags: Record<string, unknown>): unknown {
  return base === undefined ? flags : isRecord(base) ? { ...base, ...flags } : base
}

function mergeOptions(base: unknown, flags: ProviderOptions): unknown {
  const own = isRecord(base) ? base : {}
  const merged = Object.entries(flags).map(([provider, options]) => [provider, addTo(own[provider], options)])
  return addTo(base, Object.fromEntries(merged))
}

async function readRequestFile(path: string): Promise<Record<string, unknown>> {
  const source = path === '-' ? 'stdin' : path
  let content: string
  try {
    content = path === '-' ? await text(process.stdin) : await readFile(path, 'utf8')
  } catch (error) {
    throw new CliError(`--request: ${source} cannot be read.`, exitCodes.usage, { cause: error })
  }
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (error) {
    throw new CliError(`--request: ${source} is not JSON.`, exitCodes.usage, { cause: error })
  }
  if (!isRecord(value)) throw new CliError(`--request: ${source} must hold one JSON object.`, exitCodes.usage)
  return value
}

export function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value]
}

function collectPair(value: string, earlier: Record<string, string> | undefined): Record<string, string> {
  const at = value.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It must be key=value.')
  return { ...earlier, [value.slice(0, at)]: value.slice(at + 1) }
}

export function collectProviderOption(value: string, earlier: ProviderOptions | undefined): ProviderOptions {
  const [, provider, field, given] = /^(kie|defapi)\.([^=]+)=(.*)$/s.exec(value) ?? []
  if (provider === undefined || field === undefined || given === undefined)
    throw new InvalidArgumentError('It must be kie.FIELD=VALUE or defapi.FIELD=VALUE, such as kie.style=DESIGN.')
  return { ...earlier, [provider]: { ...earlier?.[provider], [field]: parseNative(given) } }
}

/** `8`, `true`, `["a"]` and `"8"` are JSON; `DESIGN` is text. */
function parseNative(given: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(given)
  } catch {
    return given
  }
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER)
    throw new InvalidArgumentError(`${given} would be changed as a number. Give it as text: '"${given}"'`)
  return value
}

export function parseInteger(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 0, of at most 15 digits.')
  return Number(value)
}

/** An amount of money: `5`, `0.25`, `$1.50`. */
export function parseUsd(value: string): number {
  if (!/^\$?\d{1,9}(\.\d{1,6})?$/.test(value)) throw new InvalidArgumentError('It must be an amount in USD such as 0.25.')
  return Number(value.replace('$', ''))
}

function parseShare(value: string): number {
  if (!/^[01](\.\d{1,6})?$/.test(value)) throw new InvalidArgumentError('It must be a number from 0 to 1.')
  return Number(value)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
