// From flags to a comparison: everything that can be wrong is said here, before anything is asked for or written down.
import { randomInt } from 'node:crypto'
import { distance } from 'fastest-levenshtein'
import { ulid } from 'ulid'
import type { Model } from '../../catalog/model-schema.ts'
import { documentedNativesOf, findModel, providerNames } from '../../catalog/models.ts'
import { providerTitles } from '../../catalog/native-draft.ts'
import { parseGenerationRequest, unknownModelError } from '../../catalog/parse-request.ts'
import { keyVariables, planRoute } from '../../catalog/plan-route.ts'
import type { PlannedRoute } from '../../catalog/plan-route.ts'
import type { RequestError } from '../../catalog/request-error.ts'
import type { ProviderName, SpendMode } from '../../contract/index.ts'
import type { ProviderAccount } from '../../gateway/routes/providers.ts'
import { safeText } from '../../observability/safe-text.ts'
import { CliError, exitCodes, RefusedError } from '../errors.ts'
import type { GatewayClient } from '../gateway-client.ts'
import type { LocalPicture } from '../local-pictures.ts'
import { nameLocalPictures, refuseMissing } from '../local-pictures.ts'
import { defaultModel } from '../request-options.ts'
import type { Comparison, RunPrice } from './comparison.ts'
import { requestOf } from './comparison.ts'
import { readPrompts } from './prompts.ts'
import { hasPictures, toComparisonPicture } from './reference-pictures.ts'

export interface ComparisonFlags {
  model?: string
  providers?: string
  runs?: number
  prompts?: string
  maxCost?: number
  assumePrice?: Record<string, number>
  concurrency?: number
  seed?: number
  reference?: string[]
  mask?: string
  aspectRatio?: string
  resolution?: string
  quality?: string
  tenant?: string
  deadline?: number
  providerOption?: Record<string, Record<string, unknown>>
}

const defaults = {
  /** each of our five prompts five times, and a 95th percentile, which needs 20 pictures, although five runs fail */
  runs: 25,
  /** enough that 20 runs of half a minute take five minutes, and few enough that neither Kie's limit of 20 new tasks in 10 s nor a line is what gets measured */
  concurrency: 2,
}

/** Beyond any comparison; typing errors end here. */
const most = { runs: 1_000, concurrency: 20 }

export interface GatewayFacts {
  url: string
  accounts: readonly ProviderAccount[]
}

export interface GatewayQuestions {
  facts: () => Promise<GatewayFacts>
  /** what would come of a request; changes and sends nothing */
  preview: GatewayClient['preview']
}

export interface PreparedComparison {
  comparison: Comparison
  /** files that it starts from; nothing was sent yet */
  local: LocalPicture[]
}

/** The gateway is asked last, when nothing in the flags is wrong any more. */
export async function prepareComparison(given: ComparisonFlags, gateway: GatewayQuestions): Promise<PreparedComparison> {
  const providers = readProviders(given.providers)
  const prompts = await readPrompts(given.prompts)
  const wantedName = given.model ?? defaultModel
  const model = findModel(wantedName)
  if (model === null) throw new CliError(unknownModelError(wantedName).message, exitCodes.usage)
  checkPrompt(model, providers)
  checkCompared('--provider-option', Object.keys(given.providerOption ?? {}), providers)
  const { flags: named, pictures: local } = await nameLocalPictures(given)
  const flags = { ...given, ...named }
  const wanted = {
    format: 1 as const,
    id: `cmp_${ulid()}`,
    createdAt: new Date().toISOString(),
    request: {
      model: model.name,
      ...(flags.reference === undefined ? {} : { referenceImages: flags.reference }),
      ...(flags.mask === undefined ? {} : { mask: flags.mask }),
      ...(flags.aspectRatio === undefined ? {} : { aspectRatio: flags.aspectRatio }),
      ...(flags.resolution === undefined ? {} : { resolution: flags.resolution }),
      ...(flags.quality === undefined ? {} : { quality: flags.quality }),
      ...(flags.providerOption === undefined ? {} : { providerOptions: flags.providerOption }),
      ...(flags.tenant === undefined ? {} : { tenant: flags.tenant }),
    },
    pictures: local.map(toComparisonPicture),
    deadlineMs: flags.deadline === undefined ? null : flags.deadline * 1_000,
    providers,
    prompts,
    runs: within('--runs', flags.runs ?? defaults.runs, most.runs),
    concurrency: readConcurrency(flags.concurrency ?? defaults.concurrency),
    seed: flags.seed ?? randomInt(0, 2 ** 31),
    capUsd: readCap(flags.maxCost),
    anchorId: null,
  }
  const listPrices = checkRequests({ ...wanted, mode: 'mock', gatewayUrl: '', prices: {} })
  const { url, accounts } = await gateway.facts()
  const mode = checkAccounts(providers, accounts)
  const comparison = { ...wanted, mode, gatewayUrl: url, prices: choosePrices(listPrices, mode, flags) }
  await checkPictures(comparison, local, gateway)
  return { comparison, local }
}

