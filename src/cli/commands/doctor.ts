// darkroom doctor: does everything that we talk to answer, and what configuration counts? Changes nothing, downloads nothing, costs nothing.
import Table from 'cli-table3'
import type { Command } from 'commander'
import type { ConfigRow } from '../../config/describe-config.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { CliContext } from '../context.ts'
import { hasColours, writeLine } from '../context.ts'
import type { Check } from '../doctor-checks.ts'
import type { ExitCode } from '../errors.ts'
import { exitCodes } from '../errors.ts'
import type { Paint } from '../render/colours.ts'
import { createPaint } from '../render/colours.ts'
import { renderJson } from '../render/json.ts'
import type { CommandHost } from './command-host.ts'

export function addDoctorCommand(program: Command, host: CommandHost): void {
  program
    .command('doctor')
    .description('check each connection and print the configuration, secrets hidden')
    .option('--json', 'print it as JSON')
    .action((flags: { json?: boolean }) => host.run((context) => doctor(context, flags.json === true)))
}

async function doctor(context: CliContext, isJson: boolean): Promise<ExitCode> {
  const [{ loadConfig }, { describeConfig }, { runChecks }] = await Promise.all([
    import('../../config/config.ts'),
    import('../../config/describe-config.ts'),
    import('../doctor-checks.ts'),
  ])
  const config = loadConfig(context.env)
  const checks = await runChecks(config, context.env)
  const rows = describeConfig(config)
  if (isJson) writeLine(context.stdout, renderJson({ checks, configuration: rows }))
  else {
    const paint = createPaint(hasColours(context.stdout, context.env))
    writeLine(context.stdout, `${renderChecks(checks, paint)}\n${renderConfig(rows, paint)}`)
  }
  return checks.some(({ result }) => result === 'failed') ? exitCodes.notReachable : exitCodes.done
}

function renderChecks(checks: readonly Check[], paint: Paint): string {
  const colours = { ok: paint.good, failed: paint.bad, skipped: paint.quiet }
  const lines = checks.map(({ name, result, detail }) => {
    const [first = '', ...more] = detail.split('\n').map((line) => safeText(line, 500))
    const head = `${colours[result](result.padEnd(7))}  ${name.padEnd(12)}  ${first}`
    return [head, ...more.map((line) => `${' '.repeat(23)}${line}`)].join('\n')
  })
  return lines.join('\n')
}

/** A terminal's worth: long values are cut here and whole in --json. */
const maxValueLength = 60

function renderConfig(rows: readonly ConfigRow[], paint: Paint): string {
  const table = new Table({
    head: ['Variable', 'Value', 'Source'].map((title) => paint.strong(title)),
    style: { head: [], border: [], compact: true },
  })
  for (const { variable, value, source } of rows) {
    table.push([
      variable,
      value === '' ? paint.quiet('(unset)') : safeText(value, maxValueLength),
      source === 'set' ? 'set' : paint.quiet('default'),
    ])
  }
  return table.toString()
}
