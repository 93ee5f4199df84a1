// DefAPI's replies as they are on the wire: minimal, only what we use. A field that decides something must have its type; one that only
// informs falls back to null. Evidence: test/fixtures/defapi/README.md
import { z } from 'zod'

export type DefapiApi = 'image' | 'gpt-image' | 'midjourney' | 'midjourney-edits' | 'wan'

const softText = z.string().nullish().catch(null)

/** `code` 0 is success - test/fixtures/defapi/README.md#envelope */
export const envelopeSchema = z.object({
  code: z.int(),
  message: z.string().nullish(),
  detail: softText,
  data: z.unknown().optional(),
})
export type Envelope = z.infer<typeof envelopeSchema>

/** Seen: `ta` and the rest of a UUID. Opaque to us, as long as it is harmless in a URL and in a log. */
export const taskIdPattern = /^[A-Za-z0-9_.:-]{1,128}$/
export const submittedSchema = z.object({ task_id: z.string().regex(taskIdPattern) })

/** test/fixtures/defapi/README.md#record */
export const recordSchema = z.object({
  task_id: z.string(),
  status: z.string(),
  result: z.unknown().optional(),
  status_reason: z.object({ message: softText }).nullish().catch(null),
  consumed: z.unknown().optional(),
  created_at: z.unknown().optional(),
})
export type TaskRecord = z.infer<typeof recordSchema>

/** A decimal as text, or a number - test/fixtures/defapi/README.md#balance */
export const userSchema = z.object({ credit: z.union([z.string(), z.number()]) })