/** What only the gateway knows: uploads that are named and not there, addresses that it takes from nobody, pictures that it cannot get to a provider. */
async function checkPictures(comparison: Comparison, local: LocalPicture[], { preview }: GatewayQuestions): Promise<void> {
  for (const provider of comparison.providers) {
    const request = requestOf(comparison, { provider, run: 1, prompt: 0 })
    if (!hasPictures(request)) return
    const plan = await preview(request, local).catch((error: unknown) => {
      if (!(error instanceof RefusedError) || error.exitCode !== exitCodes.usage) throw error
      const head = `${providerTitles[provider]} cannot be asked for this; nothing was asked for.`
      throw new RefusedError(head, error.fields, exitCodes.usage, { cause: error })
    })
    refuseMissing(comparison.gatewayUrl, plan, local)
  }
}

/**
 * Before an earlier comparison is gone on with, and before each of its runs: the same service may run with real keys today and with simulated ones tomorrow, over the
 * same ledger, and nobody has said yes to that.
 */
export function checkStillThere({ id, mode, providers }: Comparison, { url, accounts }: GatewayFacts): void {
  const now = checkAccounts(providers, accounts)
  if (now === mode) return
  const words = { mock: 'simulated providers', live: 'real keys' }
  throw new CliError(
    `${id} began with ${words[mode]}, and the gateway at ${url} has ${words[now]} now: nothing is asked of them.`,
    exitCodes.usage,
  )
}

function readProviders(list: string | undefined): ProviderName[] {
  if (list === undefined) return [...providerNames]
  const names = list.split(',').map((name) => name.trim())
  const known = names.map((name) => {
    const found = providerNames.find((provider) => provider === name.toLowerCase())
    if (found !== undefined) return found
    const nearest = providerNames.toSorted((one, other) => distance(name, one) - distance(name, other))[0] ?? ''
    throw new CliError(
      `--providers: there is no provider "${safeText(name, 40)}"; did you mean ${nearest}? Known are ${providerNames.join(', ')}.`,
      exitCodes.usage,
    )
  })
  if (new Set(known).size < known.length) throw new CliError('--providers names one of them twice.', exitCodes.usage)
  return known
}

export function readConcurrency(concurrency: number): number {
  return within('--concurrency', concurrency, most.concurrency)
}

function within(flag: string, value: number, most: number): number {
  if (value >= 1 && value <= most) return value
  throw new CliError(`${flag} must be from 1 to ${most}.`, exitCodes.usage)
}

export function readCap(maxCost: number | undefined): number | null {
  if (maxCost === undefined) return null
  if (maxCost > 0) return maxCost
  throw new CliError('--max-cost must be more than 0: nothing could be started within it.', exitCodes.usage)
}

/** Every prompt at every provider, as it will be asked. Returns what a run costs by the price list. */
function checkRequests(comparison: Comparison): Map<ProviderName, number | null> {
  const prices = new Map<ProviderName, number | null>()
  for (const provider of comparison.providers) {
    for (const prompt of comparison.prompts.keys()) {
      const parsed = parseGenerationRequest(requestOf(comparison, { provider, run: 1, prompt }))
      if (!parsed.ok) throw notAcceptable(parsed.errors, prompt)
      // Keys are the gateway's business.
      const route = planRoute(parsed.request, { preferred: provider, available: new Set(providerNames) })
      if (!route.ok) throw notOffered(comparison, provider, route)
      for (const { price } of route.candidates) prices.set(provider, price.usd)
    }
  }
  return prices
}

