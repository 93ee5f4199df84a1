// `npm run model`: seeded sequences of events against the pure pair `decide` and `apply`, in virtual time, on all cores.
//
//   npm run model -- [--sequences N] [--seed S] [--only I]      --only plays one sequence and prints its story
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism, cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { seededChoices } from './choices.ts'
import { playSequence } from './world.ts'

interface Share {
  seed: number
  from: number
  to: number
}

interface Tally {
  counts: Record<string, number>
  /** by what was broken: how often, and the first sequence that did */
  breaches: Record<string, { count: number; first: number }>
}

function play({ seed, from, to }: Share): Tally {
  const counts: Record<string, number> = {}
  const tally: Tally = { counts, breaches: {} }
  const count = (name: string): void => {
    counts[name] = (counts[name] ?? 0) + 1
  }
  for (let sequence = from; sequence < to; sequence += 1) {
    const { breach, end, happened } = playSequence(seededChoices(seed, sequence))
    count(`end: ${end}`)
    for (const name of happened) count(name)
    if (breach === null) continue
    const kind = breach.replaceAll(/\d+/g, 'N')
    const known = tally.breaches[kind]
    tally.breaches[kind] = { count: (known?.count ?? 0) + 1, first: known?.first ?? sequence }
  }
  return tally
}

/** What every run of a million must have seen: a thing that never happened proves nothing (I13). */
const expected = [
  ['end: completed', 'end: cancelled', 'end: ResultUnavailable', 'end: DeadlineExceeded', 'end: ProvidersExhausted'],
  ['end: PaidAttemptsExhausted', 'end: CostLimitReached', 'end: ContentRefused', 'end: InputRefused', 'end: UnknownOutcome'],
  ['submit accepted', 'submit unknown', 'submit exhausted', 'submit rejected', 'submit busy', 'submit unwritten'],
  ['found accepted', 'found ended', 'found unknown', 'found abandoned', 'found lost', 'found settled'],
  ['in line: turn', 'in line: busy', 'left the line', 'left the line too late', 'overdue', 'unheard', 'watch'],
  ['lost reply adopted', 'late reply heard', 'late answer', 'late picture used'],
].flat()

const shareVariable = 'DARKROOM_MODEL_SHARE'

/** Processes, because a worker thread of Node 20 knows nothing of tsx. */
async function playShare(share: Share): Promise<Tally> {
  const child = fork(fileURLToPath(import.meta.url), [], {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, [shareVariable]: JSON.stringify(share) },
  })
  const failed = once(child, 'exit').then(() => {
    throw new Error('a process of the model ended without a result')
  })
  failed.catch(() => undefined)
  const [tally]: unknown[] = await Promise.race([once(child, 'message'), failed])
  if (!isTally(tally)) throw new Error('a process of the model sent no tally')
  return tally
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)

function report(tallies: Tally[], seed: number, sequences: number, tookMs: number): void {
  const counts: Record<string, number> = {}
  for (const tally of tallies) {
    for (const [name, count] of Object.entries(tally.counts)) counts[name] = (counts[name] ?? 0) + count
  }
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  print(`machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}; commit ${commit}; seed ${seed}`)
  for (const [name, count] of Object.entries(counts).toSorted(([left], [right]) => left.localeCompare(right))) {
    print(`  ${name.padEnd(32)} ${count}`)
  }
  const breaches: Tally['breaches'] = {}
  for (const [kind, { count, first }] of tallies.flatMap((tally) => Object.entries(tally.breaches))) {
    breaches[kind] = { count: (breaches[kind]?.count ?? 0) + count, first: breaches[kind]?.first ?? first }
  }
  const red = Object.values(breaches).reduce((sum, { count }) => sum + count, 0)
  print(`${sequences} sequences in ${(tookMs / 1_000).toFixed(1)} s, ${red} broke an invariant`)
  for (const [breach, { count, first }] of Object.entries(breaches)) {
    print(`  RED ${count} × ${breach}: npm run model -- --seed ${seed} --only ${first}`)
  }
  const missing = sequences >= 100_000 ? expected.filter((name) => counts[name] === undefined) : []
  if (missing.length > 0) print(`  RED never happened: ${missing.join(', ')}`)
  if (red > 0 || missing.length > 0) process.exitCode = 1
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sequences: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '7' },
      only: { type: 'string' },
    },
  })
  const [seed, sequences] = [Number(values.seed), Number(values.sequences)]
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(sequences)) throw new Error('--seed and --sequences are whole numbers')
  if (values.only !== undefined) {
    const story: string[] = []
    const { breach, end } = playSequence(seededChoices(seed, Number(values.only)), story)
    for (const line of story) print(line)
    print(`end: ${end}`)
    if (breach !== null) process.exitCode = 1
    return
  }
  const startedAtMs = performance.now()
  const lanes = availableParallelism()
  const shareOf = (lane: number): number => Math.floor((sequences * lane) / lanes)
  const shares = Array.from({ length: lanes }, (_, lane) => ({ seed, from: shareOf(lane), to: shareOf(lane + 1) }))
  const tallies = await Promise.all(shares.map(playShare))
  report(tallies, seed, sequences, performance.now() - startedAtMs)
}

function isShare(value: unknown): value is Share {
  return typeof value === 'object' && value !== null && 'from' in value && 'to' in value
}

function isTally(value: unknown): value is Tally {
  return typeof value === 'object' && value !== null && 'counts' in value && 'breaches' in value
}

const share: unknown = JSON.parse(process.env[shareVariable] ?? 'null')
if (isShare(share)) process.send?.(play(share), () => process.disconnect())
else await main()
