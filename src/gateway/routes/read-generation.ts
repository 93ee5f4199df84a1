// GET /v1/generations/{id}
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { generationIdPattern, type Generation } from '../../contract/index.ts'
import type { RouteDeps } from '../gateway-deps.ts'
import { toAnswer } from '../generation-answer.ts'
import { ProblemError } from '../problem.ts'
import { generationSchema, json, problems } from '../schemas.ts'

export const generationParamsSchema = z.object({ id: z.string() })

export function registerReadGeneration(app: FastifyInstance, deps: RouteDeps): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    method: 'GET',
    url: '/v1/generations/:id',
    schema: {
      operationId: 'readGeneration',
      summary: 'Read a generation',
      params: generationParamsSchema,
      response: { 200: json('The generation', generationSchema), ...problems(404, 503) },
    },
    handler: async (request) => toAnswer(await readExisting(deps, request.params.id), deps.links),
  })
}

/** A malformed id is one that does not exist: the same answer, and no question to the ledger. */
export async function readExisting({ ledger }: Pick<RouteDeps, 'ledger'>, generationId: string): Promise<Generation> {
  const generation = generationIdPattern.test(generationId) ? await ledger.readGeneration(generationId) : null
  if (generation === null) throw new ProblemError('not_found', 'There is no generation with this id.')
  return generation
}
