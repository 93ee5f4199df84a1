// What every run of the kill bench counts and prints: from the books of the simulator on one side, from our own API on the other.
import { execFileSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import type { Generation } from '../../src/contract/index.ts'
import type { LedgerEntry } from '../../src/simulator/ledger.ts'

export const print = (line: string): void => void process.stdout.write(`${line}\n`)
export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/** Figures mean nothing without it. */
export function printMachine(seed: number): void {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const isChanged = execFileSync('git', ['--no-optional-locks', 'status', '--porcelain', 'src'], { encoding: 'utf8' }) !== ''
  const load = (loadavg()[0] ?? 0).toFixed(1)
  print(`machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, load ${load} at the start`)
  print(`commit ${commit}${isChanged ? ' with changes in src' : ''}; seed ${seed}`)
}

/** The embedded ledger is one process for everybody; a server of TEST_DATABASE_URL is what production has. */
export const ledgerKind = (process.env['TEST_DATABASE_URL'] ?? '') === '' ? 'the embedded ledger' : 'Postgres'

export interface Counts {
  generations: number
  /** generations without a picture */
  lost: number
  /** tasks that the provider made and charged */
  tasks: number
  /** tasks beyond one per generation */
  paidTwice: number
  /** of these, tasks for which no attempt of the generation says that it may have cost twice */
  unreported: number
  /** submits whose client was gone before the reply was out */
  cutOff: number
  adopted: number
  fallbacks: number
  unknown: number
  /** attempts that are still owing: somebody has to look again */
  owing: number
}

export function tasksByPrompt(tasks: readonly LedgerEntry[]): Map<string, LedgerEntry[]> {
  const byPrompt = new Map<string, LedgerEntry[]>()
  for (const task of tasks) byPrompt.set(task.prompt, [...(byPrompt.get(task.prompt) ?? []), task])
  return byPrompt
}

/** Prompts are unique within a run: they say which generation a task was made for. */
export function countAll(generations: readonly Generation[], tasks: readonly LedgerEntry[]): Counts {
  const byPrompt = tasksByPrompt(tasks)
  const extras = generations.map((generation) => {
    const extra = Math.max(0, (byPrompt.get(generation.prompt)?.length ?? 0) - 1)
    return { extra, unreported: Math.max(0, extra - reportedExtras(generation)) }
  })
  const attempts = generations.flatMap((generation) => generation.attempts)
  return {
    generations: generations.length,
    lost: generations.filter(({ status, images }) => status !== 'completed' || images.length === 0).length,
    tasks: tasks.length,
    paidTwice: sum(extras.map(({ extra }) => extra)),
    unreported: sum(extras.map(({ unreported }) => unreported)),
    cutOff: tasks.filter(({ reply }) => reply === 'client_left').length,
    adopted: attempts.filter(({ adopted }) => adopted).length,
    fallbacks: generations.filter(({ attempts: all, servedBy }) => servedBy !== null && servedBy.attempt !== all[0]?.number)
      .length,
    unknown: attempts.filter(({ outcome, state }) => outcome === 'unknown' || state === 'unknown').length,
    owing: attempts.filter(({ state }) => state === 'abandoned' || state === 'unknown').length,
  }
}

/** What the generation itself says of money that may have been spent twice. */
function reportedExtras({ attempts }: Generation): number {
  return sum(
    attempts.map(({ possibleExtraCharge, verdict, extraTasks }) => {
      const isFlagged = possibleExtraCharge || verdict === 'confirmed_extra'
      // Absent in answers of a service that does not know second tasks yet.
      return (isFlagged ? 1 : 0) + ((extraTasks as typeof extraTasks | undefined)?.length ?? 0)
    }),
  )
}

export function printCounts(counts: Counts): void {
  print(`  generations ${counts.generations}, lost ${counts.lost}`)
  print(`  provider tasks made and charged ${counts.tasks}, paid twice ${counts.paidTwice} (not reported: ${counts.unreported})`)
  print(`  submits cut off by a kill ${counts.cutOff}, attempts adopted through a callback ${counts.adopted}`)
  print(`  served by a fallback ${counts.fallbacks}, unknown outcome ${counts.unknown}, still owing ${counts.owing}`)
}

/** The claim: nothing lost, and nothing paid twice that no row tells of. */
export function isRed(counts: Counts): boolean {
  return counts.lost > 0 || counts.unreported > 0
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
