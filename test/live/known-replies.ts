// The replies on file (test/fixtures), as something that a new reply can be held against. Rows that we made up to see how the client
// takes them (`chosen`) say nothing of a provider and are left out.
import type { ProviderName } from '../../src/providers/provider.ts'
import { field, isJsonObject } from '../../src/providers/shared/json-text.ts'
import { readReplies } from '../unit/providers/reply-fixtures.ts'
import type { ReplyFixture } from '../unit/providers/reply-fixtures.ts'

/** What was asked; a link is that of a finished picture */
export type Question = 'balance' | 'submit' | 'query' | 'link'

/** A reply as both providers wrap it. */
export interface Wrapped {
  code: number | null
  words: string
  data: unknown
}

export interface KnownReplies {
  /** those that answer the same question with the same code and at the same stage of the task; of errors, whatever was asked */
  like: (question: Question, api: string, body: unknown) => ReplyFixture[]
  /** whether a record in this state is on file */
  hasState: (word: string) => boolean
  /** words on file under this code, field names and figures taken out */
  wordsUnder: (code: number) => string[]
}

const successCodes: Readonly<Record<ProviderName, number>> = { kie: 200, defapi: 0 }

export function isSuccess(provider: ProviderName, { code }: Wrapped): boolean {
  return code === successCodes[provider]
}

/** Kie says `msg`, DefAPI and a few samples of Kie's say `message`. */
export function unwrap(body: unknown): Wrapped {
  const code = field(body, 'code')
  const words = field(body, 'msg') ?? field(body, 'message')
  return {
    code: typeof code === 'number' ? code : null,
    words: typeof words === 'string' ? words : '',
    data: field(body, 'data'),
  }
}

/** The word for where the task is: `state` (Kie's market), `successFlag` (4o, Kontext), `status` (DefAPI); null where there is none. */
export function stateWord(provider: ProviderName, data: unknown): string | null {
  const names = provider === 'kie' ? ['state', 'successFlag'] : ['status']
  const word = isJsonObject(data)
    ? names.map((name) => data[name]).find((value) => value !== undefined && value !== null)
    : undefined
  return typeof word === 'string' || typeof word === 'number' ? String(word) : null
}

/** The same fields belong to all the words for "not yet". */
function stageOf(word: string | null): 'none' | 'running' | 'succeeded' | 'failed' {
  if (word === null) return 'none'
  if (word === 'success' || word === '1') return 'succeeded'
  return ['fail', 'failed', '2', '3'].includes(word) ? 'failed' : 'running'
}

/** `aspect_ratio is required` and `image_size is required` are the same words, so are two that differ in figures. */
export const plainWords = (words: string): string =>
  words
    .trim()
    .replace(/^(?:this )?[\w.]+(?= is (?:required|not within))/i, 'FIELD')
    .replaceAll(/\d+/g, 'N')
    .toLowerCase()

export function readKnownReplies(provider: ProviderName): KnownReplies {
  const read = (name: string): ReplyFixture[] =>
    readReplies(`${provider}/${name}-replies.json`).filter(({ evidence, body }) => evidence !== 'chosen' && body !== undefined)
  const rows: Readonly<Record<Question, ReplyFixture[]>> = {
    balance: read('balance'),
    submit: read('submit'),
    query: read('query'),
    link: [],
  }
  const all = [...rows.submit, ...rows.query, ...rows.balance]
  return {
    like(question, api, body) {
      const wrapped = unwrap(body)
      const sameCode = (row: ReplyFixture): boolean => unwrap(row.body).code === wrapped.code
      if (!isSuccess(provider, wrapped)) return all.filter(sameCode)
      const stage = stageOf(stateWord(provider, wrapped.data))
      const sameQuestion = rows[question].filter(
        (row) => sameCode(row) && (wrapped.data === null) === (unwrap(row.body).data === null),
      )
      const sameStage = sameQuestion.filter((row) => stageOf(stateWord(provider, unwrap(row.body).data)) === stage)
      const sameApi = sameStage.filter((row) => question === 'balance' || row.api === api)
      // DefAPI has one record for all products; at Kie each api has its own.
      return sameApi.length > 0 || provider === 'kie' ? sameApi : sameStage
    },
    hasState: (word) => rows.query.some(({ body }) => stateWord(provider, unwrap(body).data) === word),
    wordsUnder: (code) => all.filter(({ body }) => unwrap(body).code === code).map(({ body }) => plainWords(unwrap(body).words)),
  }
}
