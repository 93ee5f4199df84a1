// List price of one task, as far as anybody has published one.
import type { NativeModel, Price } from './model-schema.ts'
import { carriersOf } from './native-draft.ts'

/** One Kie credit in USD. kie: 0.005 USD per credit - src/catalog/data/SOURCES.md#kie-prices */
const usdPerKieCredit = 0.005

/** Estimate in USD and in the provider's own unit; null where it is not known. */
export interface EstimatedPrice {
  usd: number | null
  credits: number | null
}

/** Sums of tenths of cents come out of binary fractions unrounded; a micro-dollar is far below any price. */
export const roundMicro = (value: number): number => Math.round(value * 1e6) / 1e6

/** Reference images in a native body. */
function countReferences(native: NativeModel, input: Record<string, unknown>): number {
  const given = carriersOf(native, 'referenceImages').map((field) => input[field])
  return given.flat().filter((value) => value !== undefined).length
}

function baseAmount(amount: Price['amount'], input: Record<string, unknown>): number | undefined {
  if (typeof amount === 'number') return amount
  // What is reserved must suffice.
  if ('upTo' in amount) return amount.upTo
  const value = input[amount.field]
  const key =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : amount.whenUnset
  return amount.amounts[key]
}

/** An amount in the unit of its price. */
export const usdOf = ({ unit }: Pick<Price, 'unit'>, amount: number): number =>
  roundMicro(unit === 'credits' ? amount * usdPerKieCredit : amount)

/** From the cheapest to the dearest that the list has for one unit, without what reference images add; null: nothing is published. */
export function priceRangeUsd(price: Price | null): { from: number; upTo: number } | null {
  if (price === null) return null
  const { amount } = price
  if (typeof amount === 'number') return { from: usdOf(price, amount), upTo: usdOf(price, amount) }
  const amounts = 'upTo' in amount ? [amount.from, amount.upTo] : Object.values(amount.amounts)
  return { from: usdOf(price, Math.min(...amounts)), upTo: usdOf(price, Math.max(...amounts)) }
}

/** By something of which nobody knows beforehand how much a picture takes. */
export function isMetered({ per }: Price): boolean {
  return per === 'megapixel' || per === 'output'
}

/** Pictures that a body asks for. */
function countPictures(native: NativeModel, input: Record<string, unknown>): number {
  const [carrier] = carriersOf(native, 'count')
  const count = carrier === undefined ? 1 : Number(input[carrier] ?? 1)
  return Number.isInteger(count) && count > 0 ? count : 1
}

/** What one task with this body is expected to cost. */
export function estimatePrice(native: NativeModel, input: Record<string, unknown>): EstimatedPrice {
  const unknown: EstimatedPrice = { usd: null, credits: null }
  const { price } = native
  if (price === null || isMetered(price)) return unknown
  const base = baseAmount(price.amount, input)
  if (base === undefined) return unknown
  const extra = price.referenceImage
  const pictures = price.per === 'image' ? countPictures(native, input) : 1
  const amount =
    base * pictures + (extra === undefined ? 0 : extra.amount * Math.max(0, countReferences(native, input) - extra.free))
  return { usd: usdOf(price, amount), credits: price.unit === 'credits' ? roundMicro(amount) : null }
}
