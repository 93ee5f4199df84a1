// From a canonical request to one provider's body, with a note of everything that is sent otherwise than it was asked.
// Reference images, masks and prompts are never dropped: a native model that cannot take them does not fit.
import type { FidelityChange, FidelityLevel, GenerationRequest, ProviderName } from '../contract/index.ts'
import {
  mapAspectRatio,
  mapBackground,
  mapCount,
  mapNegativePrompt,
  mapOutputFormat,
  mapPictures,
  mapPrompt,
  mapQuality,
  mapResolution,
  mapSeed,
  mapStrength,
  misfitOfPictures,
  settleRefusedCombination,
} from './map-parameters.ts'
import { mapSize } from './map-size.ts'
import type { NativeModel } from './model-schema.ts'
import { nativeFieldNames } from './models.ts'
import { carriersOf, change, parameterNames, providerTitles } from './native-draft.ts'
import type { Draft } from './native-draft.ts'
import { checkKnownFields } from './native-schema.ts'
import { nearestField, reservedFieldProblem, shownValue } from './provider-options.ts'
import { dottedPath } from './request-error.ts'
import type { RequestError } from './request-error.ts'

export interface Fidelity {
  /**
   * `exact` · `adapted`: all that was asked is honoured in the nearest form · `degraded`: something is missing or far from it. What is
   * sent unchecked is among the changes, too, and makes none of them worse.
   */
  level: FidelityLevel
  changes: FidelityChange[]
}

export type BuiltInput =
  | { kind: 'built'; input: Record<string, unknown>; fidelity: Fidelity }
  /** this native model cannot take the request as it is; another one may */
  | { kind: 'unfit'; field: 'prompt' | 'referenceImages'; because: string }
  /** no native model would take it */
  | { kind: 'invalid'; errors: RequestError[] }

/** A flag that stands in the prompt already would say two things at once. */
function repeatedFlag({ promptFlag, request }: Draft): RequestError[] {
  if (promptFlag === null || request.prompt?.split(/\s+/).includes(promptFlag.flag) !== true) return []
  const field = request.size === undefined ? 'aspectRatio' : 'size'
  return [{ field, message: `${field} is given twice: the prompt carries ${promptFlag.flag} already` }]
}

/** Why a documented field of this model may not come in through `providerOptions`. */
function ownedFieldProblem(native: NativeModel, name: string): string | null {
  if (carriersOf(native, 'referenceImages').includes(name))
    return 'cannot be set here: reference images are given as `referenceImages`'
  if (carriersOf(native, 'mask').includes(name)) return 'cannot be set here: the mask is given as `mask`'
  return reservedFieldProblem(name)
}

/** What is most likely a slip of the pen, which the provider would ignore in silence and be paid for all the same. */
function misspeltFieldProblem({ native, provider }: Draft, name: string): string | null {
  const nearest = nearestField(name, Object.keys(native.fields), nativeFieldNames)
  if (nearest === null) return null
  const where = `is no documented field of ${native.model ?? native.api} at ${providerTitles[provider]}`
  const owned = ownedFieldProblem(native, nearest)
  return `${where}; did you mean ${nearest}?${owned === null ? '' : ` It ${owned}`}`
}

/** Providers add fields faster than anybody writes them down, so one that nobody here knows is sent as it is; but not without a word. */
function noteUnchecked(draft: Draft, name: string, value: unknown): void {
  const shown = shownValue(value)
  const field = dottedPath(['providerOptions', draft.provider, name])
  const model = draft.native.model ?? draft.native.api
  change(draft, 'exact', field, shown, shown, `documents no such field for ${model}: it is sent unchecked, and may be ignored`)
}

