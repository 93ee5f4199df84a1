// The comparison on a terminal of 80 columns: a column for each provider.
import { safeText } from '../../observability/safe-text.ts'
import type { Paint } from '../render/colours.ts'
import { renderTable } from '../render/table.ts'
import { describeDuration, describeUsd, nothing } from '../render/units.ts'
import {
  describeCostPerPicture,
  describeDurationInterval,
  describeExtent,
  describeKind,
  describeP95,
  describeShare,
  describeShareInterval,
  isSimulated,
} from './describe.ts'
import type { ComparisonReport, ProviderSummary } from './summarise.ts'
import { verdictsOf } from './verdicts.ts'

/** With two providers 80 columns are full. */
const width = { label: 28, provider: 24 }

export function renderComparison(report: ComparisonReport, paint: Paint): string {
  const simulated = isSimulated(report) ? paint.quiet(' (simulated providers: says nothing about the real ones)') : ''
  const head = [
    `${paint.strong(safeText(report.id, 40))}  ${safeText(report.model, 60)}${simulated}`,
    `${describeExtent(report)}; ${report.prompts.length} ${report.prompts.length === 1 ? 'prompt' : 'prompts'}; seed ${report.seed}; at most ${report.concurrency} at once per provider`,
  ]
  const table = renderTable(
    [{ title: '', width: width.label }, ...report.providers.map(({ provider }) => ({ title: provider, width: width.provider }))],
    rowsOf(report.providers).map(([label, ...cells]) => [label ?? '', ...cells.map((cell) => safeText(cell, 400))]),
    paint,
  )
  const verdicts = verdictsOf(report).map(
    ({ question, winner, sentence }) =>
      `${paint.strong(question)}: ${winner === null ? paint.quiet('no answer') : paint.good(winner)}. ${sentence}`,
  )
  return [...head, table, ...verdicts].join('\n')
}

function rowsOf(providers: readonly ProviderSummary[]): string[][] {
  const row = (label: string, of: (provider: ProviderSummary) => string): string[] => [label, ...providers.map(of)]
  const time = (label: string, of: (provider: ProviderSummary) => number | null): string[] =>
    row(label, (provider) => describeDuration(of(provider)))
  const rows = [
    row('Pictures', ({ pictures, counted }) => `${pictures} of ${counted}`),
    row('  success share', ({ successShare }) => describeShare(successShare)),
    row('  95 % interval (Wilson)', ({ successInterval }) => describeShareInterval(successInterval)),
    row('Time to picture, p50', ({ timeToPictureMs }) => describeDuration(timeToPictureMs.p50)),
    row('  95 % interval of the p50', ({ timeToPictureMs }) => describeDurationInterval(timeToPictureMs.p50Interval)),
    row('  p95', ({ timeToPictureMs }) => describeP95(timeToPictureMs)),
    time('Mean: our line, before it', ({ meanPartsMs }) => meanPartsMs.queue),
    time('  submit', ({ meanPartsMs }) => meanPartsMs.submit),
    time('  at the provider', ({ meanPartsMs }) => meanPartsMs.provider),
    time('  until we knew', ({ meanPartsMs }) => meanPartsMs.news),
    time('  download and store', ({ meanPartsMs }) => meanPartsMs.store),
    row('Callback delay, p50 (n)', ({ callbackDelayMs }) =>
      callbackDelayMs.n === 0 ? nothing : `${describeDuration(callbackDelayMs.p50)} (${callbackDelayMs.n})`,
    ),
    row('Cost per picture', describeCostPerPicture),
    row('Cost in all', ({ costUsd }) => (costUsd === null ? nothing : describeUsd(costUsd))),
    row('Without a picture', ({ failures }) => linesOf(failures.map(describeKind))),
    row('Needed more than one POST', ({ retried, started }) => `${retried} of ${started}`),
  ]
  if (providers.some(({ notCounted }) => notCounted.length > 0))
    rows.push(row('Not counted (never asked)', ({ notCounted }) => linesOf(notCounted.map(describeKind))))
  return rows
}

function linesOf(lines: readonly string[]): string {
  return lines.length === 0 ? nothing : lines.join(', ')
}
