// One generation for a person.
import { defaultTenant } from '../../contract/names.ts'
import type { Generation, ImageReport } from '../../contract/index.ts'
import { safeText } from '../../observability/safe-text.ts'
import { renderAttempts } from './attempts-table.ts'
import { describeChange } from './changes.ts'
import type { Paint } from './colours.ts'
import { describeCost, describeDuration, describeSize } from './units.ts'

export interface GenerationView {
  paint: Paint
  /** of the terminal; 100 where there is none */
  columns: number
  /** where a picture is, for a person: a path or a URL */
  locate: (image: ImageReport) => string
}

export function renderGeneration(generation: Generation, view: GenerationView): string {
  const { paint } = view
  const lines = [headline(generation, paint)]
  if (generation.attempts.length > 0) lines.push(renderAttempts(generation.attempts, paint, view.columns))
  const facts = factsOf(generation, view)
  const width = Math.max(...facts.map(([name]) => name.length))
  for (const [name, value] of facts) lines.push(`${paint.quiet(name.padEnd(width))}  ${value}`)
  return lines.join('\n')
}

function headline(generation: Generation, paint: Paint): string {
  const { status, timings } = generation
  const colour = status === 'completed' ? paint.good : status === 'failed' || status === 'cancelled' ? paint.bad : paint.warn
  const took = timings.totalMs === null ? '' : ` in ${describeDuration(timings.totalMs)}`
  const money = generation.mode === 'mock' ? paint.quiet(' (simulated providers, no real money)') : ''
  return `${paint.strong(safeText(generation.id, 200))}  ${colour(status)}${took}${money}`
}

function factsOf(generation: Generation, view: GenerationView): [name: string, value: string][] {
  const { servedBy, failure, fidelity, links } = generation
  const facts: [string, string][] = [['Prompt', safeText(generation.prompt, 120)]]
  if (generation.count > 1) {
    const delivered = generation.images.filter(({ spare }) => !spare).length
    facts.push([
      'Pictures',
      delivered > generation.count ? `${delivered}, of ${generation.count} wanted` : `${delivered} of ${generation.count}`,
    ])
  }
  if (generation.tenant !== defaultTenant) facts.push(['Tenant', safeText(generation.tenant, 64)])
  if (generation.count > 1) facts.push(...servedInParts(generation))
  else if (servedBy !== null) {
    facts.push([
      'Served by',
      `${servedBy.provider}, ${safeText(servedBy.model, 80)}, task ${safeText(servedBy.providerTaskId, 80)}`,
    ])
  }
  if (failure !== null) facts.push(['Failure', view.paint.bad(`${failure.type}: ${safeText(failure.message)}`)])
  for (const { item, type, message } of generation.itemFailures) {
    facts.push(['Missing', view.paint.warn(`item ${item}: ${type}: ${safeText(message)}`)])
  }
  for (const image of generation.images) {
    facts.push([image.spare ? 'Spare' : 'File', safeText(view.locate(image), 500)])
    const part = generation.count > 1 ? `, item ${image.item}` : ''
    facts.push([
      '',
      `${safeText(image.contentType, 40)}, ${image.width} × ${image.height}, ${describeSize(image.sizeBytes)}${part}${image.spare ? `, of attempt ${image.attempt}, which was left behind` : ''}`,
    ])
  }
  facts.push(['Cost', describeCost(generation.cost)])
  if (fidelity !== null && fidelity.level !== 'exact') facts.push(['Fidelity', safeText(fidelity.level)])
  facts.push(...(fidelity?.changes ?? []).map((change) => describeChange(change)))
  for (const { decision, because } of generation.decisions) facts.push(['Decision', safeText(`${decision}: ${because}`)])
  if (links.temporal !== null) facts.push(['Temporal', safeText(links.temporal, 500)])
  return facts
}

/** Who made how many of several pictures: `kie 3, defapi 1`. */
function servedInParts({ images, attempts }: Generation): [string, string][] {
  const counts = new Map<string, number>()
  for (const { item, attempt } of images) {
    const provider = attempts.find((each) => each.item === item && each.number === attempt)?.provider
    if (provider !== undefined) counts.set(provider, (counts.get(provider) ?? 0) + 1)
  }
  return counts.size === 0 ? [] : [['Served by', [...counts].map(([provider, count]) => `${provider} ${count}`).join(', ')]]
}
