// One function for each parameter of ours: puts it into the body, or notes what is sent instead. Order matters only where one reads
// what another has sent: size before aspect ratio before resolution.
import { nearestRatio } from './aspect-ratio.ts'
import type { NativeModel } from './model-schema.ts'
import { placeReferences, referenceLimits } from './models.ts'
import { asNative, carriersOf, change, choicesOf, maxCountOf } from './native-draft.ts'
import type { Draft } from './native-draft.ts'
import { refusedCombination } from './native-schema.ts'
import { thousands } from './request-error.ts'

/** What may not be done for a request: leaving out its reference images or its mask. */
export function misfitOfPictures(native: NativeModel, references: number, hasMask: boolean): string | null {
  const limits = referenceLimits(native)
  if (references > limits.max) {
    return limits.max === 0
      ? 'takes no reference images for this model'
      : `takes at most ${limits.max} reference image${limits.max === 1 ? '' : 's'} for this model, ${references} were given`
  }
  if (references < limits.min) {
    return limits.min === 1 ? 'needs a reference image for this model' : `needs ${limits.min} reference images for this model`
  }
  return hasMask && native.parameters.mask === undefined ? 'takes no mask for this model' : null
}

export function mapPictures(draft: Draft): void {
  const { native, input, request } = draft
  for (const { field, images } of placeReferences(native, request.referenceImages ?? [])) {
    if (images.length > 0) input[field] = native.fields[field]?.type === 'urls' ? images : images[0]
  }
  const { mask } = native.parameters
  if (request.mask !== undefined && mask !== undefined) input[mask.field] = request.mask
}

