// Short hands in which the entries of this folder are written.
import type { Evidence, NativeField, NativeModel, Price } from '../model-schema.ts'
import { defapiObserved, defapiPriceUnknown, kieDocumented, kiePriceList } from './evidence.ts'

type FieldOf<Type extends NativeField['type']> = Extract<NativeField, { type: Type }>
type More<Type extends NativeField['type']> = Partial<Omit<FieldOf<Type>, 'type'>>

/** What they call MB is MiB: 4o's limit of "25 MB" is 26,214,400 bytes. The others are read alike. */
const bytesPerMb = 1024 * 1024

/** Required, as nearly everywhere. */
export const prompt = (maxLength?: number, more: More<'string'> = {}): FieldOf<'string'> => ({
  type: 'string',
  required: true,
  ...(maxLength === undefined ? {} : { maxLength }),
  ...more,
})

export const text = (more: More<'string'> = {}): FieldOf<'string'> => ({ type: 'string', ...more })

/** `choice('png jpeg')` */
export const choice = (values: string, more: More<'string'> = {}): FieldOf<'string'> => ({
  type: 'string',
  values: values.split(' '),
  ...more,
})

/** Kie refuses a body without a required field even where it documents a default, so the default is sent. */
export const requiredChoice = (values: string, send: string, more: More<'string'> = {}): FieldOf<'string'> =>
  choice(values, { required: true, default: send, send, ...more })

export const flag = (more: More<'boolean'> = {}): FieldOf<'boolean'> => ({ type: 'boolean', ...more })
export const integer = (more: More<'integer'> = {}): FieldOf<'integer'> => ({ type: 'integer', ...more })
export const number = (min: number, max: number, more: More<'number'> = {}): FieldOf<'number'> => ({
  type: 'number',
  min,
  max,
  ...more,
})

/** One picture by its address; `mb` where the provider says how large it may be. */
export const picture = (mb: number | null, more: More<'url'> = {}): FieldOf<'url'> => ({
  type: 'url',
  ...(mb === null ? {} : { maxSizeBytes: mb * bytesPerMb }),
  ...more,
})

export const pictures = (maxItems: number, mb: number | null, more: More<'urls'> = {}): FieldOf<'urls'> => ({
  type: 'urls',
  maxItems,
  ...(mb === null ? {} : { maxSizeBytes: mb * bytesPerMb }),
  ...more,
})

/** Price of each picture in credits, or by the value of a field. */
export function credits(amount: Price['amount'], more: Partial<Price> = {}): Price {
  return { unit: 'credits', per: 'image', amount, ...more }
}

interface Facts {
  kinds: NativeModel['kinds']
  fields: NativeModel['fields']
  parameters: NativeModel['parameters']
  /** null: Kie gives none */
  price: Price | null
  refuses?: NativeModel['refuses']
  withheld?: string
  duration?: { typicalMs: number; evidence: Evidence }
  seen?: Evidence
}

const timed = ({ duration }: Pick<Facts, 'duration'>): Pick<NativeModel, 'typicalDurationMs'> => ({
  typicalDurationMs: duration?.typicalMs ?? null,
})

/** A model of Kie's market, from its documentation and price list. */
export function market(model: string, facts: Facts): NativeModel {
  const { kinds, fields, parameters, price, refuses, withheld } = facts
  return {
    api: 'market',
    model,
    kinds,
    fields,
    parameters,
    ...(refuses === undefined ? {} : { refuses }),
    ...(withheld === undefined ? {} : { withheld }),
    price,
    ...timed(facts),
    evidence: {
      interface: kieDocumented('market-models'),
      price: kiePriceList,
      duration: facts.duration?.evidence ?? null,
      seenWorking: facts.seen ?? null,
    },
  }
}

/** A model of DefAPI, as its public clients use it. No price is known of any. */
export function defapi(
  api: string,
  model: string | null,
  facts: Pick<Facts, 'kinds' | 'fields' | 'parameters' | 'seen'> & { note?: string },
): NativeModel {
  const { kinds, fields, parameters, seen, note } = facts
  return {
    api,
    model,
    kinds,
    fields,
    parameters,
    price: null,
    typicalDurationMs: null,
    evidence: { interface: defapiObserved(note), price: defapiPriceUnknown, duration: null, seenWorking: seen ?? null },
  }
}
