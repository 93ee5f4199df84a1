// The comparison on a terminal of 80 columns: a column for each provider.
import { providerTitles } from '../../catalog/native-draft.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { Paint } from '../render/colours.ts'
import { renderTable } from '../render/table.ts'
import { wrapLine } from '../render/wrap.ts'
import { describeExtent, describePolling, isSimulated } from './describe.ts'
import { describeStart } from './describe-request.ts'
import { comparisonRows } from './rows.ts'
import type { ComparisonReport } from './summarise.ts'
import { verdictsOf } from './verdicts.ts'

/** With two providers 80 columns are full. */
const width = { label: 28, provider: 24 }
/** Enough to see where the next sentence begins. */
const hangColumns = 2

/** `columns`: of the terminal; into a file no line is broken. */
export function renderComparison(report: ComparisonReport, paint: Paint, columns = Infinity): string {
  const head = [
    `${paint.strong(safeText(report.id, 40))}  ${safeText(report.model, 60)}, ${describeExtent(report)}`,
    `${report.prompts.length} ${report.prompts.length === 1 ? 'prompt' : 'prompts'}, seed ${report.seed}, at most ${report.concurrency} at once at each provider`,
  ]
  const start = describeStart(report)
  if (start !== null) head.push(`Started from ${start}`)
  if (isSimulated(report)) head.push(paint.warn('Simulated providers: these figures say nothing about the real ones.'))
  const polling = describePolling(report)
  if (polling !== null) head.push(paint.warn(polling))
  const table = renderTable(
    [
      { title: '', width: width.label },
      ...report.providers.map(({ provider }) => ({ title: providerTitles[provider], width: width.provider })),
    ],
    comparisonRows(report.providers).map(({ label, isPart, cells }) => [
      `${isPart ? '  ' : ''}${label}`,
      ...cells.map((cell) => safeText(cell, 400)),
    ]),
    paint,
  )
  const verdicts = verdictsOf(report).map(
    ({ question, winner, answer, sentence }) =>
      `${paint.strong(question)}: ${winner === null ? paint.quiet(answer) : paint.good(providerTitles[winner])}. ${sentence}`,
  )
  const wrapped = (lines: string[]): string[] => lines.map((line) => wrapLine(line, columns, hangColumns))
  return [...wrapped(head), table, ...wrapped(verdicts)].join('\n')
}
