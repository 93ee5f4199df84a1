// What every answer has in common: request id, security headers, one log line, and errors as problem documents.
// Nothing that is logged or answered here contains the request's URL: the path of a callback carries its token (I6).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { LedgerUnavailableError } from '../../ledger/ledger.ts'
import type { Logger } from '../../observability/logger.ts'
import { TemporalUnavailableError } from '../generation-starter.ts'
import { problemContentType, ProblemError, type ProblemCode } from '../problem.ts'

/** No CORS headers at all: other origins may not read us. Nothing here is a page, so nothing may be loaded, framed or guessed. */
const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

export function registerAnswers(app: FastifyInstance, logger: Logger): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).headers(securityHeaders)
  })
  app.addHook('onResponse', async (request, reply) => {
    const fields = { ...fieldsOf(request), status: reply.statusCode, durationMs: Math.round(reply.elapsedTime) }
    logger[reply.statusCode >= 500 ? 'warn' : 'debug'](fields, 'answered')
  })
  app.setErrorHandler((error, request, reply) => {
    sendProblem(reply, toProblemError(error, request, logger))
  })
}

/** Also for requests that never reached a route (bad URL, parameter too long): no hook has run for them. */
export function answerFrameworkError(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): void {
  reply.header('x-request-id', request.id).headers(securityHeaders)
  sendProblem(reply, toProblemError(error, request, logger))
  logger.debug({ ...fieldsOf(request), status: reply.statusCode }, 'answered')
}

function fieldsOf(request: FastifyRequest): { requestId: string; method: string; route: string | null } {
  // the route's pattern, never the path
  return { requestId: request.id, method: request.method, route: request.routeOptions.url ?? null }
}

function sendProblem(reply: FastifyReply, error: ProblemError): void {
  // an error must not be kept by caches, even where the route had already said that its picture may be
  reply
    .code(error.status)
    .headers({ ...securityHeaders, ...error.headers })
    .type(problemContentType)
  // the rest of the body is not wanted, and a connection that goes on waiting for it is of no use
  if (hasUnreadBody(reply.request)) reply.header('connection', 'close')
  reply.send(JSON.stringify(error.toProblem(reply.request.id)))
}

function hasUnreadBody({ raw }: FastifyRequest): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = raw.headers
  return !raw.complete && (length !== '0' || encoding !== undefined)
}

function toProblemError(error: unknown, request: FastifyRequest, logger: Logger): ProblemError {
  if (error instanceof ProblemError) return error
  const fields = { ...fieldsOf(request), err: error }
  if (error instanceof LedgerUnavailableError) {
    logger.warn(fields, 'the ledger does not answer')
    return new ProblemError('ledger_unavailable', 'The ledger cannot be reached just now. Ask again later.')
  }
  if (error instanceof TemporalUnavailableError) {
    logger.warn(fields, 'Temporal does not answer')
    return new ProblemError('temporal_unavailable', 'Temporal cannot be reached just now. Ask again later.')
  }
  const known = knownStatuses[statusCodeOf(error)]
  if (known !== undefined) return new ProblemError(known.code, known.detail)
  logger.error(fields, 'a request met a bug')
  return new ProblemError('internal', 'This is a fault of the service. It is in the log under the request id.')
}

/** Fastify's own refusals. Its messages repeat the URL, so they are not used. */
const knownStatuses: Readonly<Record<number, { code: ProblemCode; detail: string }>> = {
  400: { code: 'malformed_request', detail: 'The request is not well-formed HTTP with a JSON body.' },
  404: { code: 'not_found', detail: 'There is nothing here.' },
  413: { code: 'body_too_large', detail: 'The body is larger than this route accepts.' },
  // a path parameter longer than any id or token that exists
  414: { code: 'not_found', detail: 'There is nothing here.' },
  415: { code: 'unsupported_media_type', detail: 'Send the body as application/json, without content encoding.' },
}

function statusCodeOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500
  return typeof error.statusCode === 'number' ? error.statusCode : 500
}
