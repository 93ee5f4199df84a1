// DefAPI as a Provider. Paths and bodies are in client.ts, meanings in classify.ts, the callback door in callback.ts.
import type { Balance, Provider } from '../provider.ts'
import { bearer, readApiKey, readBaseUrl } from '../shared/endpoint.ts'
import { createGetter, postOnce } from '../shared/http.ts'
import { readJson } from '../shared/json-text.ts'
import { callbackSecret, createRedactor } from '../shared/message-text.ts'
import { readCallback } from './callback.ts'
import { classifyQuery, classifySubmit } from './classify.ts'
import { queryPath, submitBody, submitPath, userPath } from './client.ts'
import { readAmount } from './mapping.ts'
import { envelopeSchema, userSchema } from './wire.ts'

export interface DefapiOptions {
  /** null: the provider cannot be asked, but its callbacks can still be read */
  apiKey: string | null
  baseUrl: string
}

const noKey = 'no API key is configured for defapi'

export function createDefapiProvider(options: DefapiOptions): Provider {
  const apiKey = readApiKey('defapi', options.apiKey)
  const baseUrl = readBaseUrl('defapi', options.baseUrl)
  const clean = createRedactor([apiKey])
  const getReply = createGetter()

  return {
    name: 'defapi',
    hasKey: apiKey !== null,
    baseUrl,

    async submit(request, { callbackUrl, timeoutMs, mayStillSend }) {
      const url = baseUrl + submitPath(request.api)
      const body = submitBody(request, callbackUrl)
      if (apiKey === null) return { kind: 'refused_final', reason: 'auth', message: noKey }
      const result = await postOnce({ url, headers: bearer(apiKey), body, timeoutMs, mayStillSend })
      return classifySubmit(result, { nowMs: Date.now(), clean: createRedactor([apiKey, callbackSecret(callbackUrl)]) })
    },

    async query(_api, providerTaskId, { timeoutMs, signal }) {
      if (apiKey === null) return { kind: 'unreadable', reason: 'auth', message: noKey, httpStatus: null, retryAfterMs: null }
      const result = await getReply({ url: baseUrl + queryPath(providerTaskId), headers: bearer(apiKey), timeoutMs, signal })
      return classifyQuery(result, providerTaskId, { nowMs: Date.now(), clean })
    },

    readCallback: ({ rawBody }) => readCallback(rawBody),

    async balance({ timeoutMs }) {
      if (apiKey === null) return { kind: 'unreadable', message: noKey }
      const result = await getReply({ url: baseUrl + userPath, headers: bearer(apiKey), timeoutMs })
      if (result.kind === 'failed') return { kind: 'unreadable', message: clean(result.message) }
      const balance = readBalance(result.reply.body)
      if (balance !== null) return { kind: 'balance', balance }
      return { kind: 'unreadable', message: clean(`HTTP ${result.reply.status}: ${new TextDecoder().decode(result.reply.body)}`) }
    },
  }
}

/** defapi: `credit` is taken to be in the unit of `consumed`, USD - test/fixtures/defapi/README.md#balance */
function readBalance(body: Uint8Array): Balance | null {
  const envelope = envelopeSchema.safeParse(readJson(body))
  const user = userSchema.safeParse(envelope.data?.data)
  const usd = readAmount(user.data?.credit)
  return envelope.data?.code === 0 && usd !== null ? { credits: null, usd } : null
}
