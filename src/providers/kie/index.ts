// Kie.ai as a Provider. Paths and bodies are in client.ts, meanings in classify.ts, the callback door in callback.ts.
import type { Balance, Provider, ProviderRequest, SubmitOptions } from '../provider.ts'
import type { ProviderAccount } from '../shared/accounts.ts'
import { readBaseUrl } from '../shared/endpoint.ts'
import { readJson } from '../shared/json-text.ts'
import { createKeyedRequests } from '../shared/keyed-requests.ts'
import { readCallback } from './callback.ts'
import { classifyQuery, classifySubmit } from './classify.ts'
import { classifyUpload } from './classify-upload.ts'
import { creditPath, queryPath, readApi, submitBody, submitPath, uploadFolder, uploadPath } from './client.ts'
import { creditsToUsd } from './mapping.ts'
import { creditSchema, envelopeSchema } from './wire.ts'

export interface KieOptions {
  /** none: the provider cannot be asked, but its callbacks can still be read */
  accounts: readonly ProviderAccount[]
  baseUrl: string
  /** where pictures of ours are sent */
  uploadBaseUrl: string
  /** verify callbacks; more than one during a rotation, none: only the shape is checked */
  webhookHmacKeys: readonly string[]
}

/**
 * How long the link to an upload is relied upon. Pages said three days, newer observers say a day or "a few hours", so the shortest: a picture
 * that is sent once too often costs nothing, one that is gone costs an attempt - test/fixtures/kie/README.md#uploads
 */
const linkLivesMs = 3 * 60 * 60 * 1_000

export function createKieProvider(options: KieOptions): Provider {
  const { accounts, baseUrl, webhookHmacKeys: givenHmacKeys } = options
  const webhookHmacKeys = [...givenHmacKeys]
  // With an empty key everybody could sign.
  if (webhookHmacKeys.includes('')) throw new TypeError('kie: a webhook HMAC key is empty')
  const uploadBaseUrl = readBaseUrl('kie uploads', options.uploadBaseUrl)
  const requests = createKeyedRequests({ provider: 'kie', accounts, baseUrl, otherSecrets: webhookHmacKeys })

  return {
    name: 'kie',
    accounts: requests.names,
    baseUrl: requests.baseUrl,

    references: {
      kind: 'copy',
      baseUrl: uploadBaseUrl,
      linkLivesMs,
      upload: ({ fileName, contentType, sizeBytes, bytes }, { account, timeoutMs, signal }) =>
        requests.upload(
          uploadBaseUrl + uploadPath,
          {
            fields: { uploadPath: uploadFolder, fileName },
            file: { field: 'file', fileName, contentType, sizeBytes, bytes },
            timeoutMs,
            signal,
          },
          account,
          classifyUpload,
        ),
    },

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
