// Kie's endpoints: what is sent where. Paths and fields: test/fixtures/kie/README.md#endpoints
import type { ProviderRequest, SubmitBody } from '../provider.ts'
import type { KieApi } from './wire.ts'

interface Endpoint {
  submitPath: string
  queryPath: string
}

const endpoints: Readonly<Record<KieApi, Endpoint>> = {
  market: { submitPath: '/api/v1/jobs/createTask', queryPath: '/api/v1/jobs/recordInfo' },
  gpt4o: { submitPath: '/api/v1/gpt4o-image/generate', queryPath: '/api/v1/gpt4o-image/record-info' },
  kontext: { submitPath: '/api/v1/flux/kontext/generate', queryPath: '/api/v1/flux/kontext/record-info' },
}

/** On a host of its own. Of three endpoints the one that was recorded most, and that takes any size - test/fixtures/kie/README.md#uploads */
export const uploadPath = '/api/file-stream-upload'

/** Where in the account's folder our files go; required by the documentation. */
export const uploadFolder = 'darkroom'

export const creditPath = '/api/v1/chat/credit'

/** Throws for an api that Kie does not have: a bug of the caller's, before anything is sent. */
export function readApi(api: string): KieApi {
  if (!isApi(api)) throw new TypeError(`kie has no api "${api}"`)
  return api
}

function isApi(api: string): api is KieApi {
  return Object.hasOwn(endpoints, api)
}

export function submitPath(api: KieApi): string {
  return endpoints[api].submitPath
}

export function queryPath(api: KieApi, providerTaskId: string): string {
  return `${endpoints[api].queryPath}?taskId=${encodeURIComponent(providerTaskId)}`
}

/** The callback link is ours alone: one that came in with the native fields is dropped, also when we want no callback. */
export function submitBody(api: KieApi, request: ProviderRequest, callbackUrl: string | null): SubmitBody {
  const callback = callbackUrl === null ? {} : { callBackUrl: callbackUrl }
  if (api === 'market') {
    if (request.model === null) throw new TypeError('kie: the market api needs a model')
    return { model: request.model, ...callback, input: request.input }
  }
  const { callBackUrl: _dropped, ...fields } = request.input
  const model = request.model === null ? {} : { model: request.model }
  return { ...fields, ...model, ...callback }
}
