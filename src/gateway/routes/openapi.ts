// GET /openapi.json, made from the schemas of the routes themselves.
import type { FastifyInstance } from 'fastify'
import swagger, { type SwaggerTransformObject } from '@fastify/swagger'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { json } from '../schemas.ts'

/** To be called before the routes are registered. */
export async function registerOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'darkroom',
        version: '1.0.0',
        description:
          'Each picture from a slow, flaky, paid image API as a durable Temporal workflow: paid once and accounted for.',
      },
    },
    transform: jsonSchemaTransform,
    transformObject: withAnswersOnly,
  })
  app.route({
    method: 'GET',
    url: '/openapi.json',
    schema: {
      operationId: 'openApi',
      summary: 'This document',
      response: { 200: json('OpenAPI 3.1', z.record(z.string(), z.unknown())) },
    },
    handler: async () => app.swagger(),
  })
}

/** Each named schema is described twice, as an answer and as `…Input`; no request of ours has a named one. */
const withAnswersOnly: SwaggerTransformObject = (document) => {
  const whole = jsonSchemaTransformObject(document)
  const schemas = 'components' in whole ? whole.components?.schemas : undefined
  for (const name of Object.keys(schemas ?? {})) {
    if (name.endsWith('Input')) delete schemas?.[name]
  }
  return whole
}
