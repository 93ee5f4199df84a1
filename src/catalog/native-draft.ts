// A body in the making, and what each mapping of a parameter needs to know of the native model.
import type { FidelityChange, FidelityLevel, GenerationRequest, ProviderName } from '../contract/index.ts'
import type { NativeField, NativeModel, NativeParameters } from './model-schema.ts'

export const providerTitles: Readonly<Record<ProviderName, string>> = { kie: 'Kie', defapi: 'DefAPI' }

/** Parameters that have a closed list of values. */
export const choiceNames = ['aspectRatio', 'resolution', 'outputFormat', 'quality', 'background'] as const
export type Choice = (typeof choiceNames)[number]

export const isChoice = (name: string): name is Choice => choiceNames.some((choice) => choice === name)

type ParameterName = keyof NativeParameters

/** In the order in which they are looked at and told. */
export const parameterNames = [
  'prompt',
  'referenceImages',
  'mask',
  'size',
  'aspectRatio',
  'resolution',
  'outputFormat',
  'quality',
  'background',
  'seed',
  'strength',
  'negativePrompt',
  'count',
] as const satisfies readonly ParameterName[]

export interface Draft {
  provider: ProviderName
  native: NativeModel
  request: GenerationRequest
  input: Record<string, unknown>
  /** what is wanted in these two: as asked, or as it follows from a size in pixels */
  wanted: { aspectRatio: string | undefined; resolution: string | undefined }
  /** goes behind the prompt */
  promptFlag: { flag: string; value: string } | null
  /** the ratio that goes out, in our spelling */
  sentRatio: string | null
  /** `exact`: sent as it was asked, which nobody here could check */
  changes: (FidelityChange & { level: FidelityLevel })[]
}

export function change(
  draft: Draft,
  level: FidelityLevel,
  field: string,
  asked: string | number,
  sent: string | null,
  why: string,
): void {
  draft.changes.push({ field, asked: String(asked), sent, why: `${providerTitles[draft.provider]} ${why}`, level })
}

/** Whether this is no change at all but a native field that was sent as it was asked, and that nobody here could check. */
export function isUnchecked({ field, asked, sent }: FidelityChange): boolean {
  return field.startsWith('providerOptions.') && asked === sent
}

/** What is sent otherwise than it was asked, each once. */
export function changedFields(changes: readonly FidelityChange[]): string[] {
  return [...new Set(changes.filter((change) => !isUnchecked(change)).map(({ field }) => field))]
}

/** Our value → theirs, for a parameter that has a closed list. */
export function choicesOf(native: NativeModel, name: Choice): Map<string, string> {
  const parameter = native.parameters[name]
  if (parameter === undefined) return new Map()
  if ('ratios' in parameter) return new Map(parameter.ratios.map((ratio) => [ratio, ratio]))
  if ('sizes' in parameter) return new Map(Object.keys(parameter.sizes).map((resolution) => [resolution, resolution]))
  if (parameter.values !== undefined) return new Map(Object.entries(parameter.values))
  const field = native.fields[parameter.field]
  return new Map((field?.type === 'string' ? (field.values ?? []) : []).map((value) => [value, value]))
}

/** The native fields that carry a parameter of ours; none where it cannot be honoured. */
export function carriersOf(native: NativeModel, name: ParameterName): string[] {
  const parameter = native.parameters[name]
  if (parameter === undefined) return []
  if ('fields' in parameter) return parameter.fields
  if ('field' in parameter) return [parameter.field]
  return 'sizes' in parameter ? carriersOf(native, 'aspectRatio') : []
}

/** A value of a list or a number as the field wants it: Kie takes some numbers and some yes or no as text. */
export function asNative(field: NativeField | undefined, value: string | number): string | number | boolean {
  if (field?.type === 'boolean') return value === 'true'
  return field?.type === 'string' ? String(value) : value
}

/** How many pictures one task may be asked for, as far as it is documented; 1 where it cannot be said. */
export function maxCountOf(native: NativeModel): number {
  const { count } = native.parameters
  const field = count === undefined ? undefined : native.fields[count.field]
  if (count === undefined || field === undefined) return 1
  if (field.type === 'string') return Math.max(1, ...(field.values ?? []).map(Number))
  if (field.type !== 'integer' && field.type !== 'number') return 1
  return Math.min(count.max ?? Infinity, field.max ?? 1)
}
