// `npm run chaos:bugs`: plants ten bugs, one at a time, in a copy of the sources, and requires that a named check turns red. A checker that was
// never seen red proves nothing. Nothing is planted in this tree. `--only ID` runs one of them.
import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { memoryFolderOr } from './memory-folder.ts'
import { repositoryRoot } from './options.ts'
import { plantedBugs } from './planted-bugs.ts'
import type { PlantedBug, Proof } from './planted-bugs.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** `--time-scale` as in a chaos run: more on a machine that is busy with other things. */
const { values } = parseArgs({ options: { only: { type: 'string' }, 'time-scale': { type: 'string' } } })
const timeScale = values['time-scale'] ?? '1'

const allGreen = 'all is green'

interface Outcome {
  isRed: boolean
  /** what turned red, or why nothing did */
  what: string
  output: string
}

async function copyTree(folder: string): Promise<string> {
  for (const name of ['src', 'test', 'package.json', 'tsconfig.json']) {
    await cp(join(repositoryRoot, name), join(folder, name), { recursive: true })
  }
  await symlink(join(repositoryRoot, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** Each text must be there exactly once: a bug that is not planted would look like one that is not found. */
async function plant(folder: string, bug: PlantedBug): Promise<void> {
  for (const { file, find, replace } of bug.edits) {
    const path = join(folder, file)
    const text = await readFile(path, 'utf8')
    const times = text.split(find).length - 1
    if (times !== 1) throw new Error(`${bug.id}: the text to replace is ${times} times in ${file}:\n${find}`)
    await writeFile(
      path,
      text.replace(find, () => replace),
    )
  }
}

async function prove(folder: string, proof: Proof): Promise<Outcome> {
  if (proof.by === 'test') {
    const { code, output } = await run(folder, ['--import', 'tsx', '--test', proof.file])
    const failed = /^# fail (\d+)$/m.exec(output)?.[1] ?? '?'
    return { isRed: code !== 0, what: code === 0 ? `${proof.file} is green` : `${proof.file}: ${failed} tests`, output }
  }
  const { generations, rows, lanes } = proof
  const command = ['--import', 'tsx', 'test/chaos/run.ts', '--planted-src', folder, '--seed', '20', '--time-scale', timeScale]
  const size = ['--generations', String(generations), '--lanes', String(lanes), '--rows', rows.join(',')]
  // Red on purpose: what such a run keeps goes with the copy.
  const keep = ['--keep', join(folder, 'evidence')]
  const { code, output } = await run(repositoryRoot, [...command, ...size, ...keep])
  const red = [...output.matchAll(/^(I\d+) +RED/gm)].map(([, id]) => id ?? '')
  const what = code === 2 ? 'the run could not be made' : red.length === 0 ? allGreen : red.join(', ')
  return { isRed: red.includes(proof.check), what, output }
}

async function run(cwd: string, args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (part: Buffer) => (output += part.toString('utf8')))
  child.stderr.on('data', (part: Buffer) => (output += part.toString('utf8')))
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve)
  })
  return { code, output }
}

/** One bug in a copy of its own, gone afterwards. */
async function tryBug(bug: PlantedBug): Promise<Outcome> {
  const folder = await mkdtemp(join(await memoryFolderOr(tmpdir()), 'darkroom-bug-'))
  try {
    await copyTree(folder)
    await plant(folder, bug)
    return await prove(folder, bug.proof)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const chosen = plantedBugs.filter(({ id }) => values.only === undefined || id === values.only)
if (chosen.length === 0) throw new Error(`no such bug; known: ${plantedBugs.map(({ id }) => id).join(', ')}`)

print(`${'bug'.padEnd(24)} ${'must turn red'.padEnd(40)} seconds  verdict`)
let missed = 0
for (const bug of chosen) {
  const startedMs = performance.now()
  const { isRed, what, output } = await tryBug(bug)
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0)
  const isControl = bug.edits.length === 0
  const wanted = isControl ? 'nothing' : bug.proof.by === 'test' ? bug.proof.file : bug.proof.check
  // The control has nothing planted: red there would make every other red worthless.
  const isAsExpected = isControl ? what === allGreen : isRed
  const verdict = isControl ? what : isRed ? `caught (${what})` : `MISSED: ${what}`
  print(`${bug.id.padEnd(24)} ${wanted.padEnd(40)} ${seconds.padStart(7)}  ${verdict}`)
  if (isAsExpected) continue
  missed += 1
  print(output.split('\n').slice(-60).join('\n'))
}
print(missed === 0 ? 'every planted bug was caught' : `${missed} were not as they must be`)
process.exitCode = missed === 0 ? 0 : 1
