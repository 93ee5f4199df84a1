// GET /v1/stats: what a period cost and brought, by provider and model.
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { tenantSchema } from '../../catalog/request-schema.ts'
import type { RouteDeps } from '../gateway-deps.ts'
import { ProblemError } from '../problem.ts'
import { json, modeSchema, problems, providerSchema, timeSchema } from '../schemas.ts'

const dayMs = 24 * 60 * 60 * 1_000

const momentSchema = z.iso.datetime({ offset: true, error: 'must be a time such as 2026-11-22T00:00:00Z' })

const querySchema = z.strictObject({
  from: momentSchema.optional().describe('attempts made at or after; default: 24 hours before `to`'),
  to: momentSchema.optional().describe('attempts made before; default: now'),
  tenant: tenantSchema.optional().describe('only of this one'),
})

export const statsSchema = z
  .object({
    from: timeSchema,
    to: timeSchema,
    mode: modeSchema,
    generations: z.object({ made: z.int(), completed: z.int(), failed: z.int(), cancelled: z.int(), open: z.int() }),
    costUsd: z.number(),
    providers: z.array(
      z.object({
        provider: providerSchema,
        model: z.string(),
        attempts: z.int(),
        served: z.int(),
        successShare: z.number().nullable().describe('succeeded ÷ (succeeded, failed, rejected, or left at a deadline)'),
        timeToPictureP50Ms: z.number().nullable(),
        timeToPictureP95Ms: z.number().nullable(),
        costPerPictureUsd: z.number().nullable().describe('failed attempts included'),
        costUsd: z.number(),
        measuredUsd: z.number().describe("part of `costUsd` that is the provider's own word"),
        credits: z.number().nullable(),
        unknown: z.int().describe('submits without a readable answer'),
        adopted: z.int().describe('of these, found again through a callback'),
        owing: z.int(),
        extraCharges: z.int(),
        extraChargesUsd: z.number(),
        unresolved: z.int(),
      }),
    ),
    taskConflicts: z.int().describe('attempts whose reply and callback named different tasks'),
  })
  .meta({ id: 'Stats' })

export function registerStats(app: FastifyInstance, { ledger, mode }: RouteDeps): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    method: 'GET',
    url: '/v1/stats',
    schema: {
      operationId: 'readStats',
      summary: 'What a period cost and brought, by provider and model',
      querystring: querySchema,
      response: { 200: json('Counted from the ledger', statsSchema), ...problems(400, 503) },
    },
    handler: async (request) => {
      const { tenant } = request.query
      const to = request.query.to === undefined ? new Date() : new Date(request.query.to)
      const from = request.query.from === undefined ? new Date(to.getTime() - dayMs) : new Date(request.query.from)
      if (from >= to) {
        const errors = [{ field: 'from', message: `from must be before ${to.toISOString()}` }]
        throw new ProblemError('malformed_request', 'The period ends before it begins.', { errors })
      }
      return ledger.readStats({ mode, from, to, ...(tenant === undefined ? {} : { tenant }) })
    },
  })
}
