// The structure of a reply as paths with types, and how one reply differs from those on file. JSON as text inside JSON is opened, as
// Kie's records need it. Libraries for differences compare two values; here one value is held against many at once, and only their types count.
import { unwrapJson } from '../../src/providers/shared/json-text.ts'

/** path → the types seen there, e.g. `data.resultJson.resultUrls[]` → `string` */
export type Shape = ReadonlyMap<string, ReadonlySet<string>>

export function shapeOf(value: unknown): Shape {
  const shape = new Map<string, Set<string>>()
  collect(value, '', shape)
  return shape
}

function collect(raw: unknown, path: string, shape: Map<string, Set<string>>): void {
  const opened = typeof raw === 'string' ? unwrapJson(raw) : raw
  // A number or a word in quotes is text all the same.
  const value = typeof opened === 'object' && opened !== null ? opened : raw
  const types = shape.get(path) ?? new Set<string>()
  types.add(typeOf(raw, value))
  shape.set(path, types)
  if (Array.isArray(value)) for (const item of value) collect(item, `${path}[]`, shape)
  else if (typeof value === 'object' && value !== null)
    for (const [name, member] of Object.entries(value)) collect(member, path === '' ? name : `${path}.${name}`, shape)
}

function typeOf(raw: unknown, value: unknown): string {
  if (raw === null) return 'null'
  if (typeof raw === 'string') return raw !== value ? 'json text' : raw === '' ? 'empty text' : 'text'
  return Array.isArray(raw) ? 'array' : typeof raw
}

export interface ShapeDifference {
  kind: 'new_field' | 'gone_field' | 'other_type'
  path: string
  /** what is on file, what came: types, or "nothing" */
  known: string
  seen: string
}

/** Empty text is text. */
const sameKind = (a: string, b: string): boolean => a === b || (isText(a) && isText(b))
const isText = (type: string): boolean => type === 'text' || type === 'empty text'

/** Our own request as the record repeats it: other fields there are another request, not another provider. */
const echo = /^data\.(?:param|paramJson)\.(?!model$|input$)/

const withoutEcho = (shape: Shape): Shape => new Map([...shape].filter(([path]) => !echo.test(path)))

/**
 * Differences of one reply to those on file that answer the same question. `rows` empty: there is nothing to compare with, which is for
 * the caller to say. A field is gone when every reply on file has it; where its parent is gone or empty, only the parent is told.
 */
export function differencesOf(body: unknown, rows: readonly unknown[]): ShapeDifference[] {
  const seen = withoutEcho(shapeOf(body))
  const known = rows.map((row) => withoutEcho(shapeOf(row)))
  const union = new Map<string, Set<string>>()
  for (const shape of known) for (const [path, types] of shape) union.set(path, new Set([...(union.get(path) ?? []), ...types]))
  const found: ShapeDifference[] = []
  for (const [path, types] of seen) {
    const onFile = union.get(path)
    if (onFile === undefined) {
      // Null says no more than leaving it out.
      const isSomething = [...types].some((type) => type !== 'null')
      if (isSomething && union.has(parentOf(path))) found.push({ kind: 'new_field', path, known: 'nothing', seen: listed(types) })
      continue
    }
    const others = [...types].filter((type) => ![...onFile].some((knownType) => sameKind(knownType, type)))
    if (others.length > 0) found.push({ kind: 'other_type', path, known: listed(onFile), seen: listed(new Set(others)) })
  }
  for (const [path, types] of union) {
    const isAlways = known.every((shape) => shape.has(path))
    if (isAlways && !seen.has(path) && seen.has(parentOf(path)) && !path.endsWith('[]'))
      found.push({ kind: 'gone_field', path, known: listed(types), seen: 'nothing' })
  }
  return found
}

const listed = (types: ReadonlySet<string>): string => [...types].toSorted().join(' or ')

/** `data.resultUrls[]` → `data.resultUrls` → `data` → the whole */
function parentOf(path: string): string {
  if (path.endsWith('[]')) return path.slice(0, -2)
  const dot = path.lastIndexOf('.')
  return dot === -1 ? '' : path.slice(0, dot)
}
