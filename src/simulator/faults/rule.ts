// One line of a fault plan, and how it is read: from JSON (file, control endpoint), from a flag, from a marker in a prompt.
import { factsOf, type FaultPoint, faultPoints, type FaultWord, faultWords, type ParameterName } from './words.ts'

export type ProviderWord = 'kie' | 'defapi'

export interface FaultParameters {
  delayMs?: number
  /** `down`: how long; `not_found`: how long after the task was made */
  durationMs?: number
  /** `latency`: up to this much more, seeded */
  jitterMs?: number
  when?: 'connect' | 'request' | 'reply'
  /** overrules the word's own answer to: did the provider make the task? */
  taskMade?: boolean
  bytes?: number
  bytesPerSecond?: number
  retryAfterSeconds?: number
  status?: number
  code?: number
  message?: string
  location?: string
  state?: string
  variety?: string
  count?: number
  /** failures give the money back unless this is false */
  refunded?: boolean
  /** `error_1010` also for browsers */
  anyAgent?: boolean
  taskId?: string
  signature?: 'none' | 'wrong' | 'genuine'
  /** `forge_callback`: the real one is not sent */
  replace?: boolean
  body?: string
}

export interface FaultRule extends FaultParameters {
  id?: string
  /** both when left out */
  provider?: ProviderWord
  /** the word's first point when left out */
  on?: FaultPoint
  fault: FaultWord
  /** strikes at most so often; unlimited when left out */
  times?: number
  /** lets the first n pass */
  after?: number
  /** share of the cases it strikes in, 0..1, seeded */
  toxicity?: number
  match?: { promptIncludes?: string; model?: string }
}

export class FaultRuleError extends Error {
  override readonly name = 'FaultRuleError'
}

type Kind = 'number' | 'boolean' | 'string' | readonly string[]

const parameterKinds: Record<ParameterName, Kind> = {
  delayMs: 'number',
  durationMs: 'number',
  jitterMs: 'number',
  when: ['connect', 'request', 'reply'],
  taskMade: 'boolean',
  bytes: 'number',
  bytesPerSecond: 'number',
  retryAfterSeconds: 'number',
  status: 'number',
  code: 'number',
  message: 'string',
  location: 'string',
  state: 'string',
  variety: 'string',
  count: 'number',
  refunded: 'boolean',
  anyAgent: 'boolean',
  taskId: 'string',
  signature: ['none', 'wrong', 'genuine'],
  replace: 'boolean',
  body: 'string',
}

const commonKinds: Record<string, Kind> = {
  id: 'string',
  provider: ['kie', 'defapi'],
  on: faultPoints,
  fault: 'string',
  times: 'number',
  after: 'number',
  toxicity: 'number',
}

/** Reads one rule from JSON; a wrong word, place or parameter is an error that names what is allowed. */
export function parseFaultRule(value: unknown): FaultRule {
  assertRule(value)
  return value
}

function assertRule(value: unknown): asserts value is FaultRule {
  if (!isRecord(value)) throw new FaultRuleError('a fault rule is a JSON object')
  const word = value['fault']
  const facts = typeof word === 'string' ? factsOf(word) : null
  if (typeof word !== 'string' || facts === null) {
    throw new FaultRuleError(
      `unknown fault ${JSON.stringify(word)}; known: ${Object.keys(faultWords).join(', ')}, http_NNN, code_NNN`,
    )
  }
  for (const [key, given] of Object.entries(value)) {
    if (key === 'match') checkMatch(given)
    else checkValue(word, facts.takes, key, given)
  }
  const point = value['on']
  if (point !== undefined && !facts.on.some((allowed) => allowed === point)) {
    throw new FaultRuleError(`fault ${word} cannot be used on ${JSON.stringify(point)}; it can on ${facts.on.join(', ')}`)
  }
}

/** A plan is a list of rules. */
export function parseFaultPlan(value: unknown): FaultRule[] {
  if (!Array.isArray(value)) throw new FaultRuleError('a fault plan is a JSON list of rules')
  return value.map(parseFaultRule)
}

/** A rule from the command line: JSON, or `[provider:][point:]word [name=value …]`, as in `kie:submit:code_429 times=3`. */
export function parseFaultFlag(text: string): FaultRule {
  if (text.trimStart().startsWith('{')) return parseFaultRule(readJson(text))
  const [place = '', ...assignments] = text.trim().split(/\s+/)
  const words = place.split(':')
  const rule: Record<string, unknown> = { fault: words.pop() }
  for (const word of words) {
    if (word === 'kie' || word === 'defapi') rule['provider'] = word
    else rule['on'] = word
  }
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=')
    if (equals < 1) throw new FaultRuleError(`expected name=value, got ${JSON.stringify(assignment)}`)
    rule[assignment.slice(0, equals)] = readScalar(assignment.slice(equals + 1))
  }
  return parseFaultRule(rule)
}

const MARKER = /\[\[fault:([^\]]*)\]\]/g

/** The rules written into a prompt: `[[fault:content_refusal]]`, `[[fault:kie:submit:http_502 times=2 taskMade=true]]`. */
export function parsePromptMarkers(prompt: string): { text: string; rule: FaultRule }[] {
  return [...prompt.matchAll(MARKER)].map((found) => {
    const text = found[1] ?? ''
    return { text, rule: parseFaultFlag(text) }
  })
}

function checkMatch(value: unknown): void {
  if (!isRecord(value)) throw new FaultRuleError('match is an object')
  for (const [key, given] of Object.entries(value)) {
    if (key !== 'promptIncludes' && key !== 'model') throw new FaultRuleError(`match knows promptIncludes and model, not ${key}`)
    checkKind(`match.${key}`, 'string', given)
  }
}

function checkValue(word: string, takes: readonly ParameterName[], key: string, value: unknown): void {
  const common = Object.hasOwn(commonKinds, key) ? commonKinds[key] : undefined
  const taken = takes.find((name) => name === key)
  const kind = common ?? (taken === undefined ? undefined : parameterKinds[taken])
  if (kind === undefined)
    throw new FaultRuleError(`fault ${word} has no parameter ${key}; it takes ${takes.join(', ') || 'none'}`)
  checkKind(key, kind, value)
  if (key === 'toxicity' && typeof value === 'number' && value > 1) throw new FaultRuleError('toxicity is between 0 and 1')
}

function checkKind(name: string, kind: Kind, value: unknown): void {
  if (typeof kind === 'string') {
    const fits = typeof value === kind && (typeof value !== 'number' || (Number.isFinite(value) && value >= 0))
    if (!fits) throw new FaultRuleError(`${name} is a ${kind}, got ${JSON.stringify(value)}`)
  } else if (!kind.some((word) => word === value)) {
    throw new FaultRuleError(`${name} is one of ${kind.join(', ')}, got ${JSON.stringify(value)}`)
  }
}

function readScalar(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new FaultRuleError(`not JSON: ${text}`)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
