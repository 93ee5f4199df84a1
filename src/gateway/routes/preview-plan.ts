// POST /v1/plans: what POST /v1/generations would do with the same body.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { KnownUpload } from '../../catalog/check-uploads.ts'
import { generationRequestSchema } from '../../catalog/request-schema.ts'
import { budgetPeriods } from '../../contract/index.ts'
import type { RouteDeps } from '../gateway-deps.ts'
import { parameterCompiler } from '../plugins/parameters.ts'
import { previewPlan } from '../preview-plan.ts'
import { readRequest } from '../read-request.ts'
import { fidelitySchema, json, modeSchema, problems, providerSchema, timeSchema } from '../schemas.ts'

const plannedSubmitSchema = z.object({
  provider: providerSchema,
  model: z.string().describe("the provider's name"),
  canonicalModel: z.string().describe('ours: that of the request, or of a stand-in'),
  hasKey: z.boolean().describe('false: this gateway has no key for it; the workers may have one'),
  tasks: z.int().describe('provider tasks that would be made'),
  request: z
    .object({
      method: z.literal('POST'),
      url: z.string(),
      headers: z.record(z.string(), z.string()).describe('the key is `***`'),
      body: z.record(z.string(), z.unknown()).describe('as it would be sent; the sealed part of the callback address is `***`'),
    })
    .describe('of the first task'),
  itemSeeds: z
    .object({ field: z.string(), values: z.array(z.union([z.string(), z.number()])) })
    .nullable()
    .describe('task `n`, from 0, is sent the nth of these values in this field'),
  fidelity: fidelitySchema,
  price: z
    .object({ usd: z.number().nullable(), credits: z.number().nullable(), source: z.enum(['list', 'unknown']) })
    .describe('of one task'),
  typicalDurationMs: z.number().nullable(),
  attemptDeadlineMs: z.number(),
})

const policySchema = z.object({
  fallback: z.boolean(),
  onUnknown: z.enum(['fallback', 'resubmit', 'fail']),
  onOverdue: z.enum(['fallback', 'wait']),
  onRefusal: z.enum(['fail', 'fallback']),
  maxPaidAttempts: z.int(),
  maxCostUsd: z.number().nullable(),
  maxQueueMs: z.number(),
  priority: z.int(),
  keepSpares: z.boolean(),
})

export const planPreviewSchema = z
  .object({
    mode: modeSchema,
    tenant: z.string(),
    model: z.string(),
    prompt: z.string(),
    count: z.int().describe('pictures'),
    route: z.array(plannedSubmitSchema).describe('in the order in which they would be asked'),
    left: z.array(z.object({ provider: providerSchema, because: z.string() })).describe('who would not be asked'),
    decisions: z.array(z.object({ decision: z.string(), because: z.string() })),
    policy: policySchema,
    deadlineMs: z.number(),
    missingUploads: z.array(z.string()).describe('uploads that are named and not here: POST /v1/generations would refuse'),
    worstCaseUsd: z.number().nullable().describe('what would be reserved; null: no price in the route is known'),
    budgets: z.array(
      z.object({
        tenant: z.string().describe('`*`: all tenants together'),
        period: z.enum(budgetPeriods),
        limitUsd: z.number(),
        usedUsd: z.number(),
        reservedUsd: z.number(),
        wantedUsd: z.number().nullable(),
        hasRoom: z.boolean().describe('false: POST /v1/generations would answer 402 now'),
        resetsAt: timeSchema,
      }),
    ),
  })
  .meta({ id: 'PlanPreview' })

/** More than a request may name as reference images and mask. */
const maxPromised = 32
/** Nine digits each: a picture of one row may be as long as its pixels are many, 100,000,000. */
const promised = String.raw`[0-9a-f]{64}:\d{1,9}(:\d{1,9}x\d{1,9})?`
const uploadSizesPattern = new RegExp(`^${promised}(,${promised}){0,${maxPromised - 1}}$`)

const querySchema = z.strictObject({
  uploadSizes: z
    .string()
    .regex(uploadSizesPattern, 'must be SHA-256:bytes or SHA-256:bytes:WIDTHxHEIGHT, with commas between')
    .exactOptional()
    .describe(
      'sizes of uploads that are not here yet, so that limits count for them too: `SHA-256:bytes` or `SHA-256:bytes:WIDTHxHEIGHT`, with commas between',
    ),
})

interface Route {
  Querystring: z.infer<typeof querySchema>
}

function readSizes({ uploadSizes }: Route['Querystring']): KnownUpload[] {
  return (uploadSizes?.split(',') ?? []).map((part) => {
    const [sha256 = '', bytes = '', sides] = part.split(':')
    const upload = { sha256, sizeBytes: Number(bytes) }
    if (sides === undefined) return upload
    const [width = 0, height = 0] = sides.split('x').map(Number)
    return { ...upload, width, height }
  })
}

export function registerPreviewPlan(app: FastifyInstance, deps: RouteDeps): void {
  app.route<Route>({
    method: 'POST',
    url: '/v1/plans',
    schema: {
      operationId: 'previewPlan',
      summary: 'What a request would do and cost, without doing it',
      querystring: querySchema,
      body: generationRequestSchema,
      response: {
        200: json(
          'Nothing was written, reserved, started or sent. The workers plan anew, with their keys and the attempts of that moment',
          z.object({ plan: planPreviewSchema }),
        ),
        ...problems(400, 413, 415, 422, 503),
      },
    },
    // As in POST /v1/generations: the catalog's parser answers with better words.
    validatorCompiler: (part) =>
      part.httpPart === 'body' ? (value: unknown) => ({ value }) : parameterCompiler({ ...part, schema: querySchema }),
    handler: async ({ body, query }) => ({ plan: await previewPlan(readRequest(body), readSizes(query), deps) }),
  })
}
