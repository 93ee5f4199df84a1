// The body of `POST /v1/generations` and the argument of `GenerateImage`, as far as it can be judged without knowing the model.
// The gateway makes its OpenAPI description from this schema; what a model takes is checked in parse-request.ts.
import { z } from 'zod'
import type { GenerationRequest } from '../contract/index.ts'
import { reservedFieldProblem } from './provider-options.ts'
import { maxReferenceUrlLength, pictureProblem } from './reference-url.ts'

/** The longest prompt that any provider documents. kie: 20,000 - src/catalog/data/SOURCES.md#kie-market-models */
export const maxPromptLength = 20_000
/** The most reference images that any provider documents. kie: 16 - src/catalog/data/SOURCES.md#kie-market-models */
export const maxReferenceImages = 16
/** Labels, not documents: 16 × 320 characters stay far below the size of a row. */
const maxMetadataEntries = 16
const maxMetadataKeyLength = 64
const maxMetadataValueLength = 256
/** The documented models have at most 12 fields; twice that leaves room for undocumented ones. */
const maxOptionFields = 24
/** As JSON. The largest documented value is a palette of ten colours. */
const maxOptionsLength = 8192
/** Below this nothing could be made: the fastest model on record takes 12 s, the simulator less. */
const minDeadlineMs = 10_000
/** Files of both providers may be gone after a day. */
const maxDeadlineMs = 24 * 60 * 60 * 1000
/** Each is a price. Five fallbacks or resubmits say that the providers are down, not that a sixth would help. */
const maxPaidAttempts = 5
/** The dearest picture in the catalogue costs below one dollar; what is more is a slip of the pen. */
const maxCostLimitUsd = 1000
/** As long as the longest deadline. */
const maxQueueLimitMs = maxDeadlineMs
/** First to last. */
const priorities = { first: 1, last: 5 }
/** A name that can stand in a path, a label and a table as it is. */
const tenantPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
/** The longest negative prompt that any provider documents. kie: 5,000 - src/catalog/data/SOURCES.md#kie-market-models */
const maxNegativePromptLength = 5_000
/** Each stand-in may be asked at two providers; more than the attempts that may be paid would never be reached. */
const maxStandIns = 4
/** Below 64 and above 8192 pixels no documented model has a side. */
const sides = { min: 64, max: 8192 }
/** The common upper end of the providers' own seed fields. */
export const maxSeed = 2_147_483_647

/** A request must not fill the rate window of an account by itself. kie: 20 new tasks in 10 s - test/fixtures/kie/README.md#limits */
const maxCount = 16

/** The longest name or alias has less than half of it. */
const maxModelNameLength = 100

const providerNameSchema = z.enum(['kie', 'defapi'])

const pictureSchema = z
  .string()
  .max(maxReferenceUrlLength)
  .superRefine((value, context) => {
    const problem = pictureProblem(value)
    if (problem !== null && value.length <= maxReferenceUrlLength) context.addIssue({ code: 'custom', message: problem })
  })
  .describe('https address that anybody can fetch (no credentials, no IP address), or `upload:…` as `POST /v1/uploads` answers')

const sizeSchema = z
  .string()
  .regex(/^\d{2,5}x\d{2,5}$/, { error: 'must be width and height in pixels, e.g. 1536x1024', abort: true })
  .refine((value) => value.split('x').every((side) => Number(side) >= sides.min && Number(side) <= sides.max), {
    error: `must have sides of ${sides.min} to ${sides.max} pixels`,
  })

const promptSchema = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .refine((value) => value.trim() !== '', { error: 'must not be empty' })

const nativeOptionsSchema = z.record(z.string().min(1).max(maxMetadataKeyLength), z.unknown()).superRefine((options, context) => {
  const names = Object.keys(options)
  if (names.length > maxOptionFields) context.addIssue({ code: 'custom', message: `must have at most ${maxOptionFields} fields` })
  if ((JSON.stringify(options) ?? '').length > maxOptionsLength) {
    context.addIssue({ code: 'custom', message: `must be at most ${maxOptionsLength} characters as JSON` })
  }
  for (const name of names) {
    const problem = reservedFieldProblem(name)
    if (problem !== null) context.addIssue({ code: 'custom', path: [name], message: problem })
  }
})

