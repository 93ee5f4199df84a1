// The one door through which a request comes in, over HTTP, from the command line and from other workflows.
import type { GenerationRequest } from '../contract/index.ts'
import { checkAgainstModel } from './model-checks.ts'
import { findModel, models, nearestModelNames } from './models.ts'
import { copyPlainJson } from './plain-json.ts'
import { quote } from './request-error.ts'
import type { RequestError } from './request-error.ts'
import { generationRequestSchema } from './request-schema.ts'
import { sentencesOf } from './request-sentences.ts'

export type ParsedRequest = { ok: true; request: GenerationRequest } | { ok: false; errors: RequestError[] }

/** What is said of a model that does not exist. */
export function unknownModelError(name: string): RequestError {
  return {
    field: 'model',
    message: `unknown model ${quote(name)}; did you mean ${nearestModelNames(name).join(' or ')}?`,
    allowed: models.map((model) => model.name),
  }
}

/** Checks everything that can be known without asking anybody; the request that comes back carries the canonical model name. */
export function parseGenerationRequest(body: unknown): ParsedRequest {
  const copied = copyPlainJson(body)
  if (!copied.ok) return copied
  const parsed = generationRequestSchema.safeParse(copied.value, { reportInput: true })
  if (!parsed.success) return { ok: false, errors: sentencesOf(parsed.error.issues) }
  const model = findModel(parsed.data.model)
  if (model === null) return { ok: false, errors: [unknownModelError(parsed.data.model)] }
  const request: GenerationRequest = { ...parsed.data, model: model.name }
  const errors = checkAgainstModel(model, request)
  return errors.length === 0 ? { ok: true, request } : { ok: false, errors }
}
