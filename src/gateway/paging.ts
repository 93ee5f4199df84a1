// Cursors of lists: opaque, and refused when they are not ours.
import { z } from 'zod'
import { InvalidCursorError } from '../ledger/ledger.ts'
import { notAcceptable } from './plugins/parameters.ts'

const notOurs = 'is not a cursor of ours'

export const cursorSchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,512}$/, notOurs)
  .describe('`nextCursor` of the page before')

export function refuseCursor(error: unknown): never {
  if (!(error instanceof InvalidCursorError)) throw error
  throw notAcceptable([{ field: 'cursor', message: `cursor ${notOurs}` }])
}