const routeSchema = z
  .strictObject({
    providers: z
      .array(providerNameSchema)
      .min(1)
      .max(2)
      .refine((names) => new Set(names).size === names.length, { error: 'must name each provider once' })
      .exactOptional()
      .describe('providers in order of preference; default: the preferred one of the service, then the other one that has a key'),
    prefer: z
      .enum(['order', 'cheapest', 'fastest', 'steadiest'])
      .exactOptional()
      .describe(
        'who of the providers of a model is asked first; by recent attempts where prices do not say, else as in `providers`; default `order`',
      ),
    fallback: z
      .boolean()
      .exactOptional()
      .describe('false: only the first provider that can take the request is asked; default true'),
    onUnknown: z
      .enum(['fallback', 'resubmit', 'fail'])
      .exactOptional()
      .describe('after a submit without a readable answer, and after listening for it; default `fallback`'),
    onOverdue: z
      .enum(['fallback', 'wait'])
      .exactOptional()
      .describe("when an attempt's deadline passes while the provider is still at work; default `fallback`"),
    onRefusal: z.enum(['fail', 'fallback']).exactOptional().describe('when a provider refuses the content; default `fail`'),
    deadlineMs: z
      .int()
      .min(minDeadlineMs)
      .max(maxDeadlineMs)
      .exactOptional()
      .describe('the whole generation must end within this many ms; default 30 minutes'),
    maxPaidAttempts: z
      .int()
      .min(1)
      .max(maxPaidAttempts)
      .exactOptional()
      .describe('attempts per picture that may cost money (accepted or unknown, not proven free); default 2'),
    maxCostUsd: z
      .number()
      .gt(0, { error: 'must be more than 0' })
      .max(maxCostLimitUsd)
      .exactOptional()
      .describe('all attempts together may not cost more than this many USD; whoever would is passed over; default: no limit'),
    maxQueueMs: z
      .int()
      .min(0)
      .max(maxQueueLimitMs)
      .exactOptional()
      .describe('how long to wait in line at one provider before the next one is asked; default 2 minutes'),
    priority: z
      .int()
      .min(priorities.first)
      .max(priorities.last)
      .exactOptional()
      .describe('place in the line at a provider, from 1 (first) to 5 (last); default 3'),
    keepSpares: z
      .boolean()
      .exactOptional()
      .describe('true: a picture that an attempt left behind delivers later is stored as a spare; default false'),
    minimumFidelity: z
      .enum(['exact', 'adapted', 'degraded'])
      .exactOptional()
      .describe('a provider that would have to change more than this is left out of the route; default `degraded`'),
    models: z
      .array(z.string().min(1).max(maxModelNameLength))
      .min(1)
      .max(maxStandIns)
      .exactOptional()
      .describe('other models of the same kind that may stand in, in this order; default: none'),
  })
  .describe('where the picture is made, and what may be spent on it')

/** Also a part of paths: `PUT /v1/budgets/{tenant}/{period}`. */
export const tenantSchema = z
  .string()
  .regex(tenantPattern, {
    error: 'must be 1 to 64 letters, digits, dots, dashes or underscores, and begin with a letter or digit',
  })
  .describe('whose budget pays; default `default`. A label for accounts, not a right')

export const generationRequestSchema = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .max(maxModelNameLength)
      .describe('canonical model name or alias, e.g. `nano-banana`; `GET /v1/models` lists them'),
    prompt: promptSchema(maxPromptLength)
      .exactOptional()
      .describe('what to make; required by all models but those that only work on a picture. Models have limits of their own'),
    referenceImages: z
      .array(pictureSchema)
      .max(maxReferenceImages)
      .exactOptional()
      .describe('pictures to start from; models have limits of their own below this one'),
    mask: pictureSchema
      .exactOptional()
      .describe('picture of the same size as the first reference image: which part to make anew; never dropped'),
    aspectRatio: z
      .string()
      .regex(/^(auto|\d{1,2}:\d{1,2})$/, { error: 'must be width:height, e.g. 16:9, or auto' })
      .exactOptional()
      .describe("e.g. `16:9`; default: the provider's own"),
    resolution: z.string().min(1).max(16).exactOptional().describe('e.g. `1K`, `2K`, `4K`, where the model has a choice'),
    size: sizeSchema.exactOptional().describe('pixels, e.g. `1536x1024`, instead of aspectRatio and resolution'),
    count: z
      .int()
      .min(1)
      .max(maxCount)
      .exactOptional()
      .describe('number of pictures; one task where the model takes the number, else as many tasks; default 1'),
    seed: z.int().min(0).max(maxSeed).exactOptional().describe('recorded as dropped where the model takes none'),
    outputFormat: z.enum(['png', 'jpeg', 'webp']).exactOptional().describe("where the model has it; default: the provider's own"),
    quality: z.enum(['low', 'medium', 'high']).exactOptional().describe('where the model has a choice; high may cost more'),
    background: z.enum(['auto', 'opaque', 'transparent']).exactOptional().describe('where the model has a choice'),
    strength: z
      .number()
      .min(0)
      .max(1)
      .exactOptional()
      .describe('0 keeps the reference image, 1 forgets it; recorded as dropped where the model takes none'),
    negativePrompt: promptSchema(maxNegativePromptLength)
      .exactOptional()
      .describe('what is not to be seen; recorded as dropped where the model takes none'),
    providerOptions: z
      .strictObject({ kie: nativeOptionsSchema.exactOptional(), defapi: nativeOptionsSchema.exactOptional() })
      .exactOptional()
      .describe(
        'extra native fields for one provider, merged into its body last; checked where they are documented, else sent and listed among the changes',
      ),
    route: routeSchema.exactOptional(),
    tenant: tenantSchema.exactOptional(),
    metadata: z
      .record(z.string().min(1).max(maxMetadataKeyLength), z.string().max(maxMetadataValueLength))
      .refine((entries) => Object.keys(entries).length <= maxMetadataEntries, {
        error: `must have at most ${maxMetadataEntries} entries`,
      })
      .exactOptional()
      .describe("the caller's own labels, given back unchanged"),
  })
  .describe('A picture to be made') satisfies z.ZodType<GenerationRequest>

/** The fields that exist at a place in the request, for "did you mean". */
export function knownFieldsAt(path: readonly PropertyKey[]): string[] {
  if (path.length === 0) return Object.keys(generationRequestSchema.shape)
  if (path.length > 1) return []
  if (path[0] === 'route') return Object.keys(routeSchema.shape)
  return path[0] === 'providerOptions' ? [...providerNameSchema.options] : []
}
