// The answers as zod schemas, for the OpenAPI document. They say what the contract's types say (test/unit/gateway/openapi.test.ts has the
// compiler hold the two together). Answers are not validated while they are served: a word too many must not turn a picture into a 500.
import { z } from 'zod'
import { generationIdPattern } from '../contract/index.ts'

// An `id` in `meta` gives a schema a name of its own in the document.

const timeSchema = z.string().meta({ format: 'date-time' })
const providerSchema = z.enum(['kie', 'defapi'])
const costSourceSchema = z.enum(['measured', 'estimated', 'none'])

export const statusSchema = z.enum([
  'planning',
  'queued',
  'submitting',
  'waiting',
  'listening',
  'storing',
  'completed',
  'failed',
  'cancelled',
])

const attemptSchema = z.object({
  item: z.int(),
  number: z.int(),
  provider: providerSchema,
  account: z.string(),
  state: z.enum([
    'claimed',
    'sending',
    'accepted',
    'unknown',
    'succeeded',
    'failed',
    'abandoned',
    'rejected',
    'withdrawn',
    'settled',
  ]),
  model: z.string(),
  outcome: z.enum(['succeeded', 'failed', 'rejected', 'exhausted', 'unknown', 'overdue', 'cancelled']).nullable(),
  reason: z
    .enum([
      'content_policy',
      'invalid_input',
      'source_image',
      'auth',
      'no_credits',
      'quota',
      'model_unavailable',
      'rate_limited',
      'maintenance',
      'queue_full',
      'unreachable',
      'provider_fault',
      'empty_result',
      'no_answer',
      'ledger_unavailable',
      'deadline',
      'withdrawn',
    ])
    .nullable(),
  message: z.string().nullable(),
  providerTaskId: z.string().nullable(),
  adopted: z.boolean(),
  activityTries: z.int(),
  submittedAt: timeSchema.nullable(),
  acceptedAt: timeSchema.nullable(),
  finishedAt: timeSchema.nullable(),
  cost: z.object({ usd: z.number().nullable(), credits: z.number().nullable(), source: costSourceSchema }),
  possibleExtraCharge: z.boolean().describe('true: this attempt may have been paid although another one served'),
})

const imageSchema = z.object({
  index: z.int(),
  item: z.int(),
  attempt: z.int(),
  url: z.string().describe('path on this service'),
  sha256: z.string(),
  sizeBytes: z.int(),
  contentType: z.string(),
  width: z.int(),
  height: z.int(),
  provenance: z.enum(['c2pa', 'xmp', 'none']),
})

const failureTypeSchema = z.enum([
  'InvalidRequest',
  'RequestConflict',
  'NoProvider',
  'ContentRefused',
  'InputRefused',
  'ProvidersExhausted',
  'UnknownOutcome',
  'PaidAttemptsExhausted',
  'DeadlineExceeded',
  'ResultUnavailable',
  'ServiceUnavailable',
])

const durationSchema = z.number().nullable()

export const generationSchema = z
  .object({
    id: z.string().regex(generationIdPattern),
    status: statusSchema,
    mode: z.enum(['mock', 'live']),
    model: z.string(),
    prompt: z.string(),
    createdAt: timeSchema,
    finishedAt: timeSchema.nullable(),
    servedBy: z.object({ provider: providerSchema, model: z.string(), providerTaskId: z.string(), attempt: z.int() }).nullable(),
    attempts: z.array(attemptSchema),
    images: z.array(imageSchema),
    cost: z.object({ usd: z.number().nullable(), source: costSourceSchema }),
    fidelity: z
      .object({
        level: z.enum(['exact', 'adapted', 'degraded']),
        changes: z.array(z.object({ field: z.string(), asked: z.string(), sent: z.string().nullable(), why: z.string() })),
      })
      .nullable(),
    timings: z.object({
      untilSubmitMs: durationSchema,
      submitMs: durationSchema,
      providerMs: durationSchema,
      storeMs: durationSchema,
      totalMs: durationSchema,
    }),
    decisions: z.array(z.object({ at: timeSchema, decision: z.string(), because: z.string() })),
    failure: z.object({ type: failureTypeSchema, message: z.string(), provider: z.exactOptional(providerSchema) }).nullable(),
    metadata: z.record(z.string(), z.string()),
    links: z.object({ self: z.string(), temporal: z.string().nullable() }),
  })
  .meta({ id: 'Generation' })

export const generationListSchema = z
  .object({ generations: z.array(generationSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'GenerationList' })

export const problemSchema = z
  .object({
    type: z.string().describe('`urn:darkroom:problem:` and a code'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().describe('the request id, as in `x-request-id`'),
    errors: z.exactOptional(
      z.array(z.object({ field: z.string(), message: z.string(), allowed: z.exactOptional(z.array(z.string())) })),
    ),
  })
  .meta({ id: 'Problem' })

/** Error answers of a route in the document: `problems(404, 503)`. */
export function problems(...statuses: number[]): Record<number, { description: string; content: object }> {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: problemDescriptions[status] ?? 'Error', content: { 'application/problem+json': { schema: problemSchema } } },
    ]),
  )
}

const problemDescriptions: Readonly<Record<number, string>> = {
  400: 'Not readable',
  401: 'The signature is not valid',
  404: 'Not found',
  409: 'The state of the generation does not allow it',
  413: 'The body is too large',
  415: 'Not application/json',
  422: 'Not acceptable; `errors` names the fields',
  429: 'Too many requests',
  503: 'Ledger, Temporal or result store do not answer; see `Retry-After`',
}

/** One JSON answer in the document. */
export function json(description: string, schema: z.ZodType): { description: string; content: object } {
  return { description, content: { 'application/json': { schema } } }
}
