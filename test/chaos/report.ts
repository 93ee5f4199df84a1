// The table that a run prints.
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import type { Judgement } from './checker/check.ts'
import type { ChaosRecords } from './checker/records.ts'
import { chaosRows, forcedFallback, knownBreaches } from './rows.ts'
import { crashRows, nemesisRows } from './nemesis-rows.ts'
import { forgerRows } from './forger.ts'
import type { ChaosOptions } from './options.ts'
import { commandOf } from './options.ts'

/** Enough to see what is wrong; the rest is more of the same. */
const breachesShown = 8

export interface RunFacts {
  options: ChaosOptions
  seconds: number
  loadSeconds: number
  killed: number
}

export function renderReport(records: ChaosRecords, { findings, money, isGreen }: Judgement, facts: RunFacts): string[] {
  const lines: string[] = ['']
  lines.push(...renderRows(records))
  lines.push('')
  for (const { id, title, checked, breaches, note, notChecked } of findings) {
    // Nothing looked at is no proof.
    const isProven = notChecked === null && checked > 0
    const verdict = breaches.length > 0 ? 'RED' : isProven ? 'ok' : '–'
    const words = [note, notChecked].filter((text) => text !== null && text !== '').join('; ')
    lines.push(
      `${id.padEnd(4)} ${verdict.padEnd(4)} ${String(checked).padStart(7)} looked at  ${title}${words === '' ? '' : `  (${words})`}`,
    )
    for (const breach of breaches.slice(0, breachesShown)) lines.push(`            ${breach}`)
    if (breaches.length > breachesShown) lines.push(`            … and ${breaches.length - breachesShown} more`)
  }
  const ended = (status: string): number => records.generations.filter((generation) => generation.status === status).length
  lines.push('')
  lines.push(
    `generations ${records.plan.length}: ${ended('completed')} completed, ${ended('failed')} failed, ${ended('cancelled')} cancelled; ${money.fallbacks} went to a second provider; lost ${money.lost}`,
  )
  lines.push(
    `provider tasks made ${money.tasksMade}, of them charged ${money.paidTasks}; adopted ${money.adopted}; extra charges confirmed ${money.confirmedExtra}; unresolved ${money.unresolved}; owing ${money.owing}`,
  )
  lines.push(
    `duplicate paid tasks not reported ${money.duplicatesNotReported}; made by the provider and named by nobody ${money.unknowable}`,
  )
  lines.push(`processes killed ${facts.killed}; answers by status ${renderStatuses(records.http.byStatus)}`)
  lines.push('')
  lines.push(
    `machine ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}; commit ${commit()}; seed ${facts.options.seed}`,
  )
  lines.push(`load ${facts.loadSeconds.toFixed(0)} s, in all ${facts.seconds.toFixed(0)} s`)
  lines.push(isGreen ? 'GREEN' : `RED  seed ${facts.options.seed}; again: ${commandOf(facts.options)}`)
  return lines
}

function renderRows(records: ChaosRecords): string[] {
  const texts = new Map<string, string>([
    ...[...chaosRows, ...knownBreaches, forcedFallback, ...crashRows, ...forgerRows].map(({ id, text }): [string, string] => [
      id,
      text,
    ]),
    ...Object.entries(nemesisRows),
  ])
  return [
    'row   planned  struck',
    ...records.rows.map(
      ({ id, planned, fired }) =>
        `${id.padEnd(5)} ${String(planned).padStart(7)} ${String(fired).padStart(7)}  ${texts.get(id) ?? ''}`,
    ),
  ]
}

function renderStatuses(byStatus: Readonly<Record<string, number>>): string {
  return Object.entries(byStatus)
    .map(([status, times]) => `${status === '0' ? 'none' : status} × ${times}`)
    .join(', ')
}

/** Whatever tree is run from; a copy without git has no commit. */
function commit(): string {
  try {
    const head = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
    const isDirty = execFileSync('git', ['status', '--porcelain', '--', 'src'], { encoding: 'utf8' }).trim() !== ''
    return isDirty ? `${head} with changes` : head
  } catch {
    return 'unknown'
  }
}
