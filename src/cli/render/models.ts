// The catalogue for people: a line for each model, or one model with a column for each way in which a provider offers it.
import type { ModelSummary, NativeSummary } from '../../catalog/list-models.ts'
import { providerNames } from '../../catalog/models.ts'
import { isChoice, providerTitles } from '../../catalog/native-draft.ts'
import type { Price, TaskKind } from '../../catalog/model-schema.ts'
import { describePixels, inMib } from '../../catalog/picture-limits.ts'
import { isMetered, priceRangeUsd, usdOf } from '../../catalog/price.ts'
import type { Paint } from './colours.ts'
import { renderTable } from './table.ts'
import { describeDuration, describeUsd, nothing } from './units.ts'
import { wrapLine } from './wrap.ts'

/** Of the lines between four columns, and the blanks beside them. */
const listBordersWidth = 13
/** From what 80 columns leave beside the longest names (a price then takes two or three lines) to the longest price on one. */
const priceWidth = { least: 11, most: 36 }

/** `asked`: why these are in the list, where that is a kind. */
export function renderModelList(
  models: readonly ModelSummary[],
  paint: Paint,
  { terminalColumns, asked }: { terminalColumns: number; asked?: TaskKind | undefined },
): string {
  const kindsShown = ({ kind }: ModelSummary): string[] => (asked === undefined || asked === kind ? [kind] : [asked, `+ ${kind}`])
  const longest = (of: (model: ModelSummary) => string[]): number =>
    Math.max(...models.flatMap((model) => of(model).map((line) => line.length)))
  const names = longest(({ name }) => [name]) + longest(kindsShown) + listBordersWidth
  const free = Math.floor((terminalColumns - names) / providerNames.length) + 2
  const width = Math.min(priceWidth.most, Math.max(priceWidth.least, free))
  return renderTable(
    [{ title: 'Model' }, { title: 'Kind' }, ...providerNames.map((name) => ({ title: providerTitles[name], width }))],
    models.map((model) => [
      model.name,
      kindsShown(model).join('\n'),
      ...providerNames.map((name) => offerText(model, name, paint)),
    ]),
    paint,
  )
}

function offerText(model: ModelSummary, provider: (typeof providerNames)[number], paint: Paint): string {
  const natives = model.providers[provider]?.natives.filter(({ withheld }) => withheld === null) ?? []
  if (natives.length === 0) {
    const since = model.retired[provider]
    return paint.quiet(since === undefined ? 'no' : `retired (seen ${since.slice(0, 7)})`)
  }
  const ranges = natives.flatMap(({ price }) => priceRangeUsd(price) ?? [])
  const price = natives[0]?.price ?? null
  const unit = price !== null && isMetered(price) ? ` per ${price.per}` : ''
  if (ranges.length === 0) return 'price unknown'
  const [from, upTo] = [Math.min(...ranges.map((range) => range.from)), Math.max(...ranges.map((range) => range.upTo))]
  return (from === upTo ? describeUsd(from) : `${describeUsd(from)} to ${describeUsd(upTo)}`) + unit
}

/** Wide enough for a list of ratios on a few lines; narrower columns stand below one another. */
const columnWidth = { least: 28, most: 60 }
/** Of the titles on the left, with the lines around them. */
const titlesWidth = 20

export function renderModel(model: ModelSummary, paint: Paint, terminalColumns: number): string {
  const columns = providerNames.flatMap((provider) =>
    (model.providers[provider]?.natives ?? []).map((native) => ({ provider, native })),
  )
  const wrapped = (text: string): string[] => wrapLine(text, terminalColumns).split('\n')
  const [title = '', ...restOfTitle] = wrapped(`${model.name}  ${model.title}`)
  const aliases = model.aliases.length === 0 ? '' : `; also called ${model.aliases.join(', ')}`
  const lines = [
    title.replace(model.name, paint.strong(model.name)),
    ...restOfTitle,
    ...wrapped(`${model.kinds.join(', ')}${aliases}`),
    ...providerNames.flatMap((provider) => {
      const why = model.absent[provider]
      if (why === undefined) return []
      return wrapped(`Not at ${providerTitles[provider]}: ${why}.`).map((line) => paint.quiet(line))
    }),
  ]
  if (columns.length === 0) return lines.join('\n')
  const free = terminalColumns - titlesWidth
  const besides = Math.min(columns.length, Math.max(1, Math.floor(free / columnWidth.least)))
  const width = Math.min(columnWidth.most, Math.max(columnWidth.least, Math.floor(free / besides) - 1))
  for (let from = 0; from < columns.length; from += besides) {
    lines.push(renderColumns(columns.slice(from, from + besides), width, paint))
  }
  return lines.join('\n')
}

function renderColumns(
  columns: readonly { provider: (typeof providerNames)[number]; native: NativeSummary }[],
  width: number,
  paint: Paint,
): string {
  const rows = describers.map(({ title, of }) => [
    title,
    ...columns.map(({ native, provider }) => of(native, providerTitles[provider])),
  ])
  const heads = columns.map(({ provider, native }) => ({
    title: `${providerTitles[provider]}\n${native.model ?? native.api}`,
    width,
  }))
  // What nobody has need not be said.
  const told = rows.filter(([, ...cells]) => cells.some((cell) => cell !== nothing))
  return renderTable([{ title: '' }, ...heads], told, paint)
}