/** Merges the caller's native fields last, and notes where they overrule what the request itself asks for. */
function mergeOptions(draft: Draft): RequestError[] {
  const { provider, native, input, request } = draft
  const options = request.providerOptions?.[provider]
  if (options === undefined) return []
  const path = `providerOptions.${provider}`
  const errors: RequestError[] = []
  for (const [name, value] of Object.entries(options)) {
    const isDocumented = Object.hasOwn(native.fields, name)
    const problem = ownedFieldProblem(native, name) ?? (isDocumented ? null : misspeltFieldProblem(draft, name))
    if (problem !== null) {
      const field = dottedPath(['providerOptions', provider, name])
      errors.push({ field, message: `${field} ${problem}` })
      continue
    }
    for (const parameter of parameterNames) {
      if (parameter === 'prompt' || parameter === 'referenceImages' || parameter === 'mask') continue
      const asked = request[parameter]
      if (asked === undefined || input[name] === value || !overruled(draft, parameter).includes(name)) continue
      draft.changes = draft.changes.filter((entry) => entry.field !== parameter)
      change(draft, 'degraded', parameter, asked, String(value), `is sent ${path}.${name} instead`)
    }
    input[name] = value
    if (!isDocumented) noteUnchecked(draft, name, value)
  }
  return errors
}

/** The native fields by which a parameter is sent: a size may go as ratio and resolution. */
function overruled({ native }: Draft, parameter: (typeof parameterNames)[number]): string[] {
  if (parameter !== 'size') return carriersOf(native, parameter)
  return (['size', 'aspectRatio', 'resolution'] as const).flatMap((name) => carriersOf(native, name))
}

/** Builds the body for one native model. */
export function buildNativeInput(provider: ProviderName, native: NativeModel, request: GenerationRequest): BuiltInput {
  const wanted = { aspectRatio: request.aspectRatio, resolution: request.resolution }
  const draft: Draft = { provider, native, request, wanted, input: {}, promptFlag: null, sentRatio: null, changes: [] }
  const misfit = misfitOfPictures(native, request.referenceImages?.length ?? 0, request.mask !== undefined)
  if (misfit !== null) return { kind: 'unfit', field: 'referenceImages', because: misfit }
  mapPictures(draft)
  mapSize(draft)
  mapAspectRatio(draft)
  mapResolution(draft)
  mapOutputFormat(draft)
  mapQuality(draft)
  mapBackground(draft)
  mapSeed(draft)
  mapStrength(draft)
  mapNegativePrompt(draft)
  mapCount(draft)
  const promptMisfit = mapPrompt(draft)
  if (promptMisfit !== null) return { kind: 'unfit', field: 'prompt', because: promptMisfit }
  for (const [name, field] of Object.entries(native.fields)) {
    if (field.send !== undefined && draft.input[name] === undefined) draft.input[name] = field.send
  }
  settleRefusedCombination(draft)
  const errors = [...repeatedFlag(draft), ...mergeOptions(draft), ...wrongFields(draft)]
  if (errors.length > 0) return { kind: 'invalid', errors }
  const changes = draft.changes.map(({ field, asked, sent, why }) => ({ field, asked, sent, why }))
  return { kind: 'built', input: draft.input, fidelity: { level: levelOf(draft), changes } }
}

/** Errors in the body, told in terms of what the caller wrote. */
function wrongFields({ provider, native, request, input }: Draft): RequestError[] {
  const options = request.providerOptions?.[provider] ?? {}
  const where = `${native.model ?? native.api} at ${providerTitles[provider]}`
  return checkKnownFields(native, input).map(({ field, message }) => {
    const [name = '', ...rest] = field.split('.')
    const ours = parameterNames.find((parameter) => carriersOf(native, parameter).includes(name))
    const owner = Object.hasOwn(options, name) || ours === undefined ? `providerOptions.${provider}.${name}` : ours
    const path = [owner, ...rest].join('.')
    return { field: path, message: `${path} ${message} (${where})` }
  })
}

function levelOf({ changes }: Draft): FidelityLevel {
  if (changes.some((entry) => entry.level === 'degraded')) return 'degraded'
  return changes.some((entry) => entry.level === 'adapted') ? 'adapted' : 'exact'
}
