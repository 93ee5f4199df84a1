// What `npm run live` is told, and the guards in front of it. Throws a `BadInput` with a sentence for whoever typed it.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildNativeInput } from '../../src/catalog/native-input.ts'
import { chooseNative, findModel, whyNoNative } from '../../src/catalog/models.ts'
import { parseGenerationRequest } from '../../src/catalog/parse-request.ts'
import { estimatePrice } from '../../src/catalog/price.ts'
import { isLoopbackHost } from '../../src/config/values.ts'
import type { ProviderName, ProviderRequest } from '../../src/providers/provider.ts'
import { freeProbes, prompt } from './probes.ts'

export class BadInput extends Error {}

export interface PaidPlan {
  model: string
  request: ProviderRequest
  /** from the price list, or what the caller says to assume */
  priceUsd: number
  isListed: boolean
}

export interface LiveOptions {
  provider: ProviderName
  baseUrl: string
  apiKey: string
  /** null: only what is free */
  paid: PaidPlan | null
  capUsd: number
  /** a folder for each run is made in it */
  outFolder: string
  json: boolean
  /** false: only say what would be done */
  yes: boolean
  /** how long a paid task is waited for */
  timeoutMs: number
}

export const usage =
  'npm run live -- --provider kie|defapi [--model NAME] --max-cost USD --yes [--assume-price USD] [--out FOLDER] [--timeout SECONDS] [--json] [--base-url http://127.0.0.1:PORT]'

const places: Readonly<Record<ProviderName, { baseUrl: string; variable: string }>> = {
  kie: { baseUrl: 'https://api.kie.ai', variable: 'KIE_API_KEY' },
  defapi: { baseUrl: 'https://api.defapi.org', variable: 'DEFAPI_KEY' },
}

/** To a simulator goes this and never the key of the environment. */
export const simulatorKey = 'simulator-key-for-the-live-script'

/** Pictures with much text were seen to take 420 s. */
const defaultTimeoutMs = 600_000

export function readOptions(args: readonly string[], env: Readonly<Record<string, string | undefined>>): LiveOptions {
  const values = readArguments(args)
  // Real money and real keys have no place where nobody looks. CI=false is how some tools switch it off.
  if (env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false')
    throw new BadInput('this never runs in CI: it asks real providers, with real keys, for real money (CI is set)')
  const provider = values.provider
  if (provider !== 'kie' && provider !== 'defapi') throw new BadInput('--provider must be kie or defapi')
  const baseUrl = values['base-url'] === undefined ? places[provider].baseUrl : loopbackUrl(values['base-url'])
  const paid = values.model === undefined ? null : planPaid(provider, values.model, usd('assume-price', values['assume-price']))
  const capUsd = usd('max-cost', values['max-cost'])
  if (capUsd === null) throw new BadInput(`--max-cost is missing: the most that this run may cost, e.g. --max-cost 0.10`)
  const timeoutSeconds = usd('timeout', values.timeout)
  const variable = places[provider].variable
  const apiKey = values['base-url'] === undefined ? env[variable] : simulatorKey
  // What it would do can be asked without a key.
  if ((apiKey === undefined || apiKey === '') && values.yes === true)
    throw new BadInput(`no key: ${variable} is not set. It is read from the environment and never from an argument`)
  return {
    provider,
    baseUrl,
    apiKey: apiKey ?? '',
    paid,
    capUsd,
    outFolder: values.out ?? join(env['DARKROOM_DATA_DIR'] ?? join(homedir(), '.darkroom'), 'live'),
    json: values.json === true,
    yes: values.yes === true,
    timeoutMs: timeoutSeconds === null ? defaultTimeoutMs : timeoutSeconds * 1000,
  }
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        provider: { type: 'string' },
        model: { type: 'string' },
        'max-cost': { type: 'string' },
        'assume-price': { type: 'string' },
        'base-url': { type: 'string' },
        out: { type: 'string' },
        timeout: { type: 'string' },
        json: { type: 'boolean' },
        yes: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new BadInput(error instanceof Error ? error.message : String(error))
  }
}

/** Anywhere else a typing error would send the key to a stranger. */
function loopbackUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || url.protocol !== 'http:' || !isLoopbackHost(url.hostname))
    throw new BadInput('--base-url is for a simulator on this machine, e.g. http://127.0.0.1:9100')
  return url.origin
}

function usd(name: string, text: string | undefined): number | null {
  if (text === undefined) return null
  if (!/^\d{1,4}(?:\.\d{1,6})?$/.test(text))
    throw new BadInput(`--${name} wants a number such as 0.10, not ${JSON.stringify(text)}`)
  return Number(text)
}

function planPaid(provider: ProviderName, name: string, assumedUsd: number | null): PaidPlan {
  const parsed = parseGenerationRequest({ prompt, model: name, route: { providers: [provider] } })
  const model = findModel(name)
  if (!parsed.ok) throw new BadInput(parsed.errors.map(({ message }) => message).join('; '))
  if (model === null) throw new BadInput(`unknown model ${name}`)
  const nothing = { references: 0, mask: false }
  const native = chooseNative(model, provider, nothing)
  if (native === null)
    throw new BadInput(`${provider} cannot be asked for ${model.name}: ${whyNoNative(model, provider, nothing)}`)
  const built = buildNativeInput(provider, native, parsed.request)
  if (built.kind !== 'built') throw new BadInput(`${provider} cannot be asked for ${model.name} from a prompt alone`)
  const listedUsd = estimatePrice(native, built.input).usd
  const priceUsd = listedUsd ?? assumedUsd
  if (priceUsd === null)
    throw new BadInput(
      `no price of ${model.name} at ${provider} is published, so no cap can hold: say what to assume, --assume-price USD`,
    )
  return {
    model: model.name,
    request: { api: native.api, model: native.model, input: built.input },
    priceUsd,
    isListed: listedUsd !== null,
  }
}

/** What would be done, line by line. */
export function describePlan({ provider, baseUrl, paid, capUsd, outFolder }: LiveOptions): string[] {
  const lines = [`Would ask ${provider} at ${baseUrl}, at most ${money(capUsd)} in all:`]
  for (const { title, riskUsd } of freeProbes(provider))
    lines.push(
      `  free   ${title}${riskUsd === null ? '' : ` (known to be refused; ${money(riskUsd)} is set aside for the case that it is not)`}`,
    )
  if (paid === null) lines.push('  Nothing that is paid for: no --model was given.')
  else
    lines.push(
      `  PAID   one picture by ${paid.model}, ${money(paid.priceUsd)} ${paid.isListed ? 'by the price list' : 'as you assume'}: submit, polling until its end, its link`,
    )
  lines.push(`The recordings, redacted, would go to a new folder in ${outFolder}.`, 'Nothing was sent. Say --yes to do it.')
  return lines
}

export const money = (usd: number): string => `$${usd.toFixed(4)}`
