// `npm run chaos`: real processes, faults by a seeded plan, and afterwards a checker that holds four records against one another.
// Exit code 0 when every invariant holds, 1 when one does not, 2 when the run itself could not be made.
import { writeFile } from 'node:fs/promises'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { judge } from './checker/check.ts'
import { readOptions, usage } from './options.ts'
import type { ChaosOptions } from './options.ts'
import { renderReport } from './report.ts'
import { runChaos } from './run-chaos.ts'
import { useMemoryFolder } from './memory-folder.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(options: ChaosOptions): Promise<number> {
  const cleanups: (() => unknown)[] = []
  try {
    const { records, facts } = await runChaos({ after: (cleanup) => void cleanups.push(cleanup) }, options, print)
    if (options.recordsFile !== null) await writeFile(options.recordsFile, JSON.stringify(records, null, 1))
    const judgement = judge(records)
    for (const line of renderReport(records, judgement, facts)) print(line)
    return judgement.isGreen ? 0 : 1
  } finally {
    for (const cleanup of cleanups.toReversed()) await cleanup()
  }
}

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })
let options: ChaosOptions
try {
  options = readOptions(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`)
  process.exit(2)
}
await useMemoryFolder()
try {
  process.exitCode = await main(options)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exitCode = 2
}
