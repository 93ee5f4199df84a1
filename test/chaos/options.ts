// What `npm run chaos` and the child processes are told.
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export interface ChaosOptions {
  generations: number
  seed: number
  /** open at the same time */
  lanes: number
  /** the tree whose gateway and workers run: this one, or a copy with a planted bug. The runner, the simulator and the checker are always ours */
  root: string
  /** only these rows; null: all */
  rows: readonly string[] | null
  /** processes are killed, frozen and cut off */
  nemesis: boolean
  /** where records, logs and histories are kept; null: a red run keeps them in a folder of its own, and a green one nothing */
  keepIn: string | null
  /** all time limits of the service and of the waits times this: for a machine that is slow or busy with other things */
  timeScale: number
  /** print each event as it happens */
  verbose: boolean
}

export const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url))

/** What a run by hand needs; CI passes its own numbers. */
const defaultGenerations = 200
/** Seen on two cores: 200 generations in under three minutes, without a deadline that the machine alone made pass. */
const defaultLanes = 32

export const usage = `npm run chaos -- [--generations N] [--seed S] [--lanes N] [--rows P5,K6] [--no-nemesis] [--no-faults] [--planted-src DIR] [--time-scale N] [--keep FOLDER] [--verbose]`

/** Throws an Error with a sentence for whoever typed it. */
export function readOptions(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      generations: { type: 'string' },
      seed: { type: 'string' },
      lanes: { type: 'string' },
      rows: { type: 'string' },
      'no-nemesis': { type: 'boolean' },
      'no-faults': { type: 'boolean' },
      'planted-src': { type: 'string' },
      'time-scale': { type: 'string' },
      keep: { type: 'string' },
      verbose: { type: 'boolean' },
    },
  })
  const rows = values['no-faults'] === true ? [] : (values.rows?.split(',').filter((id) => id !== '') ?? null)
  return {
    generations: wholeNumber('generations', values.generations) ?? defaultGenerations,
    // Below 2^31, so that it can be typed again and is the same for every generator.
    seed: wholeNumber('seed', values.seed) ?? randomInt(1, 2 ** 31),
    lanes: wholeNumber('lanes', values.lanes) ?? defaultLanes,
    root: values['planted-src'] ?? repositoryRoot,
    rows,
    nemesis: values['no-nemesis'] !== true && values['no-faults'] !== true,
    keepIn: values.keep ?? null,
    timeScale: wholeNumber('time-scale', values['time-scale']) ?? 1,
    verbose: values.verbose === true,
  }
}

/** The command that repeats a run. */
export function commandOf(options: ChaosOptions): string {
  const words = ['npm run chaos --', `--generations ${options.generations}`, `--seed ${options.seed}`, `--lanes ${options.lanes}`]
  if (options.rows !== null) words.push(options.rows.length === 0 ? '--no-faults' : `--rows ${options.rows.join(',')}`)
  if (!options.nemesis && options.rows?.length !== 0) words.push('--no-nemesis')
  if (options.timeScale !== 1) words.push(`--time-scale ${options.timeScale}`)
  if (options.root !== repositoryRoot) words.push(`--planted-src ${options.root}`)
  return words.join(' ')
}

function wholeNumber(name: string, text: string | undefined): number | null {
  if (text === undefined) return null
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} wants a whole number above 0, got ${JSON.stringify(text)}`)
  return Number(text)
}
