import type { Config } from '../config/config.ts'
import type { Secret } from '../config/secret.ts'

/** Every secret of the configuration, for the logger to take out of whatever it writes (I6). */
export function secretsOf({ providers, databaseUrl, callbackSecret, callbackSecretPrevious }: Config): string[] {
  const secrets: (Secret | null)[] = [
    ...[...providers.kie.accounts, ...providers.defapi.accounts].map(({ apiKey }) => apiKey),
    databaseUrl,
    callbackSecret,
    callbackSecretPrevious,
  ]
  return [...secrets, ...providers.kie.webhookHmacKeys].flatMap((secret) => (secret === null ? [] : [secret.reveal()]))
}
