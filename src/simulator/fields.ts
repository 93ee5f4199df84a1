// Input schemas as data, and the check of an input against them. Unknown fields are ignored, as both providers do.

export interface Field {
  kind: 'text' | 'choice' | 'urls' | 'url' | 'flag' | 'number'
  required: boolean
  choices: readonly string[]
  /** characters of a text, items of a list, or the number itself */
  most: number
  least: number
}

export type Fields = Readonly<Record<string, Field>>

const base: Omit<Field, 'kind'> = { required: false, choices: [], most: Number.POSITIVE_INFINITY, least: 0 }

export const text = (most = Number.POSITIVE_INFINITY): Field => ({ ...base, kind: 'text', most })
export const choice = (words: string): Field => ({ ...base, kind: 'choice', choices: words.split(' ') })
export const urls = (most: number): Field => ({ ...base, kind: 'urls', most })
export const url = (): Field => ({ ...base, kind: 'url' })
export const flag = (): Field => ({ ...base, kind: 'flag' })
export const number = (least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): Field => ({
  ...base,
  kind: 'number',
  least,
  most,
})
export const required = (field: Field): Field => ({ ...field, required: true })

export interface FieldFault {
  field: string
  kind: 'missing' | 'range' | 'length'
}

/** The first fault found: missing fields before wrong ones, both in the order of the schema. */
export function findFieldFault(fields: Fields, input: Record<string, unknown>): FieldFault | null {
  const entries = Object.entries(fields)
  const missing = entries.find(([name, field]) => field.required && isAbsent(input[name]))
  if (missing !== undefined) return { field: missing[0], kind: 'missing' }
  for (const [name, field] of entries) {
    const value = input[name]
    if (isAbsent(value)) continue
    const kind = faultOf(field, value)
    if (kind !== null) return { field: name, kind }
  }
  return null
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
}

function faultOf(field: Field, value: unknown): 'range' | 'length' | null {
  switch (field.kind) {
    case 'text':
      if (typeof value !== 'string') return 'range'
      return value.length > field.most ? 'length' : null
    case 'choice':
      return field.choices.includes(String(value)) ? null : 'range'
    case 'urls':
      if (!Array.isArray(value) || !value.every(isReference)) return 'range'
      return value.length > field.most ? 'length' : null
    case 'url':
      // kie: an array was accepted live where the schema says string.
      return isReference(value) || (Array.isArray(value) && value.every(isReference)) ? null : 'range'
    case 'flag':
      return typeof value === 'boolean' ? null : 'range'
    case 'number':
      return typeof value === 'number' && value >= field.least && value <= field.most ? null : 'range'
  }
}

function isReference(value: unknown): boolean {
  return typeof value === 'string' && /^(https?:\/\/|data:image\/)/.test(value)
}

export function readText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

const presets: Record<string, number> = { square: 1, square_hd: 1, auto: 1 }

/** width : height of `16:9`, `1536x1024`, `landscape_16_9`; square for `auto` and for what says nothing. */
export function ratioOf(value: unknown): number {
  if (typeof value !== 'string') return 1
  const known = presets[value]
  if (known !== undefined) return known
  const sides = /^(portrait_|landscape_)?(\d+)[:x_](\d+)$/.exec(value)
  if (sides === null) return 1
  const first = Number(sides[2])
  const second = Number(sides[3])
  if (first === 0 || second === 0) return 1
  // `portrait_4_3` names the longer side first.
  const ratio = sides[1] === 'portrait_' ? second / first : first / second
  // 8:1 is the longest any model offers.
  return Math.min(8, Math.max(1 / 8, ratio))
}
