// Links in a provider's reply. Unverified input: whether they may be fetched is for the download guard to say, which also refuses
// plain http unless it is told otherwise (the simulator on the loopback has no https).

/** More pictures than any model returns (most on record: 6). */
const maxSourceUrls = 32

/** Longer than any link on record, signed ones included. */
const maxUrlLength = 2_048

export function isWebUrl(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxUrlLength && /^https?:\/\//i.test(value) && URL.canParse(value)
}

/** Well-formed web links, in order, each once. */
export function keepWebUrls(values: readonly unknown[]): string[] {
  return [...new Set(values.filter(isWebUrl))].slice(0, maxSourceUrls)
}