const listOf = (values: readonly string[]): string => (values.length === 0 ? nothing : values.join(', '))

type Describe = (native: NativeSummary, provider: string) => string

/** What it takes, and below it what counts where a request says nothing. */
function withLeftOut(name: keyof NativeSummary['leftOut'], takes: (native: NativeSummary) => string): Describe {
  return (native, provider) => {
    const said = native.leftOut[name]
    if (said === undefined) return nothing
    // A number that nobody names is another one each time.
    if (said.sent === null && said.assumed === null && !isChoice(name)) return takes(native)
    const byProvider = `${provider} ${said.assumed === null ? 'decides' : `assumes ${said.assumed}`}`
    const unsaid = said.sent === null ? byProvider : `${said.sent} is sent`
    return `${takes(native)}\nleft out: ${unsaid}`
  }
}

const describers: readonly { title: string; of: Describe }[] = [
  { title: 'does', of: ({ kinds }) => listOf(kinds) },
  { title: 'prompt', of: describePrompt },
  { title: 'referenceImages', of: describeReferences },
  { title: 'mask', of: describeMask },
  { title: 'aspectRatio', of: withLeftOut('aspectRatio', ({ aspectRatios }) => listOf(aspectRatios)) },
  { title: 'resolution', of: withLeftOut('resolution', ({ resolutions }) => listOf(resolutions)) },
  { title: 'size', of: ({ takesSize }) => (takesSize ? 'width and height in pixels' : nothing) },
  { title: 'outputFormat', of: withLeftOut('outputFormat', ({ outputFormats }) => listOf(outputFormats)) },
  { title: 'quality', of: withLeftOut('quality', ({ qualities }) => listOf(qualities)) },
  { title: 'background', of: withLeftOut('background', ({ backgrounds }) => listOf(backgrounds)) },
  { title: 'seed', of: withLeftOut('seed', () => 'yes') },
  { title: 'strength', of: withLeftOut('strength', () => 'yes') },
  { title: 'negativePrompt', of: ({ takesNegativePrompt }) => (takesNegativePrompt ? 'yes' : nothing) },
  { title: 'count', of: withLeftOut('count', ({ maxCount }) => `up to ${maxCount} in one task`) },
  {
    title: 'native fields',
    of: ({ nativeFields }) => (nativeFields.length === 0 ? nothing : nativeFields.map(describeField).join('\n')),
  },
  { title: 'price', of: ({ price }) => describePrice(price) },
  { title: 'usually takes', of: ({ typicalDurationMs }) => describeDuration(typicalDurationMs) },
  { title: 'known', of: describeStanding },
  { title: 'source', of: ({ evidence }) => evidence.interface.source.replace(/^.*#/, '#') },
  { title: 'never asked for', of: ({ withheld }) => withheld ?? nothing },
]

/** A field for `providerOptions`: what it takes, what counts where it is left out. */
function describeField(field: NativeSummary['nativeFields'][number]): string {
  const facts = [allowedIn(field)]
  if (field.send === undefined && field.required === true) facts.push('required')
  if (field.send !== undefined) facts.push(`left out: ${field.send} is sent`)
  else if (field.default !== undefined) facts.push(`left out: ${field.default}`)
  const told = facts.filter((fact) => fact !== '')
  return told.length === 0 ? field.name : `${field.name} (${told.join('; ')})`
}

function allowedIn(field: NativeSummary['nativeFields'][number]): string {
  switch (field.type) {
    case 'boolean':
      return 'true or false'
    case 'string':
      return (
        field.values?.join(', ') ??
        (field.maxLength === undefined ? 'text' : `text up to ${field.maxLength.toLocaleString('en')}`)
      )
    case 'integer':
    case 'number':
      return rangeOf(field.min, field.max)
    case 'url':
    case 'urls':
    case 'list':
      return field.type === 'list' ? 'list' : field.type === 'url' ? 'address' : 'addresses'
  }
}

function rangeOf(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max}`
  if (min !== undefined) return `at least ${min}`
  return max === undefined ? 'number' : `at most ${max}`
}

function describePrompt({ prompt, minPromptLength, maxPromptLength }: NativeSummary): string {
  if (prompt === 'none') return nothing
  const least = minPromptLength === null || minPromptLength <= 1 ? '' : `, at least ${minPromptLength}`
  const most = maxPromptLength === null ? '' : `, at most ${maxPromptLength.toLocaleString('en')}`
  return `${prompt}${least}${most}`
}

function describeReferences(native: NativeSummary): string {
  const { minReferenceImages: min, maxReferenceImages: max, maxReferenceSizeBytes: size, referencePixels } = native
  if (max === 0) return nothing
  const count = min === max ? String(max) : `${min} to ${max}`
  const { sides, pixels, ratio } = describePixels(referencePixels ?? {})
  const limits = [size === null ? '' : `at most ${inMib(size)}`, sides, pixels, ratio].filter((limit) => limit !== '')
  return limits.length === 0 ? count : `${count}, ${max === 1 ? '' : 'each '}${limits.join(', ')}`
}

function describeMask({ mask, maskHasSizeOfPicture }: NativeSummary): string {
  if (mask === 'none') return nothing
  return maskHasSizeOfPicture ? `${mask}, as wide and high as the first reference image` : mask
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
