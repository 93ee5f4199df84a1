// POST /v1/generations/{id}/cancel
//
// 202: the workflow has been told; a paid POST that is on the wire is finished and booked first, so the end comes later.
// 200: it is cancelled already, so asking twice is no error. 409: it has ended in another way, and ends never change (I2); the caller
// must know that there is a picture, or a bill.
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Generation } from '../../contract/index.ts'
import type { RouteDeps } from '../gateway-deps.ts'
import { hasEnded, toAnswer } from '../generation-answer.ts'
import { ProblemError } from '../problem.ts'
import { generationSchema, json, problems } from '../schemas.ts'
import { generationParamsSchema, readExisting } from './read-generation.ts'

export function registerCancelGeneration(app: FastifyInstance, deps: RouteDeps): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    method: 'POST',
    url: '/v1/generations/:id/cancel',
    schema: {
      operationId: 'cancelGeneration',
      summary: 'Cancel a generation',
      params: generationParamsSchema,
      response: {
        200: json('It is cancelled already', generationSchema),
        202: json('The workflow has been told', generationSchema),
        ...problems(400, 404, 409, 413, 415, 422, 503),
      },
    },
    handler: async (request, reply) => {
      refuseContent(request.body)
      const { id } = request.params
      const generation = await readExisting(deps, id)
      if (hasEnded(generation)) return reply.code(200).send(toAnswer(cancelledOnly(generation), deps.links))
      const outcome = await deps.temporal.requestCancel(id)
      if (outcome === 'requested') return reply.code(202).send(toAnswer(generation, deps.links))
      // The workflow is over: either it has ended between our two questions, or it has left its row behind.
      const now = await readExisting(deps, id)
      if (hasEnded(now)) return reply.code(200).send(toAnswer(cancelledOnly(now), deps.links))
      throw new ProblemError('not_running', `No workflow is running for this generation, although it is ${now.status}.`)
    },
  })
}

/** There is nothing to say; whoever says something expects it to be done. */
function refuseContent(body: unknown): void {
  if (body === undefined || JSON.stringify(body) === '{}') return
  throw new ProblemError('invalid_request', 'A cancellation has no body.', { errors: [{ field: '', message: 'must be empty' }] })
}

function cancelledOnly(generation: Generation): Generation {
  if (generation.status === 'cancelled') return generation
  throw new ProblemError('already_ended', `The generation is ${generation.status} and stays so.`)
}
