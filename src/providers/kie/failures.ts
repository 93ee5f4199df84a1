// Why a provider task failed, from its failCode and failMsg. The code is asked first; only a code that Kie uses for several things is
// looked at for its words, and the words are a tested list. Evidence: test/fixtures/kie/README.md#failures
import type { ProviderReason } from '../provider.ts'

interface FailureRow {
  codes: readonly string[]
  /** null: the code alone says it */
  words: RegExp | null
  reason: ProviderReason
}

/** Kie puts refusals, bad input and its own faults under these; '' is a missing code. */
const ambiguousCodes = ['', '400', '422', '500', '501']

const contentPolicy =
  /\bcontent polic|\bviolat\w+\b.{0,60}\b(?:polic(?:y|ies)|guidelines)\b|\bflagged\b|\bnsfw\b|\bprohibited\b|(?<!case[- ])\bsensitive\b|\bsensitive_word/i
const sourceImage =
  /\b(?:fetch|download|access|load)\w*\b.{0,20}\b(?:image|picture|file)\b|\bimage (?:download|fetch)\w* (?:failed|error)\b|\bimage download failed\b/i
const invalidInput =
  /\blarger than \d+ bytes\b|\bexceeds\b.{0,40}\bbytes\b|\binvalid image format\b|\bis required\b|\bis not within the range of allowed options\b/i

export const failureRows: readonly FailureRow[] = [
  { codes: ['451'], words: null, reason: 'source_image' },
  // No credits at that moment, upstream silent, upstream timed out: nothing that another prompt would change.
  { codes: ['402', '408', '524'], words: null, reason: 'provider_fault' },
  { codes: ambiguousCodes, words: contentPolicy, reason: 'content_policy' },
  { codes: ambiguousCodes, words: sourceImage, reason: 'source_image' },
  { codes: ambiguousCodes, words: invalidInput, reason: 'invalid_input' },
]

/** `SENSITIVE_WORD_ERROR` and the like stand where a number is expected. */
const policyCode = /^[A-Z_]*(?:SENSITIVE|NSFW|MODERATION|CONTENT_POLICY)[A-Z_]*$/i

export function readFailureReason(code: unknown, message: string | null): ProviderReason {
  const codeText = typeof code === 'number' || typeof code === 'string' ? String(code).trim() : ''
  if (policyCode.test(codeText)) return 'content_policy'
  const row = failureRows.find((row) => row.codes.includes(codeText) && (row.words === null || row.words.test(message ?? '')))
  if (row !== undefined) return row.reason
  // Transient "Internal Error, Please try again later" comes under 400 too, so an unknown text there is no proof of bad input.
  if (codeText === '422' && !/\b(?:internal|try again|time ?out)\b/i.test(message ?? '')) return 'invalid_input'
  return 'provider_fault'
}
