// One digest for one request, whatever the order of its members: the ledger tells "the same again" from "another one" by it.
import { createHash } from 'node:crypto'
import type { GenerationRequest } from '../contract/index.ts'

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((entry) => canonical(entry ?? null)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      // By code unit: the same on every machine, whatever its language.
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

/** Hex SHA-256 of the request as canonical JSON: members sorted, `undefined` ones dropped. */
export function requestSha256(request: GenerationRequest): string {
  return createHash('sha256').update(canonical(request)).digest('hex')
}
