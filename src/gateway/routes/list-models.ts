// GET /v1/models: what may be asked for, so that nobody has to guess a name.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { listModels } from '../../catalog/list-models.ts'
import { json } from '../schemas.ts'

const modelSchema = z.looseObject({
  name: z.string(),
  aliases: z.array(z.string()),
  title: z.string(),
  kinds: z.array(z.string()),
  providers: z.record(z.string(), z.unknown()).describe('by provider: what it accepts and what it costs'),
  absent: z.record(z.string(), z.string()).describe('by provider: why it does not offer this model'),
})

export function registerListModels(app: FastifyInstance): void {
  app.route({
    method: 'GET',
    url: '/v1/models',
    schema: {
      operationId: 'listModels',
      summary: 'The models, and what each provider makes of them',
      response: { 200: json('All models', z.object({ models: z.array(modelSchema) })) },
    },
    handler: async () => ({ models: listModels() }),
  })
}
