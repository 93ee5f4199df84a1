// From a canonical request to one provider's body, with a note of everything that is sent otherwise than it was asked.
// Reference images are never dropped: a native model that cannot take them does not fit.
import type { FidelityChange, FidelityLevel, GenerationRequest, ProviderName } from '../contract/index.ts'
import { nearestRatio } from './aspect-ratio.ts'
import type { NativeModel, NativeParameters } from './model-schema.ts'
import { referenceLimits } from './models.ts'
import { checkKnownFields, refusedCombination } from './native-schema.ts'
import { reservedFieldProblem } from './provider-options.ts'
import { dottedPath, thousands } from './request-error.ts'
import type { RequestError } from './request-error.ts'

export interface Fidelity {
  /** `adapted`: all that was asked is honoured in the nearest form · `degraded`: something is missing or far from it */
  level: FidelityLevel
  changes: FidelityChange[]
}

export type BuiltInput =
  | { kind: 'built'; input: Record<string, unknown>; fidelity: Fidelity }
  /** this native model cannot take the request as it is; another one may */
  | { kind: 'unfit'; field: 'prompt' | 'referenceImages'; because: string }
  /** no native model would take it */
  | { kind: 'invalid'; errors: RequestError[] }

export const providerTitles: Readonly<Record<ProviderName, string>> = { kie: 'Kie', defapi: 'DefAPI' }

interface Draft {
  provider: ProviderName
  native: NativeModel
  request: GenerationRequest
  input: Record<string, unknown>
  /** goes behind the prompt */
  promptFlag: { flag: string; value: string } | null
  /** the ratio that goes out, in our spelling */
  sentRatio: string | null
  changes: (FidelityChange & { level: 'adapted' | 'degraded' })[]
}

/** Our value → theirs, for a parameter that has a closed list. */
export function choicesOf(native: NativeModel, name: 'aspectRatio' | 'resolution' | 'outputFormat'): Map<string, string> {
  const parameter = native.parameters[name]
  if (parameter === undefined) return new Map()
  if ('ratios' in parameter) return new Map(parameter.ratios.map((ratio) => [ratio, ratio]))
  if ('sizes' in parameter) return new Map(Object.keys(parameter.sizes).map((resolution) => [resolution, resolution]))
  if (parameter.values !== undefined) return new Map(Object.entries(parameter.values))
  const field = native.fields[parameter.field]
  return new Map((field?.type === 'string' ? (field.values ?? []) : []).map((value) => [value, value]))
}

function change(
  draft: Draft,
  level: 'adapted' | 'degraded',
  field: string,
  asked: string | number,
  sent: string | null,
  why: string,
): void {
  draft.changes.push({ field, asked: String(asked), sent, why: `${providerTitles[draft.provider]} ${why}`, level })
}

/** The one thing that may not be done for a request: leaving its reference images out. */
function misfitOfReferences(native: NativeModel, count: number): string | null {
  const limits = referenceLimits(native)
  if (count > limits.max) {
    return limits.max === 0
      ? 'takes no reference images for this model'
      : `takes at most ${limits.max} reference image${limits.max === 1 ? '' : 's'} for this model, ${count} were given`
  }
  return count < limits.min ? 'needs a reference image for this model' : null
}

function mapReferences(draft: Draft): void {
  const images = draft.request.referenceImages ?? []
  const parameter = draft.native.parameters.referenceImages
  if (images.length === 0 || parameter === undefined) return
  draft.input[parameter.field] = draft.native.fields[parameter.field]?.type === 'urls' ? [...images] : images[0]
}

function mapAspectRatio(draft: Draft): void {
  const asked = draft.request.aspectRatio
  if (asked === undefined) return
  const parameter = draft.native.parameters.aspectRatio
  if (parameter === undefined) return change(draft, 'degraded', 'aspectRatio', asked, null, 'has no aspect ratio for this model')
  const choices = choicesOf(draft.native, 'aspectRatio')
  let ratio = asked
  if (!choices.has(asked)) {
    const nearest = nearestRatio(asked, [...choices.keys()])
    if (nearest === null) {
      // `auto` leaves the choice to the provider, and its own default is a choice of the provider too.
      const level = asked === 'auto' ? 'adapted' : 'degraded'
      return change(draft, level, 'aspectRatio', asked, null, `has no ${asked} for this model: its own default decides`)
    }
    ratio = nearest.ratio
    change(draft, nearest.sameComposition ? 'adapted' : 'degraded', 'aspectRatio', asked, ratio, `has no ${asked} for this model`)
  }
  draft.sentRatio = ratio
  if ('promptFlag' in parameter) draft.promptFlag = { flag: parameter.promptFlag, value: ratio }
  else draft.input[parameter.field] = choices.get(ratio)
}

