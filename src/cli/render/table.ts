// Tables all look the same.
import Table from 'cli-table3'
import type { Paint } from './colours.ts'

export interface Column {
  /** may have two lines */
  title: string
  align?: 'left' | 'right'
  /** with the blanks beside it; longer text is wrapped. Default: as wide as its longest text */
  width?: number
}

/** Whoever fills it makes foreign text printable. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], paint: Paint): string {
  const table = new Table({
    // painted line by line: a colour that runs over a line end would paint the border
    head: columns.map(({ title }) =>
      title
        .split('\n')
        .map((line) => paint.strong(line))
        .join('\n'),
    ),
    colAligns: columns.map(({ align = 'left' }) => align),
    colWidths: columns.map(({ width }) => width ?? null),
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  })
  for (const row of rows) table.push([...row])
  return table.toString()
}
