// `count` above 1: one task of a provider that takes the number, else as many tasks of one picture each, called items.
import type { GenerationRequest, ProviderName } from '../contract/index.ts'
import type { Model, NativeModel } from './model-schema.ts'
import { asNative, carriersOf, maxCountOf } from './native-draft.ts'
import { buildNativeInput } from './native-input.ts'
import { estimatePrice, roundMicro } from './price.ts'
import type { EstimatedPrice } from './price.ts'
import type { RequestError } from './request-error.ts'
import { maxSeed } from './request-schema.ts'

/** The body of one task for all pictures. */
export interface WholeTask {
  input: Record<string, unknown>
  price: EstimatedPrice
}

/** Item `n` gets the nth of these: equal seeds would make equal pictures, each of them paid. */
export interface ItemSeeds {
  field: string
  values: (string | number)[]
}

/** One task for all pictures of the request; null where there is one only, or the model does not take that many. */
export function wholeTask(provider: ProviderName, native: NativeModel, request: GenerationRequest): WholeTask | null {
  const { count = 1 } = request
  if (count === 1 || count > maxCountOf(native)) return null
  const built = buildNativeInput(provider, native, request)
  return built.kind === 'built' ? { input: built.input, price: estimatePrice(native, built.input) } : null
}

/**
 * Beginning with what was asked for, else with the provider's own constant default, one more for each item; after the field's last
 * comes its first. Null: the provider picks one itself each time.
 */
export function itemSeeds(native: NativeModel, input: Record<string, unknown>, count: number): ItemSeeds | null {
  const [name] = carriersOf(native, 'seed')
  const field = name === undefined ? undefined : native.fields[name]
  if (name === undefined || field === undefined) return null
  const given = input[name] ?? ('default' in field ? field.default : undefined)
  // Some take a number as text.
  const first = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given
  if (typeof first !== 'number') return null
  const [min, max] = field.type === 'integer' || field.type === 'number' ? [field.min ?? 0, field.max ?? maxSeed] : [0, maxSeed]
  const size = Math.max(count, max - min + 1)
  const values = Array.from({ length: count }, (_, item) => asNative(field, min + ((first - min + item) % size)))
  return { field: name, values: values.map((value) => (typeof value === 'boolean' ? String(value) : value)) }
}

/** The body of one item. */
export function inputOfItem(input: Record<string, unknown>, seeds: ItemSeeds | null, item: number): Record<string, unknown> {
  return seeds === null ? input : { ...input, [seeds.field]: seeds.values[item] }
}

/**
 * What all pictures cost at each entry of a route, null where no price is known. Once an entry has no task for all of them, every later
 * one is asked item by item.
 */
export function pricesOfAll(
  route: readonly { price: EstimatedPrice; whole: WholeTask | null }[],
  count: number,
): (number | null)[] {
  const single = ({ usd }: EstimatedPrice): number | null => (usd === null ? null : roundMicro(usd * count))
  return route.map(({ price, whole }, at) => (whole === null || isSplitAt(route, at) ? single(price) : whole.price.usd))
}

const isSplitAt = (route: readonly { whole: WholeTask | null }[], at: number): boolean =>
  route.slice(0, at).some(({ whole }) => whole === null)

/** Several times the same result would be paid for where nothing but the given picture decides it. */
export function checkCount(model: Model, natives: readonly NativeModel[], { count = 1 }: GenerationRequest): RequestError[] {
  if (count === 1 || natives.length === 0) return []
  if (natives.some(({ parameters, kinds }) => parameters.prompt !== undefined && !kinds.includes('layer-decomposition')))
    return []
  return [
    { field: 'count', message: `count must be 1 for ${model.name}: ${count} tasks would make the same of the same picture` },
  ]
}

type Entry = { input: Record<string, unknown>; price: EstimatedPrice; whole: WholeTask | null; itemSeeds: ItemSeeds | null }

/** The tasks of one entry of a route: how many, and the first of them. */
export interface EntryTasks<Candidate> {
  candidate: Candidate
  tasks: number
  input: Record<string, unknown>
  /** of one task */
  price: EstimatedPrice
  /** what makes the others differ from the first */
  itemSeeds: ItemSeeds | null
}

/** What each entry of a route would be asked for if all pictures came from it; see `pricesOfAll`. */
export function tasksOfEntries<Candidate extends Entry>(route: readonly Candidate[], count: number): EntryTasks<Candidate>[] {
  return route.map((candidate, at) => {
    const { input, price, whole, itemSeeds: seeds } = candidate
    if (whole !== null && !isSplitAt(route, at)) return { candidate, tasks: 1, ...whole, itemSeeds: null }
    return { candidate, tasks: count, input: inputOfItem(input, seeds, 0), price, itemSeeds: seeds }
  })
}
