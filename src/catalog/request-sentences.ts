// Zod's issues as sentences for a person: which field, what is wrong, what would be right.
import { distance } from 'fastest-levenshtein'
import type { z } from 'zod'
import { dottedPath, quote, thousands } from './request-error.ts'
import type { RequestError } from './request-error.ts'
import { knownFieldsAt } from './request-schema.ts'

type Issue = z.core.$ZodIssue

const nouns: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

/** The one that is spelled most like it, unless hardly a letter is the same. */
export function nearestWord(word: string, words: readonly string[]): string | null {
  const [nearest] = words
    .map((candidate) => ({ candidate, steps: distance(word.slice(0, 64).toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((a, b) => a.steps - b.steps)
  return nearest !== undefined && nearest.steps <= Math.max(2, nearest.candidate.length / 2) ? nearest.candidate : null
}

/** What is judged, for what is said of names that it does not have. */
export interface Judged {
  word: 'field' | 'parameter'
  /** names that exist at a place */
  knownAt: (path: readonly PropertyKey[]) => readonly string[]
}

function unknownNameErrors(path: readonly PropertyKey[], names: readonly string[], { word, knownAt }: Judged): RequestError[] {
  const known = knownAt(path)
  return names.map((name) => {
    const nearest = nearestWord(name, known)
    const all = known.length === 0 ? 'there are none here' : `known ${word}s are ${known.join(', ')}`
    const hint = nearest === null ? all : `did you mean ${nearest}?`
    return { field: dottedPath([...path, name]), message: `unknown ${word} ${quote(name)}; ${hint}` }
  })
}

function sizeOf(input: unknown): string {
  if (typeof input === 'string') return `; it has ${thousands(input.length)}`
  if (Array.isArray(input)) return `; there are ${thousands(input.length)}`
  return ''
}

/** Our own messages begin like the end of a sentence; zod's begin with a capital and speak of code. */
const ownMessage = (message: string): string | null => (/^[A-Z]/.test(message) ? null : message)

function limitOf(issue: Extract<Issue, { code: 'too_big' | 'too_small' }>): [word: string, limit: number | bigint] {
  const isInclusive = issue.inclusive !== false
  if (issue.code === 'too_big') return [isInclusive ? 'at most' : 'less than', issue.maximum]
  return [isInclusive ? 'at least' : 'more than', issue.minimum]
}

function limitProblem(issue: Extract<Issue, { code: 'too_big' | 'too_small' }>): string {
  const [word, limit] = limitOf(issue)
  if (issue.code === 'too_small' && issue.origin === 'string' && limit === 1) return 'must not be empty'
  const unit = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' entries' : ''
  const verb = issue.origin === 'array' ? 'must have' : 'must be'
  return `${verb} ${word} ${thousands(Number(limit))}${unit}${sizeOf(issue.input)}`
}

/** What is wrong, as the end of a sentence that begins with the field. The schema must be run with `reportInput`. */
export function problemOf(issue: Issue): string {
  const own = ownMessage(issue.message)
  if (own !== null) return own
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${nouns[issue.expected] ?? issue.expected}`
    case 'too_big':
    case 'too_small':
      return limitProblem(issue)
    case 'invalid_value': {
      const values = issue.values.map(String)
      const nearest = typeof issue.input === 'string' ? nearestWord(issue.input, values) : null
      return `must be one of ${values.join(', ')}${nearest === null ? '' : `; did you mean ${nearest}?`}`
    }
    case 'invalid_key':
      return `has a name that ${issue.issues.map(problemOf).join(' and ')}`
    case 'invalid_union': {
      // The first kind is the usual one; the others are exceptions such as `*` for all tenants.
      const [usual] = issue.errors[0] ?? []
      return usual === undefined ? 'is not valid' : problemOf(usual)
    }
    case 'invalid_format':
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'invalid_element':
    case 'custom':
      return 'is not valid'
  }
}

const generationRequest: Judged = { word: 'field', knownAt: knownFieldsAt }

/** Sentences for all issues, at most one for each field. */
export function sentencesOf(issues: readonly Issue[], judged: Judged = generationRequest): RequestError[] {
  const byField = new Map<string, RequestError>()
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const error of unknownNameErrors(issue.path, issue.keys, judged)) byField.set(error.field, error)
      continue
    }
    const field = dottedPath(issue.path)
    const name = issue.code === 'invalid_key' ? dottedPath(issue.path.slice(0, -1)) : field
    const message = `${name === '' ? 'the request' : name} ${problemOf(issue)}`
    byField.set(
      field,
      issue.code === 'invalid_value' ? { field, message, allowed: issue.values.map(String) } : { field, message },
    )
  }
  return [...byField.values()]
}
