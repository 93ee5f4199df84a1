// The figures of each provider, one under the other: the same rows as on the terminal.
import { providerTitles } from '../../../catalog/native-draft.ts'
import { comparisonRows } from '../rows.ts'
import type { ComparisonReport } from '../summarise.ts'
import type { Markup } from './markup.ts'
import { markup } from './markup.ts'

export function summaryTable({ providers }: ComparisonReport): Markup {
  const head = providers.map(
    ({ provider, model }, place) =>
      markup`<th scope="col" class="p${place}"><span class="name">${providerTitles[provider]}</span><br><code>${model ?? ''}</code></th>`,
  )
  const rows = comparisonRows(providers).map(
    ({ label, isPart, cells }) =>
      markup`<tr${isPart ? markup` class="part"` : null}><th scope="row">${label}</th>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>`,
  )
  return markup`<table><thead><tr><th></th>${head}</tr></thead><tbody>${rows}</tbody></table>`
}
