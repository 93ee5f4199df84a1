// What Kie says when it refuses a submit, as data. A reply that is in no row is never a refusal: it is an unknown outcome. // I3
// `evidence` names a heading of test/fixtures/kie/README.md.
import type { ProviderReason } from '../provider.ts'
import type { KieApi } from './wire.ts'

export interface RefusalRow {
  code: number
  /** null: the code alone says it, whatever the words */
  message: RegExp | null
  /** null: on every endpoint */
  apis: readonly KieApi[] | null
  kind: 'refused_retryable' | 'refused_final'
  reason: ProviderReason
  evidence: string
}

// Field names are words of the request (`aspect_ratio`, `input.prompt`, `This field`); anchors keep other sentences out.
const fieldIsRequired = /^(?:this field|[\w.[\]-]{1,64}) is required\.?$/i
const outsideAllowedOptions = /^(?:this )?[\w.[\]-]{1,64} is not within the range of allowed options\.?$/i
const noSuchModel = /^the model name you specified is not supported\b/i
const creditsAreShort = /^(?:the current )?credits (?:are )?insufficient\b/i
const contentPolicy = /\bflagged\b.{0,80}\bviolating content policies\b/i

export const refusalRows: readonly RefusalRow[] = [
  { code: 401, message: null, apis: null, kind: 'refused_final', reason: 'auth', evidence: '#errors' },
  { code: 402, message: null, apis: null, kind: 'refused_final', reason: 'no_credits', evidence: '#errors' },
  { code: 500, message: creditsAreShort, apis: null, kind: 'refused_final', reason: 'no_credits', evidence: '#errors' },
  { code: 422, message: noSuchModel, apis: null, kind: 'refused_final', reason: 'model_unavailable', evidence: '#errors' },
  { code: 404, message: noSuchModel, apis: null, kind: 'refused_final', reason: 'model_unavailable', evidence: '#errors' },
  { code: 505, message: null, apis: null, kind: 'refused_final', reason: 'model_unavailable', evidence: '#codes' },
  { code: 433, message: null, apis: null, kind: 'refused_final', reason: 'quota', evidence: '#codes' },
  { code: 500, message: fieldIsRequired, apis: null, kind: 'refused_final', reason: 'invalid_input', evidence: '#validation' },
  {
    code: 500,
    message: outsideAllowedOptions,
    apis: null,
    kind: 'refused_final',
    reason: 'invalid_input',
    evidence: '#validation',
  },
  { code: 422, message: fieldIsRequired, apis: null, kind: 'refused_final', reason: 'invalid_input', evidence: '#validation' },
  {
    code: 422,
    message: outsideAllowedOptions,
    apis: null,
    kind: 'refused_final',
    reason: 'invalid_input',
    evidence: '#validation',
  },
  { code: 400, message: contentPolicy, apis: ['gpt4o'], kind: 'refused_final', reason: 'content_policy', evidence: '#codes' },
  { code: 429, message: null, apis: null, kind: 'refused_retryable', reason: 'rate_limited', evidence: '#limits' },
  { code: 455, message: null, apis: null, kind: 'refused_retryable', reason: 'maintenance', evidence: '#codes' },
  { code: 550, message: null, apis: ['gpt4o'], kind: 'refused_retryable', reason: 'queue_full', evidence: '#codes' },
]

export function findRefusal(api: KieApi, code: number, message: string): RefusalRow | null {
  const text = message.trim()
  const row = refusalRows.find(
    (row) =>
      row.code === code && (row.message === null || row.message.test(text)) && (row.apis === null || row.apis.includes(api)),
  )
  return row ?? null
}
