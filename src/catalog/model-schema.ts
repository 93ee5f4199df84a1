// The shape of a model's entry. A model is data: adding one means adding an entry under `data/`, and nothing else.
// An entry says what the model is called by us, and for each provider either what that provider calls it, which native fields
// it takes and which of our parameters go into which of them, or why the provider is not offered.
import { z } from 'zod'

/** Where a fact comes from, so that a reader can judge it and a later probe knows what to refresh. */
export const evidenceSchema = z.strictObject({
  /** `documented` by the provider · `recorded` real traffic · `observed` in independent public clients · `inferred` by us */
  how: z.enum(['documented', 'recorded', 'observed', 'inferred']),
  /** of the source: day, or month where the day is not known */
  date: z.string().regex(/^\d{4}-\d{2}(-\d{2})?$/),
  source: z.string().regex(/^src\/catalog\/data\/SOURCES\.md#(kie|defapi)-[a-z0-9-]+$/),
  note: z.string().min(1).optional(),
})
export type Evidence = z.infer<typeof evidenceSchema>

const scalarSchema = z.union([z.string(), z.number(), z.boolean()])

const fieldCommon = {
  /** the provider refuses a body without it */
  required: z.literal(true).optional(),
  /** sent when the request says nothing: providers refuse bodies that leave a required field to its documented default */
  send: scalarSchema.optional(),
  note: z.string().min(1).optional(),
  /** only where it differs from the entry's own `evidence.interface` */
  evidence: evidenceSchema.optional(),
}

/** One native field as the provider documents it. */
export const nativeFieldSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('string'),
    minLength: z.int().min(0).optional(),
    maxLength: z.int().min(1).optional(),
    /** closed list; with `pattern` a value may match either */
    values: z.array(z.string().min(1)).min(1).optional(),
    pattern: z.string().min(1).optional(),
    ...fieldCommon,
  }),
  z.strictObject({ type: z.literal('integer'), min: z.int().optional(), max: z.int().optional(), ...fieldCommon }),
  z.strictObject({ type: z.literal('number'), min: z.number().optional(), max: z.number().optional(), ...fieldCommon }),
  z.strictObject({ type: z.literal('boolean'), ...fieldCommon }),
  z.strictObject({ type: z.literal('url'), ...fieldCommon }),
  z.strictObject({ type: z.literal('urls'), minItems: z.int().min(1).optional(), maxItems: z.int().min(1), ...fieldCommon }),
])
export type NativeField = z.infer<typeof nativeFieldSchema>

/** Our value → theirs, where they spell it otherwise; without it the field's own `values` are ours too. */
const valueMapSchema = z.record(z.string(), z.string())

/** Which native field carries which of our parameters. A parameter that is not named here cannot be honoured. */
export const parametersSchema = z.strictObject({
  prompt: z.strictObject({ field: z.string() }),
  aspectRatio: z
    .union([
      z.strictObject({ field: z.string(), values: valueMapSchema.optional() }),
      /** written behind the prompt, e.g. `--ar 16:9` */
      z.strictObject({ promptFlag: z.string().regex(/^--[a-z]+$/), ratios: z.array(z.string()).min(1) }),
    ])
    .optional(),
  resolution: z
    .union([
      z.strictObject({ field: z.string(), values: valueMapSchema.optional() }),
      /** the provider has one field for both: resolution → aspect ratio → value of the aspect ratio's field */
      z.strictObject({ sizes: z.record(z.string(), valueMapSchema) }),
    ])
    .optional(),
  outputFormat: z.strictObject({ field: z.string(), values: valueMapSchema.optional() }).optional(),
  seed: z.strictObject({ field: z.string() }).optional(),
  referenceImages: z.strictObject({ field: z.string() }).optional(),
})
export type NativeParameters = z.infer<typeof parametersSchema>

/** A combination of values that the provider refuses; `null` stands for a field that is left out. */
export const refusedCombinationSchema = z.strictObject({
  when: z.record(z.string(), z.array(z.string().nullable()).min(1)),
  why: z.string().min(1),
})

/** List price of one task. */
export const priceSchema = z.strictObject({
  unit: z.enum(['credits', 'usd']),
  /** `megapixel`: the estimate cannot know the size, so it is unknown until the provider says */
  per: z.enum(['task', 'image', 'megapixel']),
  /** a number, or amounts by the value of one native field with the value that counts when the field is left out */
  amount: z.union([
    z.number().nonnegative(),
    z.strictObject({ field: z.string(), whenUnset: z.string(), amounts: z.record(z.string(), z.number().nonnegative()) }),
  ]),
  /** what each reference image beyond the free ones adds */
  referenceImage: z.strictObject({ amount: z.number().positive(), free: z.int().min(0) }).optional(),
})
export type Price = z.infer<typeof priceSchema>

export const taskKindSchema = z.enum([
  'text-to-image',
  'image-to-image',
  'upscale',
  'background-removal',
  'layer-decomposition',
  'segmentation',
])
export type TaskKind = z.infer<typeof taskKindSchema>

/** One model of one provider. */
export const nativeModelSchema = z.strictObject({
  /** endpoint family, as in `ProviderRequest` */
  api: z.string().min(1),
  /** the provider's name; null where the endpoint implies it */
  model: z.string().min(1).nullable(),
  kinds: z.array(taskKindSchema).min(1),
  fields: z.record(z.string(), nativeFieldSchema),
  parameters: parametersSchema,
  refuses: z.array(refusedCombinationSchema).optional(),
  /** null: nobody has published one */
  price: priceSchema.nullable(),
  /** null: never measured */
  typicalDurationMs: z.int().positive().nullable(),
  evidence: z.strictObject({
    interface: evidenceSchema,
    price: evidenceSchema,
    duration: evidenceSchema.nullable(),
    /** null: only documented, nobody is known to have seen it work */
    seenWorking: evidenceSchema.nullable(),
  }),
})
export type NativeModel = z.infer<typeof nativeModelSchema>

/** What a provider has for a model: its native models (the first that fits the request is used), or nothing, and why. */
export const offerSchema = z.union([
  z.strictObject({ natives: z.array(nativeModelSchema).min(1) }),
  z.strictObject({ absent: z.string().min(1), evidence: evidenceSchema }),
])
export type Offer = z.infer<typeof offerSchema>

export const modelSchema = z.strictObject({
  /** ours: what callers write */
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  /** other spellings that mean the same model, lower case; mostly the providers' own names */
  aliases: z.array(z.string().regex(/^[a-z0-9][a-z0-9./-]*$/)),
  title: z.string().min(1),
  providers: z.strictObject({ kie: offerSchema, defapi: offerSchema }),
})
export type Model = z.infer<typeof modelSchema>