/** `2K` → 2; what is no number sorts last. */
const sizeOfResolution = (value: string): number => {
  const size = Number.parseFloat(value)
  return Number.isNaN(size) ? Infinity : size
}

/** The best one that is not better than asked, else the smallest that is. */
function nearestResolution(asked: string, supported: readonly string[]): string | undefined {
  const bySize = supported.toSorted((a, b) => sizeOfResolution(a) - sizeOfResolution(b))
  return bySize.filter((value) => sizeOfResolution(value) <= sizeOfResolution(asked)).at(-1) ?? bySize[0]
}

function mapResolution(draft: Draft): void {
  const { native, sentRatio } = draft
  const asked = draft.request.resolution
  if (asked === undefined) return
  const parameter = native.parameters.resolution
  if (parameter === undefined) return change(draft, 'degraded', 'resolution', asked, null, 'has no resolution for this model')
  const choices = choicesOf(native, 'resolution')
  if ('sizes' in parameter) {
    const size = sentRatio === null ? undefined : parameter.sizes[asked]?.[sentRatio]
    const carrier = carrierOf(native, 'resolution')
    if (size === undefined || carrier === null) {
      const ratios = Object.keys(parameter.sizes[asked] ?? {})
      const where = ratios.length === 0 ? 'at no ratio' : `at ${ratios.join(', ')} only`
      return change(draft, 'degraded', 'resolution', asked, null, `has ${asked} ${where}`)
    }
    draft.input[carrier] = size
    return
  }
  const sent = choices.has(asked) ? asked : nearestResolution(asked, [...choices.keys()])
  if (sent === undefined) return change(draft, 'degraded', 'resolution', asked, null, 'has no resolution for this model')
  if (sent !== asked) {
    const level = sizeOfResolution(sent) > sizeOfResolution(asked) ? 'adapted' : 'degraded'
    change(draft, level, 'resolution', asked, sent, `has no ${asked} for this model`)
  }
  draft.input[parameter.field] = choices.get(sent)
}

function mapOutputFormat(draft: Draft): void {
  const asked = draft.request.outputFormat
  if (asked === undefined) return
  const parameter = draft.native.parameters.outputFormat
  const theirs = choicesOf(draft.native, 'outputFormat').get(asked)
  if (parameter === undefined || theirs === undefined) {
    return change(draft, 'degraded', 'outputFormat', asked, null, `has no ${asked} output for this model`)
  }
  draft.input[parameter.field] = theirs
}

function mapSeed(draft: Draft): void {
  const asked = draft.request.seed
  if (asked === undefined) return
  const parameter = draft.native.parameters.seed
  if (parameter === undefined) return change(draft, 'degraded', 'seed', asked, null, 'takes no seed for this model')
  draft.input[parameter.field] = draft.native.fields[parameter.field]?.type === 'string' ? String(asked) : asked
}

/** Puts the prompt with its flags; says why it does not fit. */
function mapPrompt(draft: Draft): string | null {
  const { field: name } = draft.native.parameters.prompt
  const prompt =
    draft.promptFlag === null
      ? draft.request.prompt
      : `${draft.request.prompt} ${draft.promptFlag.flag} ${draft.promptFlag.value}`
  draft.input[name] = prompt
  const field = draft.native.fields[name]
  if (field?.type !== 'string') return null
  if (field.maxLength !== undefined && prompt.length > field.maxLength) {
    return `takes prompts of at most ${thousands(field.maxLength)} characters for this model, this one has ${thousands(prompt.length)}`
  }
  return field.minLength !== undefined && prompt.length < field.minLength
    ? `takes prompts of at least ${field.minLength} characters for this model`
    : null
}

/** A flag that stands in the prompt already would say two things at once. */
function repeatedFlag({ promptFlag, request }: Draft): RequestError[] {
  if (promptFlag === null || !request.prompt.split(/\s+/).includes(promptFlag.flag)) return []
  return [{ field: 'aspectRatio', message: `aspectRatio is given twice: the prompt carries ${promptFlag.flag} already` }]
}

