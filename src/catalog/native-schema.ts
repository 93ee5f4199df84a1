// A native model's documented fields as a strict zod schema, and the check of a body that is about to be paid for.
import { z } from 'zod'
import type { ProviderName } from '../contract/index.ts'
import { documentedNativesOf, models } from './models.ts'
import type { ListItem, NativeField, NativeModel } from './model-schema.ts'
import { pictureProblem } from './reference-url.ts'
import { problemOf } from './request-sentences.ts'

/** What is wrong with one native field. */
export interface NativeInputError {
  field: string
  message: string
}

const urlSchema = z.string().superRefine((value, context) => {
  const problem = pictureProblem(value)
  if (problem !== null) context.addIssue({ code: 'custom', message: problem })
})

function stringSchema(field: Extract<NativeField, { type: 'string' }>): z.ZodType {
  const { values, pattern } = field
  if (values !== undefined && pattern === undefined) return z.enum(values)
  let schema = z.string()
  if (field.minLength !== undefined) schema = schema.min(field.minLength)
  if (field.maxLength !== undefined) schema = schema.max(field.maxLength)
  if (pattern === undefined) return schema
  const expression = new RegExp(pattern)
  return schema.refine((value) => values?.includes(value) === true || expression.test(value), {
    error: `must ${values === undefined ? '' : `be one of ${values.join(', ')} or `}match ${pattern}`,
  })
}

function fieldSchema(field: NativeField): z.ZodType {
  switch (field.type) {
    case 'string':
      return stringSchema(field)
    case 'integer':
      return z
        .int()
        .min(field.min ?? Number.MIN_SAFE_INTEGER)
        .max(field.max ?? Number.MAX_SAFE_INTEGER)
    case 'number':
      return z
        .number()
        .min(field.min ?? -Infinity)
        .max(field.max ?? Infinity)
    case 'boolean':
      return z.boolean()
    case 'url':
      return urlSchema
    case 'urls':
      return z
        .array(urlSchema)
        .min(field.minItems ?? 1)
        .max(field.maxItems ?? Infinity)
    case 'list':
      return listSchema(field)
  }
}

const listSchema = ({ of, minItems, maxItems }: { of: ListItem; minItems?: number | undefined; maxItems?: number | undefined }) =>
  z
    .array(itemSchema(of))
    .min(minItems ?? 0)
    .max(maxItems ?? Infinity)

function itemSchema(item: ListItem): z.ZodType {
  if (item.type === 'list') return listSchema(item)
  if (item.type !== 'object') return fieldSchema(item)
  return z.strictObject(Object.fromEntries(Object.entries(item.members).map(([name, member]) => [name, fieldSchema(member)])))
}

const schemas = new WeakMap<NativeModel, z.ZodObject>()

function nativeInputSchema(native: NativeModel): z.ZodObject {
  const known = schemas.get(native)
  if (known !== undefined) return known
  const shape = Object.fromEntries(
    Object.entries(native.fields).map(([name, field]) => [
      name,
      field.required === true ? fieldSchema(field) : fieldSchema(field).optional(),
    ]),
  )
  const schema = z.looseObject(shape)
  schemas.set(native, schema)
  return schema
}

/** The first combination in this body that the provider refuses; null when there is none. */
export function refusedCombination(
  native: NativeModel,
  input: Record<string, unknown>,
): { fields: string[]; why: string } | null {
  const hit = native.refuses?.find((rule) =>
    Object.entries(rule.when).every(([field, values]) => {
      const value = input[field]
      return values.includes(typeof value === 'string' ? value : null)
    }),
  )
  return hit === undefined ? null : { fields: Object.keys(hit.when), why: hit.why }
}

/** Checks the fields that are documented. Others pass: providers ignore what they do not know. */
export function checkKnownFields(native: NativeModel, input: Record<string, unknown>): NativeInputError[] {
  const parsed = nativeInputSchema(native).safeParse(input, { reportInput: true })
  if (!parsed.success) {
    return parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), message: problemOf(issue) }))
  }
  const refused = refusedCombination(native, input)
  return refused === null ? [] : [{ field: refused.fields[0] ?? '', message: refused.why }]
}

/** Strict check of a whole body against the documented schema: unknown fields are errors too. Empty: it is accepted. */
export function validateNativeInput(
  provider: ProviderName,
  api: string,
  model: string | null,
  input: Record<string, unknown>,
): NativeInputError[] {
  const native = models
    .flatMap((entry) => documentedNativesOf(entry, provider))
    .find((candidate) => candidate.api === api && candidate.model === model)
  if (native === undefined) return [{ field: 'model', message: `${provider} has no model ${model ?? '(none)'} on ${api}` }]
  const unknownFields = Object.keys(input).filter((name) => !Object.hasOwn(native.fields, name))
  return [...unknownFields.map((field) => ({ field, message: 'is not documented' })), ...checkKnownFields(native, input)]
}
