// POST /v1/callbacks/{provider}/{token}: the door through which anybody may knock. A callback wakes, it never decides (I12).
//
// Checks, in this order: method → content type → size while streaming → token → the provider's signature → shape → the attempt is one of
// this provider. Then the claim is kept as a hint, the workflow is woken, and only then is the answer 200. A token that is not ours costs one
// decryption, no call to ledger or Temporal, and the same 404 as everything else that does not exist.
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import rateLimit from '@fastify/rate-limit'
import { z } from 'zod'
import type { AttemptRef } from '../../ledger/ledger.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { CallbackClaim, Provider } from '../../providers/provider.ts'
import type { RouteDeps } from '../gateway-deps.ts'
import { ProblemError } from '../problem.ts'
import { json, problems } from '../schemas.ts'

const paramsSchema = z.object({
  provider: z.string().describe('`kie` or `defapi`'),
  token: z.string().describe('sealed by this service; part of the address that the provider was given'),
})
const answerSchema = z.object({ received: z.literal(true) })

export async function registerCallbacks(app: FastifyInstance, deps: RouteDeps): Promise<void> {
  const { limits } = deps
  await app.register(rateLimit, { global: false, cache: 10_000 })
  const countUnknownToken = app.createRateLimit({ max: limits.unknownTokensPerMinute, timeWindow: 60_000 })
  const refs = new WeakMap<IncomingMessage, AttemptRef>()

  // The signature covers what was sent, so the bytes stay as they are.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  app.route<{ Params: { provider: string; token: string } }>({
    method: 'POST',
    url: '/v1/callbacks/:provider/:token',
    bodyLimit: limits.callbackBodyBytes,
    onRequest: async (request) => {
      if (!isJson(request.headers['content-type'])) {
        throw new ProblemError('unsupported_media_type', 'Callbacks are sent as application/json.')
      }
      const ref = deps.tokens.open(request.params.token)
      if (ref !== null) return void refs.set(request.raw, ref)
      // The order of checks stands: a body is read before its token is judged. Only who goes on guessing is turned away unread.
      const verdict = await countUnknownToken(request)
      if (verdict.isAllowed || !verdict.isExceeded) return undefined
      throw new ProblemError('too_many_requests', 'Too many callbacks that belong to nothing.', {
        headers: { 'retry-after': String(verdict.ttlInSeconds) },
      })
    },
    schema: {
      operationId: 'receiveCallback',
      summary: 'For providers: a task may have changed',
      params: paramsSchema,
      body: z.record(z.string(), z.unknown()).describe("the provider's own words; a hint, never believed"),
      response: {
        200: json('Kept, and the workflow has been told', answerSchema),
        ...problems(400, 401, 404, 413, 415, 429, 503),
      },
    },
    validatorCompiler: () => (value: unknown) => ({ value }),
    handler: async (request) => {
      const ref = refs.get(request.raw)
      const provider = [...deps.providers.values()].find(({ name }) => name === request.params.provider)
      if (ref === undefined || provider === undefined) throw nothingHere()
      const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const logger = deps.logger.child({ requestId: request.id, provider: provider.name, ...ref })
      await receive({ ...deps, logger }, provider, ref, { rawBody, headers: request.headers })
      return { received: true }
    },
  })
}

async function receive(
  { ledger, wakes, logger }: RouteDeps,
  provider: Pick<Provider, 'name' | 'readCallback'>,
  ref: AttemptRef,
  { rawBody, headers }: { rawBody: Buffer; headers: FastifyRequest['headers'] },
): Promise<void> {
  const receivedAt = new Date()
  const verdict = provider.readCallback({ rawBody, headers, nowMs: receivedAt.getTime() })
  if (!verdict.ok) {
    logger.warn({ why: safeText(verdict.message) }, 'a callback was refused')
    if (verdict.status === 401) throw new ProblemError('callback_signature', 'The signature does not fit, or is too old.')
    throw new ProblemError('callback_unreadable', 'The body is not a callback of this provider.')
  }
  // The token says which attempt, not at which provider; the door of one that does not sign must not open the other's attempts.
  const attempt = await ledger.readAttempt(ref)
  if (attempt?.provider !== provider.name) throw nothingHere()

  const { claimedTaskId, claimedState } = toPrintable(verdict.claim)
  const bodySha256 = createHash('sha256').update(rawBody).digest('hex')
  // First the hint: whatever happens to the wake, settlement can find the claim later.
  await ledger.keepHint({ ...ref, claimedTaskId, claimedState, bodySha256, receivedAt })
  const { item, attempt: number } = ref
  const wake = { item, attempt: number, claimedTaskId, claimedState, receivedAt: receivedAt.toISOString(), bodySha256 }
  const outcome = await wakes.wake(ref, wake)
  logger.info({ claimedTaskId, claimedState, outcome }, 'a callback was received')
}

/** Claims are somebody's text. What is no plain word is dropped, before the ledger or a history has to hold it. */
function toPrintable({ claimedTaskId, claimedState }: CallbackClaim): CallbackClaim {
  // both providers' ids are far shorter
  const isTaskId = claimedTaskId !== null && /^[\x21-\x7e]{1,128}$/.test(claimedTaskId)
  return {
    claimedTaskId: isTaskId ? claimedTaskId : null,
    claimedState: claimedState === null ? null : safeText(claimedState, 64),
  }
}

function isJson(contentType: string | undefined): boolean {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json'
}

function nothingHere(): ProblemError {
  return new ProblemError('not_found', 'There is nothing here.')
}
