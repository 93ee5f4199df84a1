// A page of generations as a table.
import Table from 'cli-table3'
import type { Generation } from '../../contract/index.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { Paint } from './colours.ts'
import { describeCost, describeDuration, nothing } from './units.ts'

export function renderGenerationList(generations: readonly Generation[], paint: Paint): string {
  const table = new Table({
    head: ['Generation', 'Status', 'Model', 'Served by', 'Attempts', 'Took', 'Cost', 'Prompt'].map((title) =>
      paint.strong(title),
    ),
    colAligns: ['left', 'left', 'left', 'left', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  })
  for (const generation of generations) {
    table.push([
      safeText(generation.id, 60),
      generation.status,
      safeText(generation.model, 30),
      generation.servedBy === null ? nothing : generation.servedBy.provider,
      String(generation.attempts.length),
      describeDuration(generation.timings.totalMs),
      describeCost(generation.cost),
      // Enough to recognise one's own prompt in a list.
      safeText(generation.prompt, 32),
    ])
  }
  return table.toString()
}
