// `npm run chaos`: real processes, faults by a seeded plan, and afterwards a checker that holds four records against one another.
// Exit code 0 when every invariant holds, 1 when one does not, 2 when the run itself could not be made.
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { judge } from './checker/check.ts'
import { evidenceFolder, keepEvidence } from './evidence.ts'
import { readOptions, usage } from './options.ts'
import type { ChaosOptions } from './options.ts'
import { renderReport } from './report.ts'
import { runChaos } from './run-chaos.ts'
import { useMemoryFolder } from './memory-folder.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(options: ChaosOptions): Promise<number> {
  const cleanups: (() => unknown)[] = []
  try {
    const { evidence, facts } = await runChaos({ after: (cleanup) => void cleanups.push(cleanup) }, options, print)
    const { records } = evidence
    const judgement = judge(records)
    for (const line of renderReport(records, judgement, facts)) print(line)
    const keepIn = options.keepIn ?? (judgement.isGreen ? null : ownFolder)
    if (keepIn !== null) {
      await keepEvidence(keepIn, evidence)
      print(`records, logs and histories are in ${keepIn}`)
    }
    return judgement.isGreen ? 0 : 1
  } finally {
    for (const cleanup of cleanups.toReversed()) await cleanup()
  }
}

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })
if (process.argv.includes('--help')) {
  print(usage)
  process.exit(0)
}
let options: ChaosOptions
try {
  options = readOptions(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`)
  process.exit(2)
}
const ownFolder = evidenceFolder(options.seed)
await useMemoryFolder()
try {
  process.exitCode = await main(options)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exitCode = 2
}
