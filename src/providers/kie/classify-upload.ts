// What a reply of Kie's upload host means. An upload costs nothing: only a readable link is one, everything else has failed.
import type { ProviderReason, UploadOutcome } from '../provider.ts'
import { originWasNeverReached } from '../shared/edge-status.ts'
import type { GetResult, HttpReply } from '../shared/http.ts'
import { readJson } from '../shared/json-text.ts'
import { describeReply } from '../shared/replies.ts'
import type { ReplyContext } from '../shared/replies.ts'
import { isWebUrl } from '../shared/source-urls.ts'
import { envelopeSchema, uploadedSchema } from './wire.ts'

export function classifyUpload(result: GetResult, context: ReplyContext): UploadOutcome {
  if (result.kind === 'failed') {
    return { kind: 'failed', reason: result.reason, message: context.clean(`upload: ${result.message}`) }
  }
  const { reply } = result
  const json = readJson(reply.body)
  const uploaded = uploadedSchema.safeParse(json)
  const isOk = reply.status >= 200 && reply.status < 300
  if (isOk && uploaded.success && isWebUrl(uploaded.data.data.downloadUrl)) {
    return { kind: 'uploaded', url: uploaded.data.data.downloadUrl }
  }
  return {
    kind: 'failed',
    reason: reasonOf(reply, json),
    message: describeReply(reply, { clean: (text) => context.clean(`upload: ${text}`) }),
  }
}

/** kie: real HTTP statuses here; the bodies of errors are not on record, so a code in one is believed no further than a status - #uploads */
function reasonOf({ status, elapsedMs }: HttpReply, json: unknown): ProviderReason {
  const code = envelopeSchema.safeParse(json).data?.code ?? status
  if (status === 401 || status === 403 || code === 401) return 'auth'
  if (status === 429 || code === 429) return 'rate_limited'
  if (originWasNeverReached(status, elapsedMs)) return 'unreachable'
  return status >= 500 || code >= 500 ? 'provider_fault' : 'no_answer'
}