function checkPrompt(model: Model, providers: readonly ProviderName[]): void {
  const natives = providers.flatMap((provider) => documentedNativesOf(model, provider))
  if (natives.length === 0 || natives.some(({ parameters }) => parameters.prompt !== undefined)) return
  throw new CliError(
    `${model.name} takes no prompt, it works on a picture alone, and a comparison is one of prompts: nothing was asked for.`,
    exitCodes.usage,
  )
}

function notAcceptable(errors: readonly RequestError[], prompt: number): CliError {
  const what = errors.some(({ field }) => field === 'prompt') ? `Prompt ${prompt + 1}` : 'The request'
  return new RefusedError(`${what} is not acceptable; nothing was asked for.`, errors, exitCodes.usage)
}

/** Of this provider only: that the other ones are not asked in this run is our own doing. */
function notOffered(comparison: Comparison, provider: ProviderName, route: Exclude<PlannedRoute, { ok: true }>): CliError {
  const { model } = comparison.request
  const own = route.reason === 'no_provider' ? route.left.find((left) => left.provider === provider)?.because : undefined
  const why = own === undefined ? route.errors.map(({ message }) => message).join('; ') : `${providerTitles[provider]} ${own}`
  const others = comparison.providers.filter((name) => name !== provider)
  const advice = others.length === 0 ? '' : ` Leave it out with --providers ${others.join(',')}, or`
  return new CliError(
    `${model} cannot be asked of ${providerTitles[provider]}, so nothing was asked for: ${why}.${advice === '' ? ' See' : `${advice} see`} \`darkroom models show ${model}\`.`,
    exitCodes.usage,
  )
}

/** Whether the money is real, and that everybody can be asked. The list has every account that is configured there or was ever used. */
function checkAccounts(providers: readonly ProviderName[], accounts: readonly ProviderAccount[]): SpendMode {
  for (const name of providers) {
    if (accounts.some(({ provider }) => provider === name)) continue
    throw new CliError(
      `${providerTitles[name]} cannot be asked there: the gateway has no key of it. Set ${keyVariables[name]} where it runs, or leave ${name} out of --providers.`,
      exitCodes.usage,
    )
  }
  return accounts.every(({ mode }) => mode === 'mock') ? 'mock' : 'live'
}

/** What is said of somebody who is not asked would do nothing. */
function checkCompared(flag: string, names: readonly string[], providers: readonly ProviderName[]): void {
  for (const name of names) {
    if (providers.some((provider) => provider === name)) continue
    throw new CliError(`${flag}: ${safeText(name, 40)} is not among the providers that are compared.`, exitCodes.usage)
  }
}

/** Where the money is real, nothing is guessed: a cap that counts with a guess is none. */
function choosePrices(
  listPrices: ReadonlyMap<ProviderName, number | null>,
  mode: SpendMode,
  { assumePrice = {}, maxCost }: ComparisonFlags,
): Comparison['prices'] {
  checkCompared('--assume-price', Object.keys(assumePrice), [...listPrices.keys()])
  if (mode === 'live' && maxCost === undefined)
    throw new CliError('These are real keys: say what all of it may cost at most, such as --max-cost 1.00.', exitCodes.usage)
  const dearest = Math.max(0, ...[...listPrices.values()].flatMap((usd) => usd ?? []))
  const prices = [...listPrices].map(([provider, listed]): [ProviderName, RunPrice] => {
    const assumed = assumePrice[provider]
    // A list price that is lower than what somebody assumes may be out of date: the dearer of the two counts.
    if (assumed !== undefined && assumed > (listed ?? 0)) return [provider, { usd: assumed, source: 'assumed' }]
    if (listed !== null) return [provider, { usd: listed, source: 'list' }]
    if (mode === 'mock') return [provider, { usd: dearest, source: 'borrowed' }]
    throw new CliError(
      `Nobody has published what ${providerTitles[provider]} takes for this, so --max-cost cannot be kept. Look it up and say it: --assume-price ${provider}=0.03`,
      exitCodes.usage,
    )
  })
  return Object.fromEntries(prices)
}
