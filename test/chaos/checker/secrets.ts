// I6: no secret in histories, logs, answers, database.
import type { Check, Finding, SearchRecord } from './records.ts'

/** What to look for, by name. */
export type Canaries = Readonly<Record<string, string | RegExp>>

/** Addresses of callbacks carry the attempt's token, result links are bearer secrets: neither may be written down anywhere. */
export const secretShapes: Canaries = {
  'callback token': /\/v1\/callbacks\/(?:kie|defapi)\/v1\.[\w-]{8}\.[\w-]{40,}/,
  'bearer header': /bearer [\w-]{16,}/i,
}

export function search(where: string, text: string, canaries: Canaries): SearchRecord {
  const found = Object.entries(canaries)
    .filter(([, secret]) => (typeof secret === 'string' ? text.includes(secret) : secret.test(text)))
    .map(([name]) => name)
  return { where, sizeBytes: text.length, found }
}

export const checkSecrets: Check = (records): Finding => {
  const breaches = records.searches.flatMap(({ where, found }) => found.map((name) => `${name} in ${where}`))
  for (const { where, sizeBytes } of records.searches)
    if (sizeBytes === 0) breaches.push(`${where} was empty: nothing was searched`)
  const bytes = records.searches.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return {
    id: 'I6',
    title: 'no secret is written down',
    checked: records.searches.length,
    breaches,
    note: `${(bytes / 1_048_576).toFixed(1)} MiB searched`,
    notChecked: null,
  }
}