/** Some resolutions do not go with some ratios. The ratio shapes the picture, so the resolution gives way. */
function settleRefusedCombination(draft: Draft): void {
  const { native, input, request } = draft
  const parameter = native.parameters.resolution
  const refused = refusedCombination(native, input)
  if (refused === null || parameter === undefined || !('field' in parameter) || request.resolution === undefined) return
  // Downwards only: more than was asked costs more than was asked.
  const lower = [...choicesOf(native, 'resolution')]
    .filter(([ours]) => sizeOfResolution(ours) < sizeOfResolution(request.resolution ?? ''))
    .toSorted(([a], [b]) => sizeOfResolution(b) - sizeOfResolution(a))
  const fitting = lower.find(([, theirs]) => refusedCombination(native, { ...input, [parameter.field]: theirs }) === null)
  if (fitting === undefined) delete input[parameter.field]
  else input[parameter.field] = fitting[1]
  draft.changes = draft.changes.filter((entry) => entry.field !== 'resolution')
  change(draft, 'degraded', 'resolution', request.resolution, fitting?.[0] ?? null, `cannot do this: ${refused.why}`)
}

/** The native field that carries a parameter of ours, if one does. */
function carrierOf(native: NativeModel, name: keyof NativeParameters): string | null {
  const parameter = native.parameters[name]
  if (parameter === undefined) return null
  if ('field' in parameter) return parameter.field
  return 'sizes' in parameter ? carrierOf(native, 'aspectRatio') : null
}

/** Merges the caller's native fields last, and notes where they overrule what the request itself asks for. */
function mergeOptions(draft: Draft): RequestError[] {
  const { provider, native, input, request } = draft
  const options = request.providerOptions?.[provider]
  if (options === undefined) return []
  const path = `providerOptions.${provider}`
  const errors: RequestError[] = []
  for (const [name, value] of Object.entries(options)) {
    const problem =
      name === native.parameters.referenceImages?.field
        ? 'cannot be set here: reference images are given as `referenceImages`'
        : reservedFieldProblem(name)
    if (problem !== null) {
      const field = dottedPath(['providerOptions', provider, name])
      errors.push({ field, message: `${field} ${problem}` })
      continue
    }
    for (const parameter of ['aspectRatio', 'resolution', 'outputFormat', 'seed'] as const) {
      const asked = request[parameter]
      if (asked === undefined || carrierOf(native, parameter) !== name || input[name] === value) continue
      draft.changes = draft.changes.filter((entry) => entry.field !== parameter)
      change(draft, 'degraded', parameter, asked, String(value), `is sent ${path}.${name} instead`)
    }
    input[name] = value
  }
  return errors
}

/** Builds the body for one native model. */
export function buildNativeInput(provider: ProviderName, native: NativeModel, request: GenerationRequest): BuiltInput {
  const draft: Draft = { provider, native, request, input: {}, promptFlag: null, sentRatio: null, changes: [] }
  const misfit = misfitOfReferences(native, request.referenceImages?.length ?? 0)
  if (misfit !== null) return { kind: 'unfit', field: 'referenceImages', because: misfit }
  mapReferences(draft)
  mapAspectRatio(draft)
  mapResolution(draft)
  mapOutputFormat(draft)
  mapSeed(draft)
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

const parameterNames = ['prompt', 'referenceImages', 'aspectRatio', 'resolution', 'outputFormat', 'seed'] as const

/** Errors in the body, told in terms of what the caller wrote. */
function wrongFields({ provider, native, request, input }: Draft): RequestError[] {
  const options = request.providerOptions?.[provider] ?? {}
  const where = `${native.model ?? native.api} at ${providerTitles[provider]}`
  return checkKnownFields(native, input).map(({ field, message }) => {
    const [name = '', ...rest] = field.split('.')
    const ours = parameterNames.find((parameter) => carrierOf(native, parameter) === name)
    const owner = Object.hasOwn(options, name) || ours === undefined ? `providerOptions.${provider}.${name}` : ours
    const path = [owner, ...rest].join('.')
    return { field: path, message: `${path} ${message} (${where})` }
  })
}

function levelOf({ changes }: Draft): FidelityLevel {
  if (changes.some((entry) => entry.level === 'degraded')) return 'degraded'
  return changes.length === 0 ? 'exact' : 'adapted'
}
