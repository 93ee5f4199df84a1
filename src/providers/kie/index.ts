// Kie.ai as a Provider. Paths and bodies are in client.ts, meanings in classify.ts, the callback door in callback.ts.
import type { Balance, Provider } from '../provider.ts'
import { bearer, readApiKey, readBaseUrl } from '../shared/endpoint.ts'
import { createGetter, postOnce } from '../shared/http.ts'
import { readJson } from '../shared/json-text.ts'
import { callbackSecret, createRedactor } from '../shared/message-text.ts'
import { readCallback } from './callback.ts'
import { classifyQuery, classifySubmit } from './classify.ts'
import { creditPath, queryPath, readApi, submitBody, submitPath } from './client.ts'
import { creditsToUsd } from './mapping.ts'
import { creditSchema, envelopeSchema } from './wire.ts'

export interface KieOptions {
  /** null: the provider cannot be asked, but its callbacks can still be read */
  apiKey: string | null
  baseUrl: string
  /** verify callbacks; more than one during a rotation, none: only the shape is checked */
  webhookHmacKeys: readonly string[]
}

const noKey = 'no API key is configured for kie'

export function createKieProvider(options: KieOptions): Provider {
  const apiKey = readApiKey('kie', options.apiKey)
  const baseUrl = readBaseUrl('kie', options.baseUrl)
  const webhookHmacKeys = [...options.webhookHmacKeys]
  // With an empty key everybody could sign.
  if (webhookHmacKeys.includes('')) throw new TypeError('kie: a webhook HMAC key is empty')
  const secrets = [apiKey, ...webhookHmacKeys]
  const clean = createRedactor(secrets)
  const getReply = createGetter()

  return {
    name: 'kie',
    hasKey: apiKey !== null,
    baseUrl,

    async submit(request, { callbackUrl, timeoutMs, mayStillSend }) {
      const api = readApi(request.api)
      const path = submitPath(api)
      const body = submitBody(api, request, callbackUrl)
      if (apiKey === null) return { kind: 'refused_final', reason: 'auth', message: noKey }
      const result = await postOnce({ url: baseUrl + path, headers: bearer(apiKey), body, timeoutMs, mayStillSend })
      const cleanAll = createRedactor([...secrets, callbackSecret(callbackUrl)])
      return classifySubmit(result, { api, path, nowMs: Date.now(), clean: cleanAll })
    },

    async query(apiName, providerTaskId, { timeoutMs, signal }) {
      const api = readApi(apiName)
      const path = queryPath(api, providerTaskId)
      if (apiKey === null) return { kind: 'unreadable', reason: 'auth', message: noKey, httpStatus: null, retryAfterMs: null }
      const result = await getReply({ url: baseUrl + path, headers: bearer(apiKey), timeoutMs, signal })
      return classifyQuery(result, providerTaskId, { api, path, nowMs: Date.now(), clean })
    },

    readCallback: (input) => readCallback(input, webhookHmacKeys),

    async balance({ timeoutMs }) {
      if (apiKey === null) return { kind: 'unreadable', message: noKey }
      const result = await getReply({ url: baseUrl + creditPath, headers: bearer(apiKey), timeoutMs })
      if (result.kind === 'failed') return { kind: 'unreadable', message: clean(result.message) }
      const balance = readBalance(result.reply.body)
      if (balance !== null) return { kind: 'balance', balance }
      return { kind: 'unreadable', message: clean(`HTTP ${result.reply.status}: ${new TextDecoder().decode(result.reply.body)}`) }
    },
  }
}

function readBalance(body: Uint8Array): Balance | null {
  const envelope = envelopeSchema.safeParse(readJson(body))
  const credits = creditSchema.safeParse(envelope.data?.data)
  if (envelope.data?.code !== 200 || !credits.success) return null
  return { credits: credits.data, usd: creditsToUsd(credits.data) }
}
