// Kie.ai as a Provider. Paths and bodies are in client.ts, meanings in classify.ts, the callback door in callback.ts.
import type { Balance, Provider, ProviderRequest, SubmitOptions } from '../provider.ts'
import type { ProviderAccount } from '../shared/accounts.ts'
import { readJson } from '../shared/json-text.ts'
import { createKeyedRequests } from '../shared/keyed-requests.ts'
import { readCallback } from './callback.ts'
import { classifyQuery, classifySubmit } from './classify.ts'
import { creditPath, queryPath, readApi, submitBody, submitPath } from './client.ts'
import { creditsToUsd } from './mapping.ts'
import { creditSchema, envelopeSchema } from './wire.ts'

export interface KieOptions {
  /** none: the provider cannot be asked, but its callbacks can still be read */
  accounts: readonly ProviderAccount[]
  baseUrl: string
  /** verify callbacks; more than one during a rotation, none: only the shape is checked */
  webhookHmacKeys: readonly string[]
}

export function createKieProvider({ accounts, baseUrl, webhookHmacKeys: givenHmacKeys }: KieOptions): Provider {
  const webhookHmacKeys = [...givenHmacKeys]
  // With an empty key everybody could sign.
  if (webhookHmacKeys.includes('')) throw new TypeError('kie: a webhook HMAC key is empty')
  const requests = createKeyedRequests({ provider: 'kie', accounts, baseUrl, otherSecrets: webhookHmacKeys })

  return {
    name: 'kie',
    accounts: requests.names,
    baseUrl: requests.baseUrl,

    async submit(request, options) {
      const { api, ...submission } = toSubmission(request, options)
      return requests.submit(submission, options, (result, context) =>
        classifySubmit(result, { ...context, api, path: submission.path }),
      )
    },

    describeSubmit: (request, options) => requests.describe(toSubmission(request, options)),

    async query(apiName, providerTaskId, options) {
      const api = readApi(apiName)
      const path = queryPath(api, providerTaskId)
      return requests.query(path, options, (result, context) => classifyQuery(result, providerTaskId, { ...context, api, path }))
    },

    readCallback: (input) => readCallback(input, webhookHmacKeys),

    balance: (options) => requests.balance(creditPath, options, readBalance),
  }
}

function toSubmission(request: ProviderRequest, { callbackUrl }: Pick<SubmitOptions, 'callbackUrl'>) {
  const api = readApi(request.api)
  return { api, path: submitPath(api), body: submitBody(api, request, callbackUrl) }
}

function readBalance(body: Uint8Array): Balance | null {
  const envelope = envelopeSchema.safeParse(readJson(body))
  const credits = creditSchema.safeParse(envelope.data?.data)
  if (envelope.data?.code !== 200 || !credits.success) return null
  return { credits: credits.data, usd: creditsToUsd(credits.data) }
}
