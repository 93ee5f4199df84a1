// MOCK_AI: both providers are the simulator. Whatever keys and addresses the environment holds, none of them is used (real money).
import type { Config } from '../config/config.ts'
import { Secret } from '../config/secret.ts'
import type { Simulator } from '../simulator/simulator.ts'

/** The simulator takes any key; the real ones must not even come near it. */
const mockKey = new Secret('mock')

export type SimulatorAddresses = Pick<Simulator, 'kieUrl' | 'kieUploadUrl' | 'defapiUrl' | 'filesUrl'>

/** The configuration as it counts when the simulator stands for both providers. */
export function withSimulator(config: Config, simulator: SimulatorAddresses): Config {
  return {
    ...config,
    mockAi: true,
    providers: {
      preferred: config.providers.preferred,
      kie: { apiKey: mockKey, baseUrl: simulator.kieUrl, uploadBaseUrl: simulator.kieUploadUrl, webhookHmacKeys: [] },
      defapi: { apiKey: mockKey, baseUrl: simulator.defapiUrl },
    },
    // Its result links are plain http on this machine.
    downloadAllow: [...config.downloadAllow, new URL(simulator.filesUrl).host],
  }
}

/** MOCK_AI without a simulator of our own: a `darkroom simulate` elsewhere must be named, or real hosts would be asked. */
export function withNamedSimulator(config: Config): Config {
  const needed = ['KIE_BASE_URL', 'DEFAPI_BASE_URL']
  const missing = needed.filter((name) => !config.setVariables.includes(name))
  if (missing.length > 0) {
    throw new MissingSettingError(
      `MOCK_AI=true needs a simulator here: start \`darkroom simulate\` and set ${missing.join(' and ')} as it says.`,
    )
  }
  const { kie, defapi, preferred } = config.providers
  return { ...config, providers: { preferred, kie: { ...kie, apiKey: mockKey }, defapi: { ...defapi, apiKey: mockKey } } }
}

/** Something that this command cannot do without is not set. The message names the variable. */
export class MissingSettingError extends Error {
  override readonly name = 'MissingSettingError'
}

/** True when at least one provider can be in a route. */
export function hasProvider({ providers }: Config): boolean {
  return providers.kie.apiKey !== null || providers.defapi.apiKey !== null
}

export function requireProvider(config: Config): void {
  if (hasProvider(config)) return
  throw new MissingSettingError(
    'No provider is configured: set KIE_API_KEY or DEFAPI_KEY, or MOCK_AI=true to use the simulator, which costs nothing.',
  )
}
