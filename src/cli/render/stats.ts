// What a period cost and brought.
import type { ProviderStats, Stats } from '../../ledger/stats-port.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { Paint } from './colours.ts'
import { renderTable } from './table.ts'
import { describeDuration, describeUsd, nothing } from './units.ts'

export function renderStats(stats: Stats, paint: Paint): string {
  const { made, completed, failed, cancelled, open } = stats.generations
  const money = stats.mode === 'mock' ? paint.quiet(' (simulated providers, no real money)') : ''
  const lines = [
    `${paint.strong('From')} ${safeText(stats.from, 40)} ${paint.strong('to')} ${safeText(stats.to, 40)}${money}`,
    `${made} ${made === 1 ? 'generation' : 'generations'}: ${completed} completed, ${failed} failed, ${cancelled} cancelled, ${open} open; cost ${describeUsd(stats.costUsd)}`,
  ]
  if (stats.providers.length > 0) lines.push(renderProviders(stats.providers, paint))
  if (stats.taskConflicts > 0) {
    const some = stats.taskConflicts === 1 ? '1 attempt' : `${stats.taskConflicts} attempts`
    lines.push(paint.bad(`${some} got two tasks for one POST: darkroom attempts --filter task_conflict`))
  }
  return lines.join('\n')
}

function renderProviders(rows: readonly ProviderStats[], paint: Paint): string {
  const right = 'right' as const
  return renderTable(
    [
      { title: 'Provider' },
      { title: 'Model' },
      { title: 'At-\ntempts', align: right },
      { title: 'Served', align: right },
      { title: 'Success', align: right },
      { title: 'To picture\np50', align: right },
      { title: '\np95', align: right },
      { title: 'Cost', align: right },
      { title: 'Per\npicture', align: right },
      { title: 'Un-\nknown', align: right },
      { title: 'Owing', align: right },
      { title: 'Extra', align: right },
      { title: 'Unre-\nsolved', align: right },
    ],
    rows.map((row) => toCells(row, paint)),
    paint,
  )
}

function toCells(row: ProviderStats, paint: Paint): string[] {
  const concern = (count: number, text = String(count)): string => (count > 0 ? paint.warn(text) : text)
  const extra = row.extraCharges > 0 ? `${row.extraCharges} (${describeUsd(row.extraChargesUsd)})` : '0'
  return [
    safeText(row.provider, 20),
    safeText(row.model, 40),
    String(row.attempts),
    String(row.served),
    row.successShare === null ? nothing : `${(row.successShare * 100).toFixed(1)} %`,
    describeDuration(row.timeToPictureP50Ms),
    describeDuration(row.timeToPictureP95Ms),
    // what nobody has measured is the list price
    `${describeUsd(row.costUsd)}${row.measuredUsd < row.costUsd ? ' est.' : ''}`,
    row.costPerPictureUsd === null ? nothing : describeUsd(row.costPerPictureUsd),
    row.adopted > 0 ? `${row.unknown} (${row.adopted} found)` : String(row.unknown),
    concern(row.owing),
    concern(row.extraCharges, extra),
    concern(row.unresolved),
  ]
}
