// Where a provider is: checked once, at creation, so that no later failure can be one of configuration.

/** Scheme, host, port and an optional path in front of the provider's own paths, without a slash at the end. */
export function readBaseUrl(provider: string, baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null
  const isUsable = url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.hostname !== ''
  if (!isUsable) throw new TypeError(`${provider}: the base URL is not an http(s) URL`)
  // The base URL is recorded with every attempt, so it must not be able to carry a secret. // I6
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new TypeError(`${provider}: the base URL must not have credentials, a query or a fragment`)
  }
  return url.origin + url.pathname.replace(/\/+$/, '')
}
