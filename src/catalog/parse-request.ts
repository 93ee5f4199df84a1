// The one door through which a request comes in, over HTTP, from the command line and from other workflows.
import type { GenerationRequest } from '../contract/index.ts'
import { checkAgainstModel } from './model-checks.ts'
import type { Model } from './model-schema.ts'
import { findModel, kindsOf, nearestModelNames } from './models.ts'
import { copyPlainJson } from './plain-json.ts'
import { listed, quote } from './request-error.ts'
import type { RequestError } from './request-error.ts'
import { generationRequestSchema } from './request-schema.ts'
import { sentencesOf } from './request-sentences.ts'

export type ParsedRequest = { ok: true; request: GenerationRequest } | { ok: false; errors: RequestError[] }

/** What is said of a model that does not exist. With the nearest names only: `GET /v1/models` has them all. */
export function unknownModelError(name: string, field = 'model'): RequestError {
  const nearest = nearestModelNames(name)
  const hint = nearest.length === 0 ? 'see `darkroom models` or GET /v1/models' : `did you mean ${nearest.join(' or ')}?`
  return { field, message: `unknown model ${quote(name)}; ${hint}`, ...(nearest.length === 0 ? {} : { allowed: nearest }) }
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
  const standIns = (parsed.data.route?.models ?? []).map(findModel)
  const names = standIns.flatMap((standIn) => standIn?.name ?? [])
  if (names.length > 0) request.route = { ...parsed.data.route, models: names }
  const errors = [...checkStandIns(model, parsed.data.route?.models ?? []), ...checkAgainstModel(model, request)]
  return errors.length === 0 ? { ok: true, request } : { ok: false, errors }
}

/** Whether a stand-in can take this very request is for the route to say; that it is something else altogether is said at once. */
function checkStandIns(model: Model, names: readonly string[]): RequestError[] {
  const seen = new Set([model.name])
  return names.flatMap((name, at) => {
    const field = `route.models.${at}`
    const standIn = findModel(name)
    if (standIn === null) return [unknownModelError(name, field)]
    const isRepeated = seen.has(standIn.name)
    seen.add(standIn.name)
    if (isRepeated) return [{ field, message: `${field} names ${standIn.name} again` }]
    if (kindsOf(model).some((kind) => kindsOf(standIn).includes(kind))) return []
    const message = `${field} must be of the same kind: ${model.name} does ${listed(kindsOf(model))}, ${standIn.name} does ${listed(kindsOf(standIn))}`
    return [{ field, message }]
  })
}
