// Who pays for the demo: nobody, unless there is a key and its owner has seen the price and said yes.
import { planRoute } from '../catalog/plan-route.ts'
import type { Config } from '../config/config.ts'
import type { GenerationRequest, ProviderName } from '../contract/index.ts'
import type { CliContext } from './context.ts'
import { writeLine } from './context.ts'
import { CliError, exitCodes } from './errors.ts'
import { describeUsd } from './render/units.ts'

/** The configuration as the demo uses it. Throws when real money would be spent without a yes. */
export function choosePayment({ stderr }: CliContext, config: Config, request: GenerationRequest, hasSaidYes: boolean): Config {
  if (config.mockAi) return config
  const available = availableProviders(config)
  if (available.size === 0) {
    writeLine(
      stderr,
      'No provider key is set, so the simulator stands for Kie and DefAPI: nothing is asked of them and nothing is paid.',
    )
    return { ...config, mockAi: true }
  }
  writeLine(stderr, describePrice(config, request, available))
  if (config.publicUrl === null)
    writeLine(stderr, 'DARKROOM_PUBLIC_URL is not set: providers cannot call back, the result is polled for.')
  if (hasSaidYes) return config
  throw new CliError(
    'Nothing was sent. Say --yes to spend it, or set MOCK_AI=true to use the simulator, which costs nothing.',
    exitCodes.usage,
  )
}

function availableProviders({ providers }: Config): Set<ProviderName> {
  const names: ProviderName[] = ['kie', 'defapi']
  return new Set(names.filter((name) => providers[name].accounts.length > 0))
}

function describePrice(config: Config, request: GenerationRequest, available: Set<ProviderName>): string {
  const route = planRoute(request, { preferred: config.providers.preferred, available })
  if (!route.ok) throw new CliError(route.errors.map(({ message }) => message).join('\n'), exitCodes.usage)
  const prices = route.candidates.map(({ provider, price }) => {
    const usd = price.usd === null ? 'no published price' : `about ${describeUsd(price.usd)}`
    return `${provider} ${usd}`
  })
  return `One real picture with ${request.model}, list price: ${prices.join('; if that fails, ')}. At most ${config.maxPaidAttempts} attempts are paid.`
}
