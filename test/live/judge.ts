// Where a provider has drifted: one exchange against our schemas, against what darkroom made of it, and against the replies on file.
import type { z } from 'zod'
import * as defapi from '../../src/providers/defapi/wire.ts'
import * as kie from '../../src/providers/kie/wire.ts'
import type { ProviderName } from '../../src/providers/provider.ts'
import { readJson } from '../../src/providers/shared/json-text.ts'
import { isSuccess, plainWords, stateWord, unwrap } from './known-replies.ts'
import type { KnownReplies, Question } from './known-replies.ts'
import type { RawExchange } from './record-exchanges.ts'
import { differencesOf } from './shape.ts'
import type { ShapeDifference } from './shape.ts'

export type DriftKind =
  | ShapeDifference['kind']
  /** our schema of what is on the wire does not take it */
  | 'schema_breach'
  /** darkroom understands it as something else than it should be, or not at all */
  | 'other_meaning'
  | 'new_code'
  | 'new_words'
  | 'new_state'
  | 'other_status'
  /** a limit that the provider tells and that we do not read */
  | 'new_header'
  /** what it took is not what the price list says */
  | 'other_price'

export interface Drift {
  probe: string
  kind: DriftKind
  /** the field, the code, the header … */
  where: string
  known: string
  seen: string
}

export interface Asked {
  probe: string
  provider: ProviderName
  question: Question
  api: string
  exchange: RawExchange
  /** what darkroom made of it: `refused_final auth`, `snapshot pending`, … */
  meaning: string
  /** what it may be */
  expected: readonly string[]
}

/** No reply on record has one of these (691 of Kie's were looked at). */
const limitHeader = /^retry-after$|ratelimit/

export function judge(asked: Asked, known: KnownReplies): Drift[] {
  const { probe, provider, question, exchange, meaning, expected } = asked
  const drift = (kind: DriftKind, where: string, onFile: string, seen: string): Drift => ({
    probe,
    kind,
    where,
    known: onFile,
    seen,
  })
  const found: Drift[] = []
  if (!expected.includes(meaning)) found.push(drift('other_meaning', 'darkroom', expected.join(' or '), meaning))
  for (const name of Object.keys(exchange.headers)) {
    if (limitHeader.test(name)) found.push(drift('new_header', name, 'nothing', exchange.headers[name] ?? ''))
  }
  // No reply is for the caller to tell; a link answers with a picture.
  if (exchange.status === null || question === 'link') return found
  const body = readJson(exchange.body)
  if (body === undefined)
    return [...found, drift('schema_breach', 'body', 'JSON', `${exchange.body.length} bytes of something else`)]
  found.push(...schemaBreaches(asked, body).map(({ where, seen }) => drift('schema_breach', where, 'our schema', seen)))
  const rows = known.like(question, asked.api, body)
  const wrapped = unwrap(body)
  if (!isSuccess(provider, wrapped) && wrapped.code !== null) {
    const words = known.wordsUnder(wrapped.code)
    if (words.length === 0) found.push(drift('new_code', 'code', 'nothing', `${wrapped.code}: ${wrapped.words}`))
    else if (!words.includes(plainWords(wrapped.words)))
      found.push(drift('new_words', `code ${wrapped.code}`, [...new Set(words)].join(' | '), wrapped.words))
  }
  const word = question === 'query' ? stateWord(provider, wrapped.data) : null
  if (word !== null && !known.hasState(word)) found.push(drift('new_state', 'data', 'no record in this state', word))
  if (rows.length > 0) {
    const statuses = [...new Set(rows.map(({ httpStatus }) => httpStatus))]
    if (!statuses.includes(exchange.status))
      found.push(drift('other_status', 'HTTP status', statuses.join(' or '), String(exchange.status)))
    for (const { kind, path, known: onFile, seen } of differencesOf(
      body,
      rows.map((row) => row.body),
    ))
      found.push(drift(kind, path === '' ? 'body' : path, onFile, seen))
  }
  return found
}

/** Errors carry no data that we read. A soft field falls back to null in the product; its type is the business of the comparison. */
function schemaBreaches({ provider, question, api }: Asked, body: unknown): { where: string; seen: string }[] {
  const envelope = provider === 'kie' ? kie.envelopeSchema : defapi.envelopeSchema
  const breaches = breachesOf(envelope, body, '')
  const wrapped = unwrap(body)
  if (!isSuccess(provider, wrapped) || wrapped.data === null || wrapped.data === undefined) return breaches
  return [...breaches, ...breachesOf(dataSchema(provider, question, api), wrapped.data, 'data')]
}

function dataSchema(provider: ProviderName, question: Question, api: string): z.ZodType {
  if (provider === 'defapi') {
    return { balance: defapi.userSchema, submit: defapi.submittedSchema, query: defapi.recordSchema, link: defapi.recordSchema }[
      question
    ]
  }
  const record = api === 'market' ? kie.marketRecordSchema : kie.flagRecordSchema
  return { balance: kie.creditSchema, submit: kie.createdSchema, query: record, link: record }[question]
}

function breachesOf(schema: z.ZodType, value: unknown, prefix: string): { where: string; seen: string }[] {
  const parsed = schema.safeParse(value)
  if (parsed.success) return []
  return parsed.error.issues.map(({ path, message }) => ({
    where: [prefix, ...path.map(String)].filter((part) => part !== '').join('.') || 'body',
    seen: message,
  }))
}
