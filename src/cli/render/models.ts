// The catalogue for people: a line for each model, or one model with a column for each way in which a provider offers it.
import type { ModelSummary, NativeSummary } from '../../catalog/list-models.ts'
import { providerNames } from '../../catalog/models.ts'
import { providerTitles } from '../../catalog/native-draft.ts'
import type { Price } from '../../catalog/model-schema.ts'
import { priceRangeUsd, usdOf } from '../../catalog/price.ts'
import type { Paint } from './colours.ts'
import { renderTable } from './table.ts'
import { describeDuration, describeUsd, nothing } from './units.ts'

export function renderModelList(models: readonly ModelSummary[], paint: Paint): string {
  return renderTable(
    [{ title: 'Model' }, { title: 'Kind' }, ...providerNames.map((name) => ({ title: providerTitles[name] }))],
    models.map((model) => [model.name, model.kind, ...providerNames.map((name) => offerText(model, name, paint))]),
    paint,
  )
}

function offerText(model: ModelSummary, provider: (typeof providerNames)[number], paint: Paint): string {
  const natives = model.providers[provider]?.natives.filter(({ withheld }) => withheld === null) ?? []
  if (natives.length === 0) {
    const since = model.retired[provider]
    return paint.quiet(since === undefined ? 'no' : `retired (seen ${since})`)
  }
  const ranges = natives.flatMap(({ price }) => priceRangeUsd(price) ?? [])
  const first = natives[0]
  const unit = first?.price?.per === 'megapixel' || first?.price?.per === 'output' ? ` per ${first.price.per}` : ''
  if (ranges.length === 0) return 'price unknown'
  const [from, upTo] = [Math.min(...ranges.map((range) => range.from)), Math.max(...ranges.map((range) => range.upTo))]
  return (from === upTo ? describeUsd(from) : `${describeUsd(from)} to ${describeUsd(upTo)}`) + unit
}

/** Wide enough for a list of ratios on a few lines, and three columns still fit a wide terminal. */
const columnWidth = 38

export function renderModel(model: ModelSummary, paint: Paint): string {
  const columns = providerNames.flatMap((provider) =>
    (model.providers[provider]?.natives ?? []).map((native) => ({ provider, native })),
  )
  const lines = [
    `${paint.strong(model.name)}  ${model.title}`,
    `${model.kinds.join(', ')}${model.aliases.length === 0 ? '' : `; also called ${model.aliases.join(', ')}`}`,
    ...providerNames.flatMap((provider) => {
      const why = model.absent[provider]
      return why === undefined ? [] : [paint.quiet(`Not at ${providerTitles[provider]}: ${why}.`)]
    }),
  ]
  if (columns.length === 0) return lines.join('\n')
  const rows = describers.map(({ title, of }) => [title, ...columns.map(({ native }) => of(native))])
  const heads = columns.map(({ provider, native }) => ({
    title: `${providerTitles[provider]}\n${native.model ?? native.api}`,
    width: columnWidth,
  }))
  // What nobody has need not be said.
  const told = rows.filter(([, ...cells]) => cells.some((cell) => cell !== nothing))
  return [...lines, renderTable([{ title: '' }, ...heads], told, paint)].join('\n')
}

const listOf = (values: readonly string[]): string => (values.length === 0 ? nothing : values.join(', '))
const yesOrNothing = (takes: boolean): string => (takes ? 'yes' : nothing)

const describers: readonly { title: string; of: (native: NativeSummary) => string }[] = [
  { title: 'does', of: ({ kinds }) => listOf(kinds) },
  { title: 'prompt', of: describePrompt },
  { title: 'referenceImages', of: describeReferences },
  { title: 'mask', of: ({ mask }) => (mask === 'none' ? nothing : mask) },
  { title: 'aspectRatio', of: ({ aspectRatios }) => listOf(aspectRatios) },
  { title: 'resolution', of: ({ resolutions }) => listOf(resolutions) },
  { title: 'size', of: ({ takesSize }) => yesOrNothing(takesSize) },
  { title: 'outputFormat', of: ({ outputFormats }) => listOf(outputFormats) },
  { title: 'quality', of: ({ qualities }) => listOf(qualities) },
  { title: 'background', of: ({ backgrounds }) => listOf(backgrounds) },
  { title: 'seed', of: ({ takesSeed }) => yesOrNothing(takesSeed) },
  { title: 'strength', of: ({ takesStrength }) => yesOrNothing(takesStrength) },
  { title: 'negativePrompt', of: ({ takesNegativePrompt }) => yesOrNothing(takesNegativePrompt) },
  { title: 'native fields', of: ({ nativeFields }) => listOf(nativeFields) },
  { title: 'price', of: ({ price }) => describePrice(price) },
  { title: 'usually takes', of: ({ typicalDurationMs }) => describeDuration(typicalDurationMs) },
  { title: 'known', of: describeStanding },
  { title: 'never asked for', of: ({ withheld }) => withheld ?? nothing },
]

function describePrompt({ prompt, minPromptLength, maxPromptLength }: NativeSummary): string {
  if (prompt === 'none') return nothing
  const least = minPromptLength === null || minPromptLength <= 1 ? '' : `, at least ${minPromptLength}`
  const most = maxPromptLength === null ? '' : `, at most ${maxPromptLength.toLocaleString('en')}`
  return `${prompt}${least}${most}`
}

function describeReferences(native: NativeSummary): string {
  const { minReferenceImages: min, maxReferenceImages: max, maxReferenceSizeBytes: size } = native
  if (max === 0) return nothing
  const each = size === null ? '' : `, each at most ${Math.round(size / 1024 / 1024)} MB`
  return `${min === max ? String(max) : `${min} to ${max}`}${each}`
}

export function describePrice(price: Price | null): string {
  if (price === null) return 'not published'
  const usd = (amount: number): string => describeUsd(usdOf(price, amount))
  const { amount, per, referenceImage } = price
  const more =
    referenceImage === undefined
      ? ''
      : `, and ${usd(referenceImage.amount)} for each reference image${referenceImage.free === 0 ? '' : ` after the first`}`
  return `${amountText(amount, usd)} per ${per}${more}`
}

function amountText(amount: Price['amount'], usd: (amount: number) => string): string {
  if (typeof amount === 'number') return usd(amount)
  if ('upTo' in amount) return `${usd(amount.from)} to ${usd(amount.upTo)}, by ${amount.by}`
  const each = Object.entries(amount.amounts).map(([value, price]) => `${usd(price)} (${value})`)
  return `${each.join(', ')} by ${amount.field}`
}

function describeStanding({ standing, evidence }: NativeSummary): string {
  const { seenWorking, interface: documented } = evidence
  return standing === 'seen' ? `seen at work, ${seenWorking?.date ?? ''}` : `only ${documented.how}, ${documented.date}`
}
