// POST /v1/generations
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { requestSha256 } from '../../catalog/request-digest.ts'
import { generationRequestSchema } from '../../catalog/request-schema.ts'
import { defaultTenant } from '../../contract/index.ts'
import { acceptGeneration } from '../accept-generation.ts'
import type { RouteDeps } from '../gateway-deps.ts'
import { generationPath, hasEnded, toAnswer } from '../generation-answer.ts'
import { generationIdOfKey, newGenerationId, readIdempotencyKey, sha256 } from '../idempotency.ts'
import { requireUploads } from '../named-uploads.ts'
import { priceRequest } from '../price-request.ts'
import { notAcceptable, readRequest } from '../read-request.ts'
import { wasAccepted } from '../was-accepted.ts'
import { generationSchema, json, problems } from '../schemas.ts'
import { createWaitingRoom, readWaitMs } from '../waiting-room.ts'

const headersSchema = z.object({
  'idempotency-key': z.string().min(1).max(255).optional().describe('the same key and body give the same generation'),
  prefer: z.string().optional().describe('`wait=N`: answer when the generation has ended, at the latest after N seconds'),
})

export function registerCreateGeneration(app: FastifyInstance, deps: RouteDeps): void {
  const { limits, links } = deps
  const waitingRoom = createWaitingRoom(deps.ledger, limits)

  app.route({
    method: 'POST',
    url: '/v1/generations',
    schema: {
      operationId: 'createGeneration',
      summary: 'Ask for a picture',
      headers: headersSchema,
      body: generationRequestSchema,
      response: {
        200: json('Ended: a replay of a generation that has ended, or the end came within `Prefer: wait`', generationSchema),
        202: json('Accepted; `Location` names the generation', generationSchema),
        ...problems(400, 402, 413, 415, 422, 503),
      },
    },
    // The schemas are for the document: the catalog's parser knows the models and answers with better words.
    validatorCompiler: () => (value: unknown) => ({ value }),
    handler: async (request, reply) => {
      const key = readIdempotencyKey(request.headers)
      const wanted = readRequest(request.body)
      const earlierId = key === null ? null : generationIdOfKey(key)
      const uploads = await requireUploads(deps, wanted, earlierId)
      const { worstCaseUsd, unpriced, refusal } = await priceRequest(wanted, uploads, deps)
      if (refusal !== null && !(await wasAccepted(deps.ledger, earlierId))) throw notAcceptable(refusal)
      const row = {
        id: earlierId ?? newGenerationId(),
        requestSha256: requestSha256(wanted),
        request: wanted,
        mode: deps.mode,
        idempotencySha256: key === null ? null : sha256(key),
        tenant: wanted.tenant ?? defaultTenant,
        worstCaseUsd,
      }
      const { generation, replayed } = await acceptGeneration(deps, row, unpriced)
      const waitMs = readWaitMs(request.headers['prefer'], limits.maxWaitMs)
      const waited = waitMs === null ? null : await waitingRoom.waitForEnd(generation, waitMs, leftOrClosing(reply, deps.closing))
      const answer = toAnswer(waited ?? generation, links)
      reply.code(hasEnded(answer) ? 200 : 202).header('location', generationPath(answer.id))
      if (replayed) reply.header('idempotent-replayed', 'true')
      if (waitMs !== null && waited !== null) reply.header('preference-applied', `wait=${Math.round(waitMs / 1_000)}`)
      return answer
    },
  })
}

/** Aborted when the caller has gone or the gateway closes. */
function leftOrClosing(reply: FastifyReply, closing: AbortSignal): AbortSignal {
  const left = new AbortController()
  reply.raw.once('close', () => left.abort())
  return AbortSignal.any([left.signal, closing])
}
