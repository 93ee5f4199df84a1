// DefAPI as a Provider. Paths and bodies are in client.ts, meanings in classify.ts, the callback door in callback.ts.
import type { Balance, Provider, ProviderRequest, SubmitOptions } from '../provider.ts'
import type { ProviderAccount } from '../shared/accounts.ts'
import { readJson } from '../shared/json-text.ts'
import { createKeyedRequests } from '../shared/keyed-requests.ts'
import type { Submission } from '../shared/keyed-requests.ts'
import { readCallback } from './callback.ts'
import { classifyQuery, classifySubmit } from './classify.ts'
import { queryPath, submitBody, submitPath, userPath } from './client.ts'
import { readAmount } from './mapping.ts'
import { envelopeSchema, userSchema } from './wire.ts'

export interface DefapiOptions {
  /** none: the provider cannot be asked, but its callbacks can still be read */
  accounts: readonly ProviderAccount[]
  baseUrl: string
}

/**
 * DefAPI takes a picture by its link or inside the request - test/fixtures/defapi/README.md#endpoints. No limit is documented: 10 MiB each is
 * where two of its clients stop. Together 20 MiB, which is 28 MB as base64: at 5 Mbit/s 45 of the 60 s that a POST may take.
 */
const maxDataBytes = { each: 10 * 1024 * 1024, all: 20 * 1024 * 1024 }

export function createDefapiProvider({ accounts, baseUrl }: DefapiOptions): Provider {
  const requests = createKeyedRequests({ provider: 'defapi', accounts, baseUrl, otherSecrets: [] })

  return {
    name: 'defapi',
    accounts: requests.names,
    baseUrl: requests.baseUrl,
    references: { kind: 'link_or_data', maxDataBytes },

    async submit(request, options) {
      return requests.submit(toSubmission(request, options), options, classifySubmit)
    },

    describeSubmit: (request, options) => requests.describe(toSubmission(request, options)),

    async query(_api, providerTaskId, options) {
      return requests.query(queryPath(providerTaskId), options, (result, context) =>
        classifyQuery(result, providerTaskId, context),
      )
    },

    readCallback: ({ rawBody }) => readCallback(rawBody),

    balance: (options) => requests.balance(userPath, options, readBalance),
  }
}

function toSubmission(request: ProviderRequest, { callbackUrl }: Pick<SubmitOptions, 'callbackUrl'>): Submission {
  return { path: submitPath(request.api), body: submitBody(request, callbackUrl) }
}

/** defapi: `credit` is taken to be in the unit of `consumed`, USD - test/fixtures/defapi/README.md#balance */
function readBalance(body: Uint8Array): Balance | null {
  const envelope = envelopeSchema.safeParse(readJson(body))
  const user = userSchema.safeParse(envelope.data?.data)
  const usd = readAmount(user.data?.credit)
  return envelope.data?.code === 0 && usd !== null ? { credits: null, usd } : null
}
