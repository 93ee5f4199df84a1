// DefAPI's callback door. Nothing is signed, so only the shape is checked and the claim is a hint; the unguessable link and the query that
// follows are what protects. // I12   test/fixtures/defapi/README.md#callbacks
import type { CallbackVerdict } from '../provider.ts'
import { maxReplyBytes } from '../shared/http.ts'
import { field, isJsonObject, readJson, textField } from '../shared/json-text.ts'

/** As in a reply of the submit, without dots and colons, which no id seen has. */
const claimedTaskIdPattern = /^[A-Za-z0-9_-]{1,128}$/

/** Longer than any status word. */
const maxStatusLength = 64

export function readCallback(rawBody: Uint8Array): CallbackVerdict {
  if (rawBody.length > maxReplyBytes) return malformed('the body is too large')
  const body = readJson(rawBody)
  if (!isJsonObject(body)) return malformed('the body is not a JSON object')
  // Flat in every handler seen; the query wraps the same object in `data`, so that form is read too.
  const data = field(body, 'data')
  const ids = new Set([field(body, 'task_id'), field(data, 'task_id')].filter((id) => id !== undefined && id !== null))
  if (ids.size > 1) return malformed('the body names different tasks')
  const [id] = ids
  const status = textField(body, 'status') ?? textField(data, 'status')
  return {
    ok: true,
    claim: {
      claimedTaskId: typeof id === 'string' && claimedTaskIdPattern.test(id) ? id : null,
      claimedState: status !== null && status.length <= maxStatusLength ? status : null,
    },
  }
}

function malformed(message: string): CallbackVerdict {
  return { ok: false, status: 400, message }
}
