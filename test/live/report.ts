// A report for people.
import Table from 'cli-table3'
import { safeText } from '../../src/observability/safe-text.ts'
import { money } from './options.ts'
import type { LiveReport } from './run-live.ts'

/** Of a cell; longer words are broken by the table. */
const cellWidth = 44

export function renderReport(report: LiveReport): string {
  const style = { head: [], border: [] }
  const probes = new Table({
    head: ['Probe', 'What darkroom made of it', 'Exchanges'],
    colAligns: ['left', 'left', 'right'],
    colWidths: [null, cellWidth],
    wordWrap: true,
    style,
  })
  for (const { title, meaning, skipped, exchanges } of report.probes)
    probes.push([title, safeText(meaning ?? `not sent: ${skipped ?? ''}`), String(exchanges)])
  const lines = [`${report.provider} at ${report.baseUrl}, ${report.startedAt}`, probes.toString()]
  if (report.drifts.length > 0) {
    const colWidths = [null, null, null, cellWidth, cellWidth]
    const drifts = new Table({ head: ['Drift', 'Probe', 'Where', 'On file', 'Seen'], colWidths, wordWrap: true, style })
    for (const { kind, probe, where, known, seen } of report.drifts)
      drifts.push([kind.replaceAll('_', ' '), probe, ...[where, known, seen].map((text) => safeText(text))])
    lines.push(drifts.toString())
  }
  const told = report.toldUsd === null ? '' : `; the provider says that its task took ${money(report.toldUsd)}`
  lines.push(
    report.spentUsd === 0 ? 'Nothing was spent.' : `Spent at most ${money(report.spentUsd)} of ${money(report.capUsd)}${told}.`,
    `Recorded, redacted: ${report.recording}`,
    `Verdict: ${report.verdict}${report.drifts.length === 0 ? '' : ` (${report.drifts.length})`}.`,
  )
  return lines.join('\n')
}
