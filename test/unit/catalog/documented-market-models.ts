// Kie's own schemas of its market models (19 August 2026), taken over by a program from its documentation and not from the catalogue's
// data, so that a wrong entry shows.
import { readFileSync } from 'node:fs'
import { z } from 'zod'

const fieldSchema = z.strictObject({
  type: z.enum(['string', 'string (uri)', 'string[] (uri)', 'integer', 'number', 'boolean', 'integer[]', 'array[]', 'object[]']),
  required: z.literal(true).optional(),
  values: z.array(z.string()).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  default: z.unknown().optional(),
})
export type DocumentedField = z.infer<typeof fieldSchema>

/** model → field → facts */
export const documentedMarketModels = z
  .record(z.string(), z.record(z.string(), fieldSchema))
  .parse(JSON.parse(readFileSync(new URL('documented-market-models.json', import.meta.url), 'utf8')))

function schemaOf(field: DocumentedField): z.ZodType {
  const {
    values,
    min = -Infinity,
    max = Infinity,
    minLength = 0,
    maxLength = Infinity,
    minItems = 0,
    maxItems = Infinity,
  } = field
  switch (field.type) {
    case 'string':
    case 'string (uri)':
      return values === undefined ? z.string().min(minLength).max(maxLength) : z.enum(values)
    case 'string[] (uri)':
      return z.array(z.url()).min(minItems).max(maxItems)
    case 'integer':
      return z.int().min(min).max(max)
    case 'number':
      return z.number().min(min).max(max)
    case 'boolean':
      return z.boolean()
    case 'integer[]':
      return z.array(z.int()).min(minItems)
    case 'array[]':
    case 'object[]':
      return z.array(z.unknown()).min(minItems).max(maxItems)
  }
}

/** The strict schema of a body: a field that is not documented is an error. */
export function documentedSchema(fields: Record<string, DocumentedField>): z.ZodObject {
  return z.strictObject(
    Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [
        name,
        field.required === true ? schemaOf(field) : schemaOf(field).optional(),
      ]),
    ),
  )
}
