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
  /** what the provider says it assumes when the field is left out */
  default: scalarSchema.optional(),
  /** the same in words, where it is not one value alone */
  assumes: z.string().min(1).optional(),
  /** sent when the request says nothing: providers refuse bodies that leave a required field to its documented default */
  send: scalarSchema.optional(),
  /** required, but nothing in our request means it: the caller gives it in `providerOptions` */
  callerGives: z.literal(true).optional(),
  note: z.string().min(1).optional(),
  /** only where it differs from the entry's own `evidence.interface` */
  evidence: evidenceSchema.optional(),
}

const itemCounts = { minItems: z.int().min(1).optional(), maxItems: z.int().min(1).optional() }

const scalarFields = [
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
] as const

const itemSchema = z.discriminatedUnion('type', [...scalarFields])
const objectItemSchema = z.strictObject({ type: z.literal('object'), members: z.record(z.string(), itemSchema) })
const listItemSchema = z.strictObject({ type: z.literal('list'), of: itemSchema, ...itemCounts })
/** As deep as any documented field: boxes of numbers for each picture. */
const nestedListSchema = z.strictObject({ type: z.literal('list'), of: listItemSchema, ...itemCounts })

const pixelCount = z.int().positive().optional()

/** Of each picture behind an address, where the provider says. */
export const pixelLimitsSchema = z.strictObject({
  minSide: pixelCount,
  maxSide: pixelCount,
  /** width times height */
  minPixels: pixelCount,
  maxPixels: pixelCount,
  /** long side by short side */
  maxRatio: z.number().positive().optional(),
  /** as wide and as high as the picture in this field of the same body */
  sameSizeAs: z.string().optional(),
})
export type PixelLimits = z.infer<typeof pixelLimitsSchema>

/** of each picture behind the address, where the provider says */
const pictureLimits = { maxSizeBytes: z.int().positive().optional(), pixels: pixelLimitsSchema.optional() }

/** One native field as the provider documents it. */
export const nativeFieldSchema = z.discriminatedUnion('type', [
  ...scalarFields,
  z.strictObject({ type: z.literal('boolean'), ...fieldCommon }),
  z.strictObject({ type: z.literal('url'), ...pictureLimits, ...fieldCommon }),
  z.strictObject({ type: z.literal('urls'), ...pictureLimits, ...itemCounts, ...fieldCommon }),
  z.strictObject({
    type: z.literal('list'),
    of: z.union([itemSchema, objectItemSchema, nestedListSchema]),
    ...itemCounts,
    ...fieldCommon,
  }),
])
export type NativeField = z.infer<typeof nativeFieldSchema>
/** What a list holds. */
export type ListItem =
  | z.infer<typeof itemSchema>
  | z.infer<typeof objectItemSchema>
  | z.infer<typeof listItemSchema>
  | z.infer<typeof nestedListSchema>

/** Our value → theirs, where they spell it otherwise; without it the field's own `values` are ours too. */
const valueMapSchema = z.record(z.string(), z.string())

/** Which native field carries which of our parameters. A parameter that is not named here cannot be honoured. */
export const parametersSchema = z.strictObject({
  /** none for models that work on a picture alone */
  prompt: z.strictObject({ field: z.string() }).optional(),
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
  /** width and height in pixels, `1536x1024`: from the field's list, or any that keeps the rule */
  size: z
    .strictObject({
      field: z.string(),
      rule: z
        .strictObject({
          multipleOf: z.int().positive(),
          maxSide: z.int().positive(),
          /** long side by short side */
          maxRatio: z.number().positive(),
          minPixels: z.int().positive(),
          maxPixels: z.int().positive(),
        })
        .optional(),
    })
    .optional(),
  outputFormat: z.strictObject({ field: z.string(), values: valueMapSchema.optional() }).optional(),
  /** values of a yes-or-no field are written `true` and `false` */
  quality: z.strictObject({ field: z.string(), values: valueMapSchema }).optional(),
  background: z.strictObject({ field: z.string(), values: valueMapSchema.optional() }).optional(),
  seed: z.strictObject({ field: z.string() }).optional(),
  /** 0 keeps the picture that is given, 1 forgets it */
  strength: z.strictObject({ field: z.string() }).optional(),
  negativePrompt: z.strictObject({ field: z.string() }).optional(),
  /** number of pictures of one task; `max` where the field takes more only together with something that we do not send */
  count: z.strictObject({ field: z.string(), max: z.int().min(2).optional() }).optional(),
  /** one field; or several that are filled in this order, as many pictures into each as it takes */
  referenceImages: z
    .union([z.strictObject({ field: z.string() }), z.strictObject({ fields: z.array(z.string()).min(2) })])
    .optional(),
  mask: z.strictObject({ field: z.string() }).optional(),
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
  /** `megapixel`, `output`: the estimate cannot know how many, so it is unknown until the provider says */
  per: z.enum(['task', 'image', 'megapixel', 'output']),
  /**
   * A number; or amounts by the value of one native field, with the value that counts when the field is left out; or a range by
   * something that no field says, of which the estimate is the upper end.
   */
  amount: z.union([
    z.number().nonnegative(),
    z.strictObject({ field: z.string(), whenUnset: z.string(), amounts: z.record(z.string(), z.number().nonnegative()) }),
    z.strictObject({ from: z.number().nonnegative(), upTo: z.number().nonnegative(), by: z.string().min(1) }),
  ]),
  /** what each reference image beyond the free ones adds */
  referenceImage: z.strictObject({ amount: z.number().positive(), free: z.int().min(0) }).optional(),
})
export type Price = z.infer<typeof priceSchema>

export const taskKindSchema = z.enum([
  'text-to-image',
  'image-to-image',
  /** a part of a given picture is made anew, by a mask or by segments */
  'edit',
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
  /** documented, and never asked for by us: the end of a sentence that begins with the provider */
  withheld: z.string().min(1).optional(),
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
  z.strictObject({
    absent: z.string().min(1),
    /** it was offered once: since when it is known to be gone */
    retired: z.strictObject({ noticed: z.string().regex(/^\d{4}-\d{2}-\d{2}$/) }).optional(),
    evidence: evidenceSchema,
  }),
])
export type Offer = z.infer<typeof offerSchema>

export const modelSchema = z.strictObject({
  /** ours: what callers write */
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  /** other spellings that mean the same model, lower case; mostly the providers' own names */
  aliases: z.array(z.string().regex(/^[a-z0-9][a-z0-9./-]*$/)),
  title: z.string().min(1),
  /** what it is first of all for */
  kind: taskKindSchema,
  providers: z.strictObject({ kie: offerSchema, defapi: offerSchema }),
})
export type Model = z.infer<typeof modelSchema>
