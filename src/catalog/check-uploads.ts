// Whether the uploads that a request names are there and of a size that somebody takes. Asked before anything is reserved or sent.
import type { GenerationRequest, ProviderName } from '../contract/index.ts'
import type { Model } from './model-schema.ts'
import { chooseNative, findModel, givenIn, providerNames, standInsOf } from './models.ts'
import { providerTitles } from './native-draft.ts'
import { misfitsOf } from './picture-limits.ts'
import type { Misfit } from './picture-limits.ts'
import { listed } from './request-error.ts'
import type { RequestError } from './request-error.ts'
import { uploadName, uploadsIn } from './upload-name.ts'

export interface KnownUpload {
  sha256: string
  sizeBytes: number
  /** in pixels; left out by somebody who only knows the file */
  width?: number
  height?: number
}

/** Errors by field; none where the request may go on. `known`: those of the named uploads that the ledger has. */
export function checkUploads(request: GenerationRequest, known: readonly KnownUpload[]): RequestError[] {
  const here = new Set(known.map(({ sha256 }) => sha256))
  const missing = uploadsIn(request).filter(({ sha256 }) => !here.has(sha256))
  if (missing.length > 0) return missing.map(({ field, sha256 }) => ({ field, message: unknownMessage(field, sha256) }))
  return checkUploadSizes(request, known)
}

interface Answer {
  provider: ProviderName
  /** by their fields */
  misfits: ReadonlyMap<string, Misfit>
}

/** Of those that are here: the pictures that no provider of the route would take, for the model or for one that may stand in. */
export function checkUploadSizes(request: GenerationRequest, known: readonly KnownUpload[]): RequestError[] {
  const model = findModel(request.model)
  if (model === null || known.length === 0) return []
  const answers = answersOf(model, request, known)
  const wanted = request.route?.providers ?? providerNames
  const [first, ...others] = answers.filter(({ provider }) => wanted.includes(provider))
  if (first === undefined) return []
  // Native fields are of the model that was asked for, and no stand-in is sent them.
  const { providerOptions: _, ...plain } = request
  const instead = standInsOf(request)
    .flatMap((standIn) => answersOf(standIn, plain, known))
    .filter(({ provider }) => wanted.includes(provider))
  return [...first.misfits.keys()]
    .filter((field) => [...others, ...instead].every(({ misfits }) => misfits.has(field)))
    .map((field) => ({ field, message: misfitMessage(field, model.name, [first, ...others], answers) }))
}

function answersOf(model: Model, request: GenerationRequest, known: readonly KnownUpload[]): Answer[] {
  return providerNames.flatMap((provider): Answer[] => {
    const native = chooseNative(model, provider, givenIn(request))
    if (native === null) return []
    const misfits = misfitsOf(provider, native, request, known)
    return [{ provider, misfits: new Map(misfits.map((misfit) => [misfit.field, misfit])) }]
  })
}

/** What is wrong with it for whom, and who outside the route may take it. */
function misfitMessage(field: string, model: string, inRoute: readonly Answer[], all: readonly Answer[]): string {
  const reasons = new Map<string, string[]>()
  for (const { provider, misfits } of inRoute) {
    const misfit = misfits.get(field)
    if (misfit === undefined) continue
    const what = `${misfit.is} for ${model}: it has ${misfit.has}, and must have`
    reasons.set(what, [...(reasons.get(what) ?? []), `${misfit.limit} at ${providerTitles[provider]}`])
  }
  const told = [...reasons].map(([what, limits]) => `${what} ${listed(limits)}`).join('; ')
  const elsewhere = all.filter((answer) => !inRoute.includes(answer) && !answer.misfits.has(field))
  const hint = elsewhere.map(({ provider }) => `; ${providerTitles[provider]} may take it`).join('')
  return `${field} is ${told}${hint}`
}

function unknownMessage(field: string, sha256: string): string {
  return `${field} names an upload that is not here: send the picture to POST /v1/uploads first (${uploadName(sha256).slice(0, 19)}…)`
}
