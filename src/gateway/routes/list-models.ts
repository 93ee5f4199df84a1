// GET /v1/models: what may be asked for, so that nobody has to guess a name.
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { listModels } from '../../catalog/list-models.ts'
import { taskKindSchema } from '../../catalog/model-schema.ts'
import { findModel } from '../../catalog/models.ts'
import { unknownModelError } from '../../catalog/parse-request.ts'
import { providerNames } from '../../contract/index.ts'
import { ProblemError } from '../problem.ts'
import { json, problems } from '../schemas.ts'

const modelSchema = z
  .looseObject({
    name: z.string(),
    aliases: z.array(z.string()),
    title: z.string(),
    kind: z.string().describe('what it is first of all for'),
    kinds: z.array(z.string()),
    providers: z
      .record(z.string(), z.unknown())
      .describe('by provider: what it accepts, what counts where a request leaves it out, and what it costs'),
    absent: z.record(z.string(), z.string()).describe('by provider: why it does not offer this model'),
  })
  .meta({ id: 'Model' })

const querySchema = z.strictObject({
  kind: taskKindSchema.exactOptional().describe('only those that do this'),
  provider: z.enum(providerNames).exactOptional().describe('only those that this provider can be asked for'),
  maxPriceUsd: z.coerce.number().positive().exactOptional().describe('only those with a published price up to this'),
})

export function registerListModels(app: FastifyInstance): void {
  const typed = app.withTypeProvider<ZodTypeProvider>()
  typed.route({
    method: 'GET',
    url: '/v1/models',
    schema: {
      operationId: 'listModels',
      summary: 'The models, and what each provider makes of them',
      querystring: querySchema,
      response: { 200: json('The models', z.object({ models: z.array(modelSchema) })), ...problems(400) },
    },
    handler: async ({ query }) => ({ models: listModels(query) }),
  })
  typed.route({
    method: 'GET',
    // Aliases have slashes: they are given percent-encoded.
    url: '/v1/models/:name',
    schema: {
      operationId: 'readModel',
      summary: 'One model, by its name or an alias',
      params: z.object({ name: z.string() }),
      response: { 200: json('The model', modelSchema), ...problems(404) },
    },
    handler: async ({ params: { name } }) => {
      const wanted = findModel(name)?.name
      const model = listModels().find((each) => each.name === wanted)
      if (model === undefined) throw new ProblemError('not_found', `${unknownModelError(name).message}.`.replace('?.', '?'))
      return model
    },
  })
}
