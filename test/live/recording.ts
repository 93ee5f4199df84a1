// The folder of one run: what was asked and answered, and the report. Nothing with a key or an id in it is written.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BadInput } from './options.ts'
import type { LiveOptions } from './options.ts'
import type { RecordedExchange, Redactor } from './redact-exchange.ts'

/** Readable by its owner alone. */
export async function makeFolder({ provider, outFolder }: LiveOptions, startedAt: string): Promise<string> {
  const folder = join(outFolder, `${provider}-${startedAt.replaceAll(/[:.]/g, '-')}`)
  try {
    await mkdir(outFolder, { recursive: true, mode: 0o700 })
    await mkdir(folder, { mode: 0o700 })
  } catch (error) {
    throw new BadInput(`no folder can be made in ${outFolder}: ${error instanceof Error ? error.message : String(error)}`)
  }
  return folder
}

const withheld = 'a key or an id was left in it'

/** The second look at a text of the report: one in which one is left says so in its place. */
export const withoutLeak = (redactor: Redactor, text: string): string => (redactor.isClean(text) ? text : `withheld: ${withheld}`)

/** The second look at the exchanges: one in which one is left all the same is withheld as a whole. */
export async function writeFiles(
  redactor: Redactor,
  folder: string,
  recorded: readonly RecordedExchange[],
  report: object,
): Promise<void> {
  const write = (name: string, content: object): Promise<void> =>
    writeFile(join(folder, name), `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  const exchanges = recorded.map((exchange) =>
    redactor.isClean(JSON.stringify(exchange)) ? exchange : { probe: exchange.probe, withheld },
  )
  // First, whatever is wrong with the report: they cannot be had again, and may have been paid for.
  await write('exchanges.json', exchanges)
  if (!redactor.isClean(JSON.stringify(report))) throw new Error('a key or an id is left in the report: it was not written')
  await write('report.json', report)
}
