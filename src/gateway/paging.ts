// Cursors of lists: opaque, and refused when they are not ours.
import { z } from 'zod'
import { InvalidCursorError } from '../ledger/ledger.ts'
import { ProblemError } from './problem.ts'

const notOurs = 'is not a cursor of ours'

export const cursorSchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,512}$/, notOurs)
  .describe('`nextCursor` of the page before')

export function refuseCursor(error: unknown): never {
  if (!(error instanceof InvalidCursorError)) throw error
  const errors = [{ field: 'cursor', message: notOurs }]
  throw new ProblemError('malformed_request', 'A parameter of the request is not acceptable.', { errors })
}
