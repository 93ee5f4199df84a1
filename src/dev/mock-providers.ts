// MOCK_AI: both providers are the simulator. Whatever keys and addresses the environment holds, none of them is used (real money).
import type { Config } from '../config/config.ts'
import { Secret } from '../config/secret.ts'
import type { Account } from '../config/values.ts'
import { defaultAccount } from '../config/values.ts'
import type { Simulator } from '../simulator/simulator.ts'

/** The simulator takes any key; the real ones must not even come near it. One for each account, since it counts limits and credits by key. */
export function mockKeyOf(account: string): string {
  return account === defaultAccount ? 'mock' : `mock-${account}`
}

/** The accounts that are configured, by name only; one where there are none, since a simulated provider is always there. */
function mockAccounts(accounts: readonly Account[]): Account[] {
  const names = accounts.length === 0 ? [defaultAccount] : accounts.map(({ name }) => name)
  return names.map((name) => ({ name, apiKey: new Secret(mockKeyOf(name)) }))
}

export type SimulatorAddresses = Pick<Simulator, 'kieUrl' | 'kieUploadUrl' | 'defapiUrl' | 'filesUrl'>

/** The configuration as it counts when the simulator stands for both providers. */
export function withSimulator(config: Config, simulator: SimulatorAddresses): Config {
  const { preferred, kie, defapi } = config.providers
  return {
    ...config,
    mockAi: true,
    providers: {
      preferred,
      kie: {
        accounts: mockAccounts(kie.accounts),
        baseUrl: simulator.kieUrl,
        uploadBaseUrl: simulator.kieUploadUrl,
        webhookHmacKeys: [],
      },
      defapi: { accounts: mockAccounts(defapi.accounts), baseUrl: simulator.defapiUrl },
    },
    // Its result links are plain http on this machine.
    downloadAllow: [...config.downloadAllow, new URL(simulator.filesUrl).host],
  }
}

/** MOCK_AI without a simulator of our own: a `darkroom simulate` elsewhere must be named, or real hosts would be asked. */
export function withNamedSimulator(config: Config): Config {
  const needed = ['KIE_BASE_URL', 'KIE_UPLOAD_BASE_URL', 'DEFAPI_BASE_URL']
  const missing = needed.filter((name) => !config.setVariables.includes(name))
  if (missing.length > 0) {
    throw new MissingSettingError(
      `MOCK_AI=true needs a simulator here: start \`darkroom simulate\` and set ${missing.join(', ')} as it says.`,
    )
  }
  const { kie, defapi, preferred } = config.providers
  return {
    ...config,
    providers: {
      preferred,
      kie: { ...kie, accounts: mockAccounts(kie.accounts) },
      defapi: { ...defapi, accounts: mockAccounts(defapi.accounts) },
    },
  }
}

/** Something that this command cannot do without is not set. The message names the variable. */
export class MissingSettingError extends Error {
  override readonly name = 'MissingSettingError'
}

/** True when at least one provider can be in a route. */
export function hasProvider({ providers }: Config): boolean {
  return providers.kie.accounts.length > 0 || providers.defapi.accounts.length > 0
}

export function requireProvider(config: Config): void {
  if (hasProvider(config)) return
  throw new MissingSettingError(
    'No provider is configured: set KIE_API_KEY or DEFAPI_KEY, or MOCK_AI=true to use the simulator, which costs nothing.',
  )
}
