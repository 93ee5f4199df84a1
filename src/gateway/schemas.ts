// The answers as zod schemas, for the OpenAPI document. They say what the contract's types say (test/unit/gateway/openapi.test.ts has the
// compiler hold the two together). Answers are not validated while they are served: a word too many must not turn a picture into a 500.
import { z } from 'zod'
import {
  attemptOutcomes,
  attemptStates,
  budgetPeriods,
  costSources,
  failureTypes,
  fidelityLevels,
  generationIdPattern,
  generationStatuses,
  providerNames,
  refusalReasons,
  settlementVerdicts,
  spendModes,
} from '../contract/index.ts'

// An `id` in `meta` gives a schema a name of its own in the document.

export const timeSchema = z.string().meta({ format: 'date-time' })
export const providerSchema = z.enum(providerNames)
export const modeSchema = z.enum(spendModes)
const costSourceSchema = z.enum(costSources)
const costSchema = z.object({ usd: z.number().nullable(), credits: z.number().nullable(), source: costSourceSchema })
const verdictSchema = z.enum(settlementVerdicts)

export const statusSchema = z.enum(generationStatuses)

export const attemptSchema = z.object({
  item: z.int(),
  number: z.int(),
  provider: providerSchema,
  account: z.string(),
  state: z.enum(attemptStates),
  model: z.string(),
  pictures: z.int().describe('that its task was asked for'),
  outcome: z.enum(attemptOutcomes).nullable(),
  reason: z.enum(refusalReasons).nullable(),
  message: z.string().nullable(),
  providerTaskId: z.string().nullable(),
  adopted: z.boolean(),
  activityTries: z.int(),
  submittedAt: timeSchema.nullable(),
  acceptedAt: timeSchema.nullable(),
  finishedAt: timeSchema.nullable(),
  calledBackAt: timeSchema.nullable().describe('when the first callback that names the task came'),
  cost: costSchema,
  possibleExtraCharge: z.boolean().describe('true: this attempt may have been paid although another one served'),
  verdict: verdictSchema.nullable().describe('what looking again found of an attempt that was left open'),
  settledAt: timeSchema.nullable(),
  extraTasks: z
    .array(z.object({ providerTaskId: z.string(), verdict: verdictSchema.nullable(), cost: costSchema }))
    .describe('tasks that the provider made for this attempt beside `providerTaskId`'),
  openClaims: z.int().describe('callbacks named this many other tasks, which nobody has looked up yet'),
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
  spare: z.boolean().describe('true: delivered by an attempt that was left behind'),
})

export const fidelitySchema = z.object({
  level: z.enum(fidelityLevels),
  changes: z.array(z.object({ field: z.string(), asked: z.string(), sent: z.string().nullable(), why: z.string() })),
})

const durationSchema = z.number().nullable()

const failureSchema = z.object({ type: z.enum(failureTypes), message: z.string(), provider: z.exactOptional(providerSchema) })

export const generationSchema = z
  .object({
    id: z.string().regex(generationIdPattern),
    status: statusSchema,
    mode: modeSchema,
    tenant: z.string().describe('whose budget pays'),
    model: z.string(),
    prompt: z.string(),
    count: z.int().describe('pictures that were asked for'),
    createdAt: timeSchema,
    finishedAt: timeSchema.nullable(),
    servedBy: z
      .object({ provider: providerSchema, model: z.string(), providerTaskId: z.string(), item: z.int(), attempt: z.int() })
      .nullable()
      .describe('of several pictures, that of the lowest item that has one'),
    attempts: z.array(attemptSchema),
    images: z.array(imageSchema),
    cost: z.object({ usd: z.number().nullable(), source: costSourceSchema }),
    fidelity: fidelitySchema.nullable(),
    timings: z.object({
      untilSubmitMs: durationSchema,
      submitMs: durationSchema,
      providerMs: durationSchema,
      storeMs: durationSchema,
      totalMs: durationSchema,
    }),
    decisions: z.array(z.object({ at: timeSchema, decision: z.string(), because: z.string() })),
    failure: failureSchema.nullable(),
    itemFailures: z
      .array(failureSchema.extend({ item: z.int() }))
      .describe('of several pictures, those that did not come; `completed` has at least one all the same'),
    metadata: z.record(z.string(), z.string()),
    links: z.object({ self: z.string(), temporal: z.string().nullable() }),
  })
  .meta({ id: 'Generation' })

export const generationListSchema = z
  .object({ generations: z.array(generationSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'GenerationList' })

export const budgetAmountsSchema = z.object({
  tenant: z.string().describe('`*`: all tenants together'),
  period: z.enum(budgetPeriods),
  limitUsd: z.number(),
  usedUsd: z.number().describe('in the period that runs now'),
  reservedUsd: z.number().describe('the worst case of everything that is still open'),
  resetsAt: timeSchema,
})

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
    budget: z
      .exactOptional(budgetAmountsSchema.omit({ resetsAt: true }).extend({ wantedUsd: z.number() }))
      .describe('of `budget_exceeded`: the budget that has no room'),
    resetsAt: z.exactOptional(timeSchema).describe('of `budget_exceeded`: when the budget begins anew'),
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
  402: 'A budget has no room for this picture, or cannot tell because a price is not known; `Retry-After` says when it begins anew',
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
