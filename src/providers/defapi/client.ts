// DefAPI's endpoints: what is sent where. Paths and fields: test/fixtures/defapi/README.md#endpoints
import type { ProviderRequest, SubmitBody } from '../provider.ts'
import type { DefapiApi } from './wire.ts'

const submitPaths: Readonly<Record<DefapiApi, string>> = {
  image: '/api/image/gen',
  'gpt-image': '/api/gpt-image/gen',
  midjourney: '/api/midjourney/imagine',
  'midjourney-edits': '/api/midjourney/edits',
  wan: '/api/wan-image/gen',
}

export const userPath = '/api/user'

/** Throws for an api that DefAPI does not have: a bug of the caller's, before anything is sent. */
export function submitPath(api: string): string {
  if (!isApi(api)) throw new TypeError(`defapi has no api "${api}"`)
  return submitPaths[api]
}

function isApi(api: string): api is DefapiApi {
  return Object.hasOwn(submitPaths, api)
}

/** One query for all products. The parameter is `task_id`; `job_id` brought records of other tasks - #record */
export function queryPath(providerTaskId: string): string {
  return `/api/task/query?task_id=${encodeURIComponent(providerTaskId)}`
}

/** The callback link is ours alone: one that came in with the native fields is dropped, also when we want no callback. */
export function submitBody(request: ProviderRequest, callbackUrl: string | null): SubmitBody {
  const { callback_url: _dropped, ...fields } = request.input
  const model = request.model === null ? {} : { model: request.model }
  return { ...fields, ...model, ...(callbackUrl === null ? {} : { callback_url: callbackUrl }) }
}
