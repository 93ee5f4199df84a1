// Kie's replies as they are on the wire: minimal, only what we use. A field that decides something must have its type; one that only
// informs falls back to null. Evidence: test/fixtures/kie/README.md
import { z } from 'zod'

export type KieApi = 'market' | 'gpt4o' | 'kontext'

const softText = z.string().nullish().catch(null)

/** kie: the real status is `code` in the body, the HTTP status is nearly always 200 - test/fixtures/kie/README.md#envelope */
export const envelopeSchema = z.object({
  code: z.int(),
  msg: z.string().nullish(),
  // A few samples of the documentation say `message`; everything recorded says `msg`.
  message: z.string().nullish(),
  data: z.unknown().optional(),
})
export type Envelope = z.infer<typeof envelopeSchema>

/** Recorded: 32 hex digits; documented samples: `task_nano-banana-pro_1765178625768`. */
export const taskIdPattern = /^[A-Za-z0-9_.:-]{1,128}$/
export const createdSchema = z.object({ taskId: z.string().regex(taskIdPattern) })

/** Unknown path: a real HTTP 404 by the web framework - test/fixtures/kie/README.md#errors */
export const noSuchPathSchema = z.object({ status: z.literal(404), error: z.literal('Not Found'), path: z.string() })

/** test/fixtures/kie/README.md#market-record */
export const marketRecordSchema = z.object({
  taskId: z.string(),
  state: z.string(),
  model: softText,
  param: z.unknown().optional(),
  paramJson: z.unknown().optional(),
  resultJson: z.unknown().optional(),
  response: z.unknown().optional(),
  failCode: z.unknown().optional(),
  failMsg: softText,
  createTime: z.unknown().optional(),
  completeTime: z.unknown().optional(),
  creditsConsumed: z.unknown().optional(),
})
export type MarketRecord = z.infer<typeof marketRecordSchema>

/** The 4o and the Kontext record have one layout - test/fixtures/kie/README.md#gpt4o-record and #kontext-record */
export const flagRecordSchema = z.object({
  taskId: z.string(),
  successFlag: z.union([z.int(), z.string()]).nullish(),
  status: softText,
  paramJson: z.unknown().optional(),
  response: z.unknown().optional(),
  errorCode: z.unknown().optional(),
  errorMessage: softText,
  createTime: z.unknown().optional(),
  completeTime: z.unknown().optional(),
  creditsConsumed: z.unknown().optional(),
})
export type FlagRecord = z.infer<typeof flagRecordSchema>

/** The upload host has real HTTP statuses and says `success` beside `code` - test/fixtures/kie/README.md#uploads */
export const uploadedSchema = z.object({
  success: z.literal(true),
  code: z.literal(200),
  data: z.object({ downloadUrl: z.string() }),
})

/** `data` is a bare, possibly fractional number - test/fixtures/kie/README.md#balance */
export const creditSchema = z.number().nonnegative()
