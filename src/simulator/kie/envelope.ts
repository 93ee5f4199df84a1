// Kie's envelope and its known refusals. kie: the HTTP status is nearly always 200, the real one is `code` in the body.
import { jsonReply, type Json, type Reply } from '../http/reply.ts'

export const NAME_NOT_SUPPORTED =
  'The model name you specified is not supported. Please verify your input and use one of the supported models provided by KIE.'

export const success = (data: Json): Json => ({ code: 200, msg: 'success', data })

interface KnownReply {
  msg: string
  /** 401 was seen without a `data` key, the others with `data: null` */
  withData: boolean
}

/** By code, then by variety ('' is the usual one). Texts marked "ours" are not on record. */
const knownReplies: Record<number, Record<string, string>> = {
  400: { '': 'taskId parameter is required' },
  401: {
    '': 'Unauthorized – Authentication failed. Please check that your Authorization and Content-Type headers are correctly set.',
    old: 'You do not have access permissions',
  },
  402: { '': 'Credits insufficient', old: 'The current credits are insufficient. Please top up.' },
  404: { '': 'Task not found' },
  408: { '': 'Upstream service timeout' }, // ours
  422: { '': NAME_NOT_SUPPORTED, record_null: 'recordInfo is null', no_record: 'The record does not exist', url: 'url is wrong' },
  429: { '': 'Your call frequency is too high. Please try again later.' },
  433: { '': 'Request Limit - Sub-key Usage Exceeds Limit' },
  451: { '': 'Failed to fetch the image. Kindly verify any access limits set by you or your service provider' }, // ours
  455: { '': 'The system is under maintenance. Please try again later.' }, // ours
  500: {
    '': 'Internal Error, Please try again later.',
    server_exception: 'Server exception',
    field: 'This field is required',
    required: 'aspect_ratio is required',
    range: 'aspect_ratio is not within the range of allowed options',
    credits: 'Credits insufficient',
  },
  501: { '': 'Generation failed' },
  505: { '': 'Feature disabled' },
  550: { '': 'Connection was rejected, likely because the queue is full' }, // ours
}

function knownReply(code: number, variety: string | null): KnownReply {
  const texts = knownReplies[code] ?? {}
  return { msg: texts[variety ?? ''] ?? texts[''] ?? 'Unknown error', withData: code !== 401 }
}

/** With `realHttpStatuses` the code is the HTTP status too, where it can be one. */
export function makeCodeReply(realHttpStatuses: boolean) {
  return (code: number, variety: string | null, overrides: { message?: string; code?: number; status?: number } = {}): Reply => {
    const known = knownReply(code, variety)
    const shown = overrides.code ?? code
    const status = overrides.status ?? (realHttpStatuses && shown >= 400 && shown < 600 ? shown : 200)
    const body = { code: shown, msg: overrides.message ?? known.msg }
    return jsonReply(known.withData ? { ...body, data: null } : body, status)
  }
}

export type CodeReply = ReturnType<typeof makeCodeReply>
