// Where the next page of a listing begins. Opaque to callers, so that the order can change without them.
import { InvalidCursorError } from './ledger.ts'

/** One page holds at most this many, so that a reader cannot ask for the whole table. */
export const maxPageSize = 100

export interface PageStart {
  createdAt: Date
  id: string
}

export function toCursor({ createdAt, id }: PageStart): string {
  return Buffer.from(JSON.stringify([createdAt.getTime(), id])).toString('base64url')
}

export function readCursor(cursor: string): PageStart {
  const value = parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  if (Array.isArray(value) && value.length === 2) {
    const [ms, id]: unknown[] = value
    // 8.64e15: the last moment a Date can hold
    if (
      typeof ms === 'number' &&
      Number.isInteger(ms) &&
      Math.abs(ms) <= 8.64e15 &&
      typeof id === 'string' &&
      !id.includes('\0')
    ) {
      return { createdAt: new Date(ms), id }
    }
  }
  throw new InvalidCursorError('The cursor is not one that this ledger gave out')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
