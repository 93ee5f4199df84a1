// What counts where a request says nothing: the value that is sent all the same, or the one that the provider documents as its default.
import type { NativeField, NativeModel } from './model-schema.ts'
import { carriersOf, choicesOf, isChoice, parameterNames } from './native-draft.ts'

/** Both null: the provider decides, and does not say how. */
export interface WhenLeftOut {
  /** what it is sent, in our words for it */
  sent: string | null
  /** what it documents that it assumes, where nothing is sent */
  assumed: string | null
}

/** Pictures and words are given or not: nothing stands in their place. */
const withoutStandIn = ['prompt', 'referenceImages', 'mask', 'negativePrompt'] as const

type Parameter = Exclude<(typeof parameterNames)[number], (typeof withoutStandIn)[number]>
export type LeftOut = Partial<Record<Parameter, WhenLeftOut>>

const standsIn = (name: (typeof parameterNames)[number]): name is Parameter => !withoutStandIn.some((without) => without === name)

/** By the field that carries it. A field that carries two of our parameters says the same of both. */
export function leftOutOf(native: NativeModel): LeftOut {
  const found: LeftOut = {}
  for (const name of parameterNames.filter(standsIn)) {
    const [carrier] = carriersOf(native, name)
    const field = carrier === undefined ? undefined : native.fields[carrier]
    if (field !== undefined) found[name] = said(native, name, field)
    // Behind the prompt: left out it is not there.
    else if (native.parameters[name] !== undefined) found[name] = { sent: null, assumed: null }
  }
  return found
}

function said(native: NativeModel, name: Parameter, field: NativeField): WhenLeftOut {
  const inOurs = (theirs: NonNullable<NativeField['send']>): string => {
    const choice = isChoice(name) ? [...choicesOf(native, name)].find(([, value]) => value === String(theirs)) : undefined
    return choice?.[0] ?? String(theirs)
  }
  if (field.send !== undefined) return { sent: inOurs(field.send), assumed: null }
  return { sent: null, assumed: field.assumes ?? (field.default === undefined ? null : inOurs(field.default)) }
}
