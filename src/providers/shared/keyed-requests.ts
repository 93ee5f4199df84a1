// Requests in the name of one account: its key goes into the header, and no key of any account comes out in a message. // I6
import type {
  Balance,
  Provider,
  QueryOptions,
  QueryOutcome,
  SubmitBody,
  SubmitDescription,
  SubmitOptions,
  SubmitOutcome,
  UploadOutcome,
} from '../provider.ts'
import type { ProviderAccount } from './accounts.ts'
import { readAccounts } from './accounts.ts'
import { readBaseUrl } from './endpoint.ts'
import type { GetResult, PostResult } from './http.ts'
import { createGetter, postHeaders, postOnce } from './http.ts'
import { callbackSecret, createRedactor, cutText } from './message-text.ts'
import type { FormInput } from './post-form.ts'
import { postForm } from './post-form.ts'
import type { ReplyContext } from './replies.ts'
import { describeReply } from './replies.ts'

interface Options {
  provider: string
  accounts: readonly ProviderAccount[]
  baseUrl: string
  /** beside the keys, what no message may show */
  otherSecrets: readonly string[]
}

/** What a submit sends beside the key; `describe` and `submit` are given the same. */
export interface Submission {
  path: string
  body: SubmitBody
}

/** Stands where the key would be. */
const hiddenKey = '***'

export interface KeyedRequests {
  names: readonly string[]
  baseUrl: string
  describe: (submission: Submission) => SubmitDescription
  submit: (
    submission: Submission,
    options: SubmitOptions,
    classify: (result: PostResult, context: ReplyContext) => SubmitOutcome,
  ) => Promise<SubmitOutcome>
  query: (
    path: string,
    options: QueryOptions,
    classify: (result: GetResult, context: ReplyContext) => QueryOutcome,
  ) => Promise<QueryOutcome>
  upload: (
    url: string,
    form: Omit<FormInput, 'url' | 'headers'>,
    account: string,
    classify: (result: GetResult, context: ReplyContext) => UploadOutcome,
  ) => Promise<UploadOutcome>
  balance: (
    path: string,
    options: { account: string; timeoutMs: number },
    readBalance: (body: Uint8Array) => Balance | null,
  ) => ReturnType<Provider['balance']>
}

export function createKeyedRequests({ provider, accounts, baseUrl: givenBaseUrl, otherSecrets }: Options): KeyedRequests {
  const { names, keyOf, keys } = readAccounts(provider, accounts)
  const baseUrl = readBaseUrl(provider, givenBaseUrl)
  const secrets = [...keys, ...otherSecrets]
  const clean = createRedactor(secrets)
  const getReply = createGetter()
  const noKey = (account: string): string => cutText(`no API key is configured for the ${provider} account "${account}"`)

  return {
    names,
    baseUrl,

    describe: ({ path, body }) => ({
      method: 'POST',
      url: baseUrl + path,
      headers: { ...postHeaders, ...bearer(hiddenKey) },
      body,
    }),

    async submit({ path, body }, { account, callbackUrl, timeoutMs, mayStillSend }, classify) {
      const apiKey = keyOf(account)
      if (apiKey === null) return { kind: 'refused_final', reason: 'auth', message: noKey(account) }
      const post = { url: baseUrl + path, headers: bearer(apiKey), body: JSON.stringify(body), timeoutMs, mayStillSend }
      const result = await postOnce(post)
      return classify(result, { nowMs: Date.now(), clean: createRedactor([...secrets, callbackSecret(callbackUrl)]) })
    },

    async query(path, { account, timeoutMs, signal }, classify) {
      const apiKey = keyOf(account)
      if (apiKey === null) {
        return { kind: 'unreadable', reason: 'auth', message: noKey(account), httpStatus: null, retryAfterMs: null }
      }
      const result = await getReply({ url: baseUrl + path, headers: bearer(apiKey), timeoutMs, signal })
      return classify(result, { nowMs: Date.now(), clean })
    },

    async upload(url, form, account, classify) {
      const apiKey = keyOf(account)
      if (apiKey === null) return { kind: 'failed', reason: 'auth', message: noKey(account) }
      const result = await postForm({ ...form, url, headers: bearer(apiKey) })
      return classify(result, { nowMs: Date.now(), clean })
    },

    async balance(path, { account, timeoutMs }, readBalance) {
      const apiKey = keyOf(account)
      if (apiKey === null) return { kind: 'unreadable', message: noKey(account) }
      const result = await getReply({ url: baseUrl + path, headers: bearer(apiKey), timeoutMs })
      if (result.kind === 'failed') return { kind: 'unreadable', message: clean(result.message) }
      const balance = readBalance(result.reply.body)
      return balance === null
        ? { kind: 'unreadable', message: describeReply(result.reply, { clean }) }
        : { kind: 'balance', balance }
    },
  }
}

function bearer(apiKey: string): Record<string, string> {
  return { authorization: `Bearer ${apiKey}` }
}
