// The secret part of a callback URL. It seals which attempt a callback belongs to, so that the gateway needs no table: opaque to the
// provider, unguessable, one per attempt. How it is sealed: `sealed-text.ts`.
import { createSealer, tokenLength } from './sealed-text.ts'
import type { TokenSecrets } from './sealed-text.ts'

/** Names one attempt, as the ledger does. */
export interface CallbackRef {
  generationId: string
  /** from 0 */
  item: number
  /** from 1 */
  attempt: number
}

export interface CallbackTokens {
  /** One path segment that needs no escaping. Each call gives another token. Throws a RangeError for a reference that cannot exist. */
  seal(ref: CallbackRef): string
  /** Null for whatever was not sealed with one of our keys. */
  open(token: string): CallbackRef | null
}

const maxIdBytes = 200 // longest generation id
const maxNumber = 999_999 // of items and attempts: six digits bound the length
const maxTextBytes = '999999.999999.'.length + maxIdBytes
/** Longest token there is. A router with a limit on path parameters must allow this many characters. */
export const maxTokenLength = tokenLength(maxTextBytes)

const sealedPattern = /^(\d{1,6})\.(\d{1,6})\.([^]+)$/

export function createCallbackTokens(secrets: TokenSecrets): CallbackTokens {
  const sealer = createSealer('callback', secrets, maxTextBytes)
  return {
    seal: (ref) => sealer.seal(toText(ref)),
    open: (token) => readRef(sealer.open(token)),
  }
}

function toText({ generationId, item, attempt }: CallbackRef): string {
  const idLength = Buffer.byteLength(generationId)
  if (idLength === 0 || idLength > maxIdBytes)
    throw new RangeError(`a generation id has 1 to ${maxIdBytes} bytes, this one ${idLength}`)
  if (!isCount(item, 0) || !isCount(attempt, 1)) throw new RangeError(`no such attempt: item ${item}, attempt ${attempt}`)
  return `${item}.${attempt}.${generationId}`
}

function readRef(text: string | null): CallbackRef | null {
  const [, item, attempt, generationId] = sealedPattern.exec(text ?? '') ?? []
  if (item === undefined || attempt === undefined || generationId === undefined) return null
  return { generationId, item: Number(item), attempt: Number(attempt) }
}

function isCount(value: number, least: number): boolean {
  return Number.isInteger(value) && value >= least && value <= maxNumber
}
