// Before a body is judged, it is copied as plain JSON: what cannot be stored as JSON would otherwise fail later, inside the ledger.
import { dottedPath } from './request-error.ts'
import type { RequestError } from './request-error.ts'

/** A request of ours is four levels deep; native options may nest a little. */
const maxDepth = 10
/** Sixteen references, sixteen labels and the options are far below; a body of millions of tiny values is not a request. */
const maxNodes = 2000

interface Walk {
  errors: RequestError[]
  nodes: number
}

/** A copy without `undefined` members, or what is not plain JSON in it. */
export function copyPlainJson(body: unknown): { ok: true; value: unknown } | { ok: false; errors: RequestError[] } {
  const walk: Walk = { errors: [], nodes: 0 }
  const value = copy(body, [], walk)
  return walk.errors.length === 0 ? { ok: true, value } : { ok: false, errors: walk.errors }
}

function refuse(walk: Walk, path: readonly PropertyKey[], problem: string): undefined {
  const field = dottedPath(path)
  // One bad body must not become a report of thousands of lines.
  if (walk.errors.length < 20) walk.errors.push({ field, message: `${field === '' ? 'the request' : field} ${problem}` })
  return undefined
}

function textProblem(text: string): string | null {
  // Postgres cannot keep U+0000 in text or jsonb, and half a surrogate pair is no character in UTF-8.
  if (text.includes('\0')) return 'must not contain the character U+0000'
  return /\p{Surrogate}/u.test(text) ? 'must not contain half a surrogate pair' : null
}

function copy(value: unknown, path: readonly PropertyKey[], walk: Walk): unknown {
  walk.nodes += 1
  if (path.length > maxDepth) return refuse(walk, path, `must not be nested deeper than ${maxDepth} levels`)
  if (walk.nodes > maxNodes)
    return walk.nodes === maxNodes + 1 ? refuse(walk, [], `must not have more than ${maxNodes} values`) : undefined
  if (value === null || value === undefined || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : refuse(walk, path, 'must be a finite number')
  if (typeof value === 'string') {
    const problem = textProblem(value)
    return problem === null ? value : refuse(walk, path, problem)
  }
  if (Array.isArray(value)) return value.map((entry: unknown, index) => copy(entry, [...path, index], walk))
  if (typeof value !== 'object') return refuse(walk, path, 'must be plain JSON')
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return refuse(walk, path, 'must be plain JSON')
  return copyObject(value, path, walk)
}

function copyObject(value: object, path: readonly PropertyKey[], walk: Walk): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value)) {
    // Assigned to an object it would not become a member but its prototype.
    const problem = name === '__proto__' ? 'must not be __proto__' : textProblem(name)
    if (problem !== null) refuse(walk, path, `has a member whose name ${problem}`)
    else if (member !== undefined) result[name] = copy(member, [...path, name], walk)
  }
  return result
}
