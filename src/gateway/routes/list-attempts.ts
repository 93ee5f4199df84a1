// GET /v1/attempts: every possible extra charge is a row that can be listed, and so is everything else that somebody must look after.
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { attemptConcerns } from '../../ledger/stats-port.ts'
import type { RouteDeps } from '../gateway-deps.ts'
import { cursorSchema, refuseCursor } from '../paging.ts'
import { attemptSchema, json, problems, timeSchema } from '../schemas.ts'

export const attemptListSchema = z.object({
  attempts: z.array(
    attemptSchema.extend({ generationId: z.string(), tenant: z.string(), createdAt: timeSchema }).meta({ id: 'ListedAttempt' }),
  ),
  nextCursor: z.string().nullable(),
})

export function registerListAttempts(app: FastifyInstance, { ledger, mode, limits }: RouteDeps): void {
  const querySchema = z.strictObject({
    filter: z
      .enum(attemptConcerns)
      .default('possible_extra')
      .describe(
        '`possible_extra`: may have been paid beside another one · `confirmed_extra`: was · `owing`: left open and not looked up yet · `unresolved`: nobody could say · `task_conflict`: reply and callback named different tasks',
      ),
    limit: z.coerce.number().int().min(1).max(limits.maxPageSize).default(limits.defaultPageSize),
    cursor: cursorSchema.optional(),
  })
  app.withTypeProvider<ZodTypeProvider>().route({
    method: 'GET',
    url: '/v1/attempts',
    schema: {
      operationId: 'listAttempts',
      summary: 'Attempts that somebody must look after, the newest first',
      querystring: querySchema,
      response: { 200: json('One page', attemptListSchema), ...problems(400, 503) },
    },
    handler: async (request) => {
      const { filter: concern, limit, cursor } = request.query
      return ledger.listAttempts({ mode, concern, limit, ...(cursor === undefined ? {} : { cursor }) }).catch(refuseCursor)
    },
  })
}
