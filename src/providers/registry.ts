// All providers, made once by a composition root. A provider without any key is in it all the same, since callbacks for tasks it once
// took may still come; `accounts` tells who can be in a route.
import { createDefapiProvider } from './defapi/index.ts'
import type { DefapiOptions } from './defapi/index.ts'
import { createKieProvider } from './kie/index.ts'
import type { KieOptions } from './kie/index.ts'
import type { Provider, ProviderName } from './provider.ts'

export interface ProviderOptions {
  kie: KieOptions
  defapi: DefapiOptions
}

export function createProviders(options: ProviderOptions): ReadonlyMap<ProviderName, Provider> {
  return new Map<ProviderName, Provider>([
    ['kie', createKieProvider(options.kie)],
    ['defapi', createDefapiProvider(options.defapi)],
  ])
}
