// How an uploaded picture is named in a request: `upload:` and the SHA-256 of its bytes. A request, a plan and a history only ever hold this
// name, never the bytes and never a link.
import type { GenerationRequest } from '../contract/index.ts'
import { dottedPath } from './request-error.ts'
import { withoutWords } from './word-fields.ts'

const pattern = /^upload:([0-9a-f]{64})$/

export function uploadName(sha256: string): string {
  return `upload:${sha256}`
}

/** The SHA-256 in a name; null for anything else. */
export function readUploadName(value: string): string | null {
  return pattern.exec(value)?.[1] ?? null
}

/** Why this is no name of an upload, as the end of a sentence; null when it is one. For values that begin like one. */
export function uploadNameProblem(value: string): string | null {
  return pattern.test(value) ? null : 'must be upload: and 64 hex digits, as POST /v1/uploads answers'
}

export function looksLikeUploadName(value: string): boolean {
  return value.startsWith('upload:')
}

export interface NamedUpload {
  /** where the request names it, with dots */
  field: string
  sha256: string
}

/** Every upload that a request names, in its order; a name may come more than once. */
export function uploadsIn({ referenceImages, mask, providerOptions = {} }: GenerationRequest): NamedUpload[] {
  const native = Object.entries(providerOptions).flatMap(([provider, options]) =>
    namesIn(withoutWords(options), ['providerOptions', provider]),
  )
  return [...namesIn({ referenceImages, mask }, []), ...native]
}

function namesIn(value: unknown, path: readonly PropertyKey[]): NamedUpload[] {
  if (typeof value === 'string') {
    const sha256 = readUploadName(value)
    return sha256 === null ? [] : [{ field: dottedPath(path), sha256 }]
  }
  if (Array.isArray(value)) return value.flatMap((each: unknown, at) => namesIn(each, [...path, at]))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, each]) => namesIn(each, [...path, name]))
}

/** The same native body with every name of an upload replaced; names inside a text are no names. */
export function replaceUploads(input: Record<string, unknown>, linkOf: (sha256: string) => string): Record<string, unknown> {
  const replaced = Object.entries(withoutWords(input)).map(([name, value]) => [name, replaceNames(value, linkOf)] as const)
  return { ...input, ...Object.fromEntries(replaced) }
}

function replaceNames(value: unknown, linkOf: (sha256: string) => string): unknown {
  if (typeof value === 'string') {
    const sha256 = readUploadName(value)
    return sha256 === null ? value : linkOf(sha256)
  }
  if (Array.isArray(value)) return value.map((each: unknown) => replaceNames(each, linkOf))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, replaceNames(each, linkOf)]))
}

/** The uploads that a native body names, each once. */
export function uploadsInBody(input: Record<string, unknown>): string[] {
  return [...new Set(namesIn(withoutWords(input), []).map(({ sha256 }) => sha256))]
}

/** Whether a native body has pictures by links of the caller's own. */
export function hasPictureLinks(input: Record<string, unknown>): boolean {
  return hasLinks(withoutWords(input))
}

function hasLinks(value: unknown): boolean {
  if (typeof value === 'string') return value.startsWith('https://')
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((each) => hasLinks(each))
}
