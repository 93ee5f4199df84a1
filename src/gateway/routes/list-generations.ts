// GET /v1/generations
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { RouteDeps } from '../gateway-deps.ts'
import { toAnswer } from '../generation-answer.ts'
import { cursorSchema, refuseCursor } from '../paging.ts'
import { generationListSchema, json, problems, statusSchema } from '../schemas.ts'

export function registerListGenerations(app: FastifyInstance, deps: RouteDeps): void {
  const { maxPageSize, defaultPageSize } = deps.limits
  const querySchema = z.strictObject({
    status: statusSchema.optional(),
    limit: z.coerce.number().int().min(1).max(maxPageSize).default(defaultPageSize),
    cursor: cursorSchema.optional(),
  })

  app.withTypeProvider<ZodTypeProvider>().route({
    method: 'GET',
    url: '/v1/generations',
    schema: {
      operationId: 'listGenerations',
      summary: 'List generations, the newest first',
      querystring: querySchema,
      response: { 200: json('One page', generationListSchema), ...problems(400, 503) },
    },
    handler: async (request) => {
      const { status, cursor, limit } = request.query
      const filter = { limit, ...(status === undefined ? {} : { status }), ...(cursor === undefined ? {} : { cursor }) }
      const page = await deps.ledger.listGenerations(filter).catch(refuseCursor)
      return { ...page, generations: page.generations.map((generation) => toAnswer(generation, deps.links)) }
    },
  })
}
