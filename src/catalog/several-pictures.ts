// `count` above 1: one task of a provider that takes the number, else as many tasks of one picture each, called items.
import type { GenerationRequest, ProviderName } from '../contract/index.ts'
import type { Model, NativeModel } from './model-schema.ts'
import { carriersOf, maxCountOf } from './native-draft.ts'
import { buildNativeInput } from './native-input.ts'
import { estimatePrice, roundMicro } from './price.ts'
import type { EstimatedPrice } from './price.ts'
import type { RequestError } from './request-error.ts'
import { maxCount } from './request-schema.ts'

/** The body of one task for all pictures. */
export interface WholeTask {
  input: Record<string, unknown>
  price: EstimatedPrice
}

/** Item `n` gets `first + n`: equal seeds would make equal pictures, each of them paid. */
export interface ItemSeed {
  field: string
  first: number
}

/** One task for all pictures of the request; null where there is one only, or the model does not take that many. */
export function wholeTask(provider: ProviderName, native: NativeModel, request: GenerationRequest): WholeTask | null {
  const { count = 1 } = request
  if (count === 1 || count > maxCountOf(native)) return null
  const built = buildNativeInput(provider, native, request)
  return built.kind === 'built' ? { input: built.input, price: estimatePrice(native, built.input) } : null
}

/** What the seeds of items begin with: what was asked for, else the provider's own constant default; null: it picks one itself each time. */
export function itemSeed(native: NativeModel, input: Record<string, unknown>): ItemSeed | null {
  const [name] = carriersOf(native, 'seed')
  const field = name === undefined ? undefined : native.fields[name]
  if (name === undefined || field === undefined || (field.type !== 'integer' && field.type !== 'number')) return null
  const first = input[name] ?? field.default
  if (typeof first !== 'number') return null
  const max = field.max ?? Number.MAX_SAFE_INTEGER
  // So that the last item of the largest request stays within the field.
  return { field: name, first: Math.min(first, max - maxCount) }
}

/** The body of one item. */
export function inputOfItem(input: Record<string, unknown>, seed: ItemSeed | null, item: number): Record<string, unknown> {
  return seed === null ? input : { ...input, [seed.field]: seed.first + item }
}

/**
 * What all pictures cost at each entry of a route, null where no price is known. Once an entry has no task for all of them, every later
 * one is asked item by item.
 */
export function pricesOfAll(
  route: readonly { price: EstimatedPrice; whole: WholeTask | null }[],
  count: number,
): (number | null)[] {
  const firstSplit = route.findIndex(({ whole }) => whole === null)
  return route.map(({ price, whole }, at) => {
    const single = price.usd === null ? null : roundMicro(price.usd * count)
    return whole === null || (firstSplit !== -1 && at > firstSplit) ? single : whole.price.usd
  })
}

/** Several times the same result would be paid for where nothing but the given picture decides it. */
export function checkCount(model: Model, natives: readonly NativeModel[], { count = 1 }: GenerationRequest): RequestError[] {
  if (count === 1 || natives.length === 0) return []
  if (natives.some(({ parameters, kinds }) => parameters.prompt !== undefined && !kinds.includes('layer-decomposition')))
    return []
  return [
    { field: 'count', message: `count must be 1 for ${model.name}: ${count} tasks would make the same of the same picture` },
  ]
}
