// GET /v1/generations
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { InvalidCursorError } from '../../ledger/ledger.ts'
import type { RouteDeps } from '../gateway-deps.ts'
import { toAnswer } from '../generation-answer.ts'
import { ProblemError } from '../problem.ts'
import { generationListSchema, json, problems, statusSchema } from '../schemas.ts'

const notOurs = 'is not a cursor of ours'

export function registerListGenerations(app: FastifyInstance, deps: RouteDeps): void {
  const { maxPageSize, defaultPageSize } = deps.limits
  const querySchema = z.strictObject({
    status: statusSchema.optional(),
    limit: z.coerce.number().int().min(1).max(maxPageSize).default(defaultPageSize),
    cursor: z
      .string()
      .regex(/^[\x21-\x7e]{1,512}$/, notOurs)
      .optional()
      .describe('`nextCursor` of the page before'),
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

function refuseCursor(error: unknown): never {
  if (!(error instanceof InvalidCursorError)) throw error
  const errors = [{ field: 'cursor', message: notOurs }]
  throw new ProblemError('malformed_request', 'A parameter of the request is not acceptable.', { errors })
}
