// `npm run live`: asks a real provider, with a real key, and tells where it has drifted from what is on file. By hand only.
// Exit code 0: no drift, 1: drift, 2: bad input, or `--yes` is missing, 3: not reachable, 130: interrupted.
import { BadInput, describePlan, readOptions, usage } from './options.ts'
import { renderReport } from './report.ts'
import { runLive } from './run-live.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const complain = (line: string): void => void process.stderr.write(`${line}\n`)

const exitCodes = { 'no drift': 0, drift: 1, 'not reachable': 3, interrupted: 130 } as const

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    print(usage)
    return 0
  }
  const options = readOptions(args, process.env)
  if (!options.yes) {
    for (const line of describePlan(options)) print(line)
    return 2
  }
  const stop = new AbortController()
  // The second one ends it at once.
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => {
      complain('Interrupted: waits for what is on the wire, at most 30 s, and writes down what there is.')
      stop.abort()
    })
  const report = await runLive(options, complain, { signal: stop.signal })
  print(options.json ? JSON.stringify(report, null, 2) : renderReport(report))
  return exitCodes[report.verdict]
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof BadInput)) throw error
  complain(`${error.message}\n${usage}`)
  process.exitCode = 2
}
