// Every import rule is broken once, in a tree of its own, and must be reported: a rule that cannot fail guards nothing.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { tempFolder } from '../../helpers/temp-folder.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** rule → a file that breaks it, and what it imports */
const breaches: Record<string, { file: string; imports: string; typeOnly?: boolean }> = {
  'no-circular': { file: 'src/storage/circle-one.ts', imports: './circle-two.ts' },
  'contract-is-a-leaf': { file: 'src/contract/breach.ts', imports: 'zod' },
  'workflows-stay-deterministic': { file: 'src/workflows/breach.ts', imports: '../activities/target.ts' },
  'workflow-types-only-from-activities': {
    file: 'src/workflows/breach-types.ts',
    imports: '../ledger/target.ts',
    typeOnly: true,
  },
  'activities-receive-values': { file: 'src/activities/breach.ts', imports: '../gateway/target.ts' },
  'providers-do-not-know-temporal': { file: 'src/providers/shared/breach.ts', imports: '@temporalio/common' },
  'providers-do-not-know-each-other': { file: 'src/providers/kie/breach.ts', imports: '../defapi/target.ts' },
  'wire-is-data': { file: 'src/providers/kie/wire.ts', imports: './target.ts' },
  'catalog-is-pure': { file: 'src/catalog/breach.ts', imports: 'undici' },
  'ledger-stands-alone': { file: 'src/ledger/breach.ts', imports: '../storage/target.ts' },
  'storage-stands-alone': { file: 'src/storage/breach.ts', imports: '../ledger/target.ts' },
  'tokens-stand-alone': { file: 'src/tokens/breach.ts', imports: 'zod' },
  'gateway-starts-no-work-of-its-own': { file: 'src/gateway/breach.ts', imports: '../activities/target.ts' },
  'gateway-sees-provider-doors-only': { file: 'src/gateway/breach-providers.ts', imports: '../providers/kie/target.ts' },
  'worker-takes-workflows-by-path': { file: 'src/worker/breach.ts', imports: '../workflows/target.ts' },
  'only-composition-roots-read-config': { file: 'src/worker/breach-config.ts', imports: '../config/target.ts' },
  'simulator-is-independent': { file: 'src/simulator/breach.ts', imports: '../contract/target.ts' },
  'not-to-test': { file: 'src/dev/breach.ts', imports: '../../test/target.ts' },
  'not-to-dev-dep': { file: 'src/dev/breach-dev.ts', imports: 'fast-check' },
}

const targets = [
  ...['activities', 'ledger', 'gateway', 'storage', 'workflows', 'config', 'contract', 'providers/kie', 'providers/defapi'].map(
    (folder) => `src/${folder}/target.ts`,
  ),
  'test/target.ts',
]

test('every boundary rule has a breach here, and each breach is reported', async (t) => {
  const folder = await tempFolder(t)
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  for (const target of targets) await write(target, 'export const target = 1\nexport type Target = number\n')
  await write('src/storage/circle-two.ts', `import * as one from './circle-one.ts'\nexport const two = () => one\n`)
  for (const { file, imports, typeOnly } of Object.values(breaches)) {
    await write(
      file,
      `import ${typeOnly === true ? 'type ' : ''}* as used from '${imports}'\nexport ${typeOnly === true ? 'type Used = typeof used' : 'const user = () => used'}\n`,
    )
  }
  for (const file of ['package.json', 'tsconfig.json', '.dependency-cruiser.mjs'])
    await copyFile(join(root, file), join(folder, file))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))

  const config: unknown = await import(pathToFileURL(join(root, '.dependency-cruiser.mjs')).href)
  const reported = await reportedRules(folder)
  assert.deepEqual(ruleNames(config).toSorted(), Object.keys(breaches).toSorted(), 'a rule without a breach, or the reverse')
  assert.deepEqual(
    Object.keys(breaches).filter((rule) => !reported.has(rule)),
    [],
    'rules that let their breach pass',
  )
})

function ruleNames(config: unknown): string[] {
  const text = JSON.stringify(config)
  return [...text.matchAll(/"name":"([a-z-]+)","comment"/g)].flatMap(([, name]) => (name === undefined ? [] : [name]))
}

async function reportedRules(folder: string): Promise<Set<string>> {
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const args = [program, '--config', '.dependency-cruiser.mjs', '--output-type', 'err', 'src', 'test']
  const output = await new Promise<string>((resolve) => {
    // It exits with the number of breaches: what it prints is the answer.
    execFile(process.execPath, args, { cwd: folder }, (_error, stdout) => resolve(stdout))
  })
  return new Set([...output.matchAll(/error ([a-z-]+):/g)].flatMap(([, name]) => (name === undefined ? [] : [name])))
}