export function mapAspectRatio(draft: Draft): void {
  const asked = draft.wanted.aspectRatio
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
export const sizeOfResolution = (value: string): number => {
  const size = Number.parseFloat(value)
  return Number.isNaN(size) ? Infinity : size
}

/** The best one that is not better than asked, else the smallest that is. */
function nearestResolution(asked: string, supported: readonly string[]): string | undefined {
  const bySize = supported.toSorted((a, b) => sizeOfResolution(a) - sizeOfResolution(b))
  return bySize.filter((value) => sizeOfResolution(value) <= sizeOfResolution(asked)).at(-1) ?? bySize[0]
}

export function mapResolution(draft: Draft): void {
  const { native, sentRatio } = draft
  const asked = draft.wanted.resolution
  if (asked === undefined) return
  const parameter = native.parameters.resolution
  if (parameter === undefined) return change(draft, 'degraded', 'resolution', asked, null, 'has no resolution for this model')
  const choices = choicesOf(native, 'resolution')
  if ('sizes' in parameter) {
    const size = sentRatio === null ? undefined : parameter.sizes[asked]?.[sentRatio]
    const [carrier] = carriersOf(native, 'resolution')
    if (size === undefined || carrier === undefined) {
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

/** Some resolutions do not go with some ratios. The ratio shapes the picture, so the resolution gives way. */
export function settleRefusedCombination(draft: Draft): void {
  const { native, input, request } = draft
  const asked = draft.wanted.resolution
  const parameter = native.parameters.resolution
  const refused = refusedCombination(native, input)
  if (refused === null || parameter === undefined || !('field' in parameter) || asked === undefined) return
  // Downwards only: more than was asked costs more than was asked.
  const lower = [...choicesOf(native, 'resolution')]
    .filter(([ours]) => sizeOfResolution(ours) < sizeOfResolution(asked))
    .toSorted(([a], [b]) => sizeOfResolution(b) - sizeOfResolution(a))
  const fitting = lower.find(([, theirs]) => refusedCombination(native, { ...input, [parameter.field]: theirs }) === null)
  if (fitting === undefined) delete input[parameter.field]
  else input[parameter.field] = fitting[1]
  const [field, value] = request.size === undefined ? (['resolution', asked] as const) : (['size', request.size] as const)
  draft.changes = draft.changes.filter((entry) => entry.field !== field)
  const sent = field === 'resolution' ? [fitting?.[0]] : [draft.sentRatio, fitting?.[0]]
  const told = sent.filter((part) => part !== undefined && part !== null).join(' at ')
  change(draft, 'degraded', field, value, told === '' ? null : told, `cannot do this: ${refused.why}`)
}

/** From the cheapest up. */
const qualities = ['low', 'medium', 'high']

/** The best one that is not better than asked, since better is dearer; else the cheapest that is. */
function nearestQuality(asked: string, supported: readonly string[]): string | undefined {
  const rank = (quality: string): number => qualities.indexOf(quality)
  const ranked = supported.filter((quality) => rank(quality) >= 0).toSorted((a, b) => rank(a) - rank(b))
  return ranked.filter((quality) => rank(quality) <= rank(asked)).at(-1) ?? ranked[0]
}

export function mapQuality(draft: Draft): void {
  const asked = draft.request.quality
  if (asked === undefined) return
  const parameter = draft.native.parameters.quality
  const choices = choicesOf(draft.native, 'quality')
  const sent = choices.has(asked) ? asked : nearestQuality(asked, [...choices.keys()])
  const theirs = sent === undefined ? undefined : choices.get(sent)
  if (parameter === undefined || sent === undefined || theirs === undefined)
    return change(draft, 'degraded', 'quality', asked, null, 'has no choice of quality for this model')
  if (sent !== asked) {
    const level = qualities.indexOf(sent) > qualities.indexOf(asked) ? 'adapted' : 'degraded'
    change(draft, level, 'quality', asked, sent, `has no ${asked} quality for this model`)
  }
  draft.input[parameter.field] = asNative(draft.native.fields[parameter.field], theirs)
}

export function mapBackground(draft: Draft): void {
  const asked = draft.request.background
  if (asked === undefined) return
  const parameter = draft.native.parameters.background
  const theirs = choicesOf(draft.native, 'background').get(asked)
  if (parameter === undefined || theirs === undefined) {
    // `auto` leaves the choice to the provider anyway.
    const level = asked === 'auto' ? 'adapted' : 'degraded'
    return change(draft, level, 'background', asked, null, `has no ${asked} background for this model`)
  }
  draft.input[parameter.field] = theirs
}

export function mapOutputFormat(draft: Draft): void {
  const asked = draft.request.outputFormat
  if (asked === undefined) return
  const parameter = draft.native.parameters.outputFormat
  const theirs = choicesOf(draft.native, 'outputFormat').get(asked)
  if (parameter === undefined || theirs === undefined) {
    return change(draft, 'degraded', 'outputFormat', asked, null, `has no ${asked} output for this model`)
  }
  draft.input[parameter.field] = theirs
}

export function mapSeed(draft: Draft): void {
  const asked = draft.request.seed
  if (asked === undefined) return
  const parameter = draft.native.parameters.seed
  if (parameter === undefined) return change(draft, 'degraded', 'seed', asked, null, 'takes no seed for this model')
  draft.input[parameter.field] = asNative(draft.native.fields[parameter.field], asked)
}

export function mapStrength(draft: Draft): void {
  const asked = draft.request.strength
  if (asked === undefined) return
  const parameter = draft.native.parameters.strength
  const field = parameter === undefined ? undefined : draft.native.fields[parameter.field]
  if (parameter === undefined || field?.type !== 'number')
    return change(draft, 'degraded', 'strength', asked, null, 'takes no strength for this model')
  const [min, max] = [field.min ?? 0, field.max ?? 1]
  const sent = Math.min(max, Math.max(min, asked))
  if (sent !== asked)
    change(draft, 'adapted', 'strength', asked, String(sent), `takes a strength of ${min} to ${max} for this model`)
  draft.input[parameter.field] = sent
}

export function mapNegativePrompt(draft: Draft): void {
  const asked = draft.request.negativePrompt
  if (asked === undefined) return
  const parameter = draft.native.parameters.negativePrompt
  if (parameter === undefined)
    return change(draft, 'degraded', 'negativePrompt', excerpt(asked), null, 'takes no negative prompt for this model')
  const field = draft.native.fields[parameter.field]
  const max = field?.type === 'string' ? field.maxLength : undefined
  if (max !== undefined && asked.length > max) {
    const why = `takes negative prompts of at most ${thousands(max)} characters for this model, this one has ${thousands(asked.length)}`
    return change(draft, 'degraded', 'negativePrompt', excerpt(asked), null, why)
  }
  draft.input[parameter.field] = asked
}

/** 60: enough to recognise one's own words; the list of changes is repeated with every attempt. */
const excerpt = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text)

export function mapCount(draft: Draft): void {
  const { count } = draft.request
  const parameter = draft.native.parameters.count
  if (count === undefined || parameter === undefined) return
  // More than the model takes is asked for in several tasks of one picture each.
  const sent = count > maxCountOf(draft.native) ? 1 : count
  draft.input[parameter.field] = asNative(draft.native.fields[parameter.field], sent)
}

/** Puts the prompt with its flags; says why it does not fit. It is never cut, and never left out. */
export function mapPrompt(draft: Draft): string | null {
  const { native, request, promptFlag } = draft
  const parameter = native.parameters.prompt
  if (parameter === undefined) return request.prompt === undefined ? null : 'takes no prompt for this model'
  const field = native.fields[parameter.field]
  if (request.prompt === undefined) return field?.required === true ? 'needs a prompt for this model' : null
  const prompt = promptFlag === null ? request.prompt : `${request.prompt} ${promptFlag.flag} ${promptFlag.value}`
  draft.input[parameter.field] = prompt
  if (field?.type !== 'string') return null
  if (field.maxLength !== undefined && prompt.length > field.maxLength) {
    return `takes prompts of at most ${thousands(field.maxLength)} characters for this model, this one has ${thousands(prompt.length)}`
  }
  return field.minLength !== undefined && prompt.length < field.minLength
    ? `takes prompts of at least ${field.minLength} characters for this model`
    : null
}
