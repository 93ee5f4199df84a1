// Judges queries, paths and small bodies by the schemas of their routes, and refuses them in the sentences that a request for a picture gets.
import type { FastifySchemaCompiler } from 'fastify'
import { z } from 'zod'
import { sentencesOf } from '../../catalog/request-sentences.ts'
import type { Judged } from '../../catalog/request-sentences.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { FieldError } from '../problem.ts'
import { ProblemError } from '../problem.ts'

/** A bug of a route whose schema is none of zod's comes out when the gateway is built. */
export const parameterCompiler: FastifySchemaCompiler<unknown> = ({ schema, httpPart }) => {
  if (!(schema instanceof z.ZodType)) throw new TypeError(`the schema of a route's ${httpPart} is not one of zod`)
  const names = namesIn(schema)
  const word = httpPart === 'body' ? 'field' : 'parameter'
  const judged: Judged = { word, knownAt: (path) => (path.length === 0 ? names : []) }
  return (value: unknown) => {
    const parsed = schema.safeParse(value, { reportInput: true })
    return parsed.success ? { value: parsed.data } : { error: notAcceptable(sentencesOf(parsed.error.issues, judged), word) }
  }
}

/** The members of an object, also where it may be missing. */
function namesIn(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape)
  const inner = schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? schema.unwrap() : null
  return inner instanceof z.ZodType ? namesIn(inner) : []
}

/** `malformed_request`; `message` of each error is a sentence that begins with its field. */
export function notAcceptable(errors: readonly FieldError[], word: Judged['word'] = 'parameter'): ProblemError {
  // 1,000: the longest is a list of allowed values
  const printable = errors.map((error) => ({ ...error, message: safeText(error.message, 1_000) }))
  return new ProblemError('malformed_request', `A ${word} of the request is not acceptable.`, { errors: printable })
}
