// What the pages say is held against the code: a page that lies is worse than none.
import assert from 'node:assert/strict'
import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { variables } from '../../../src/config/environment.ts'
import { statusSchema } from '../../../src/gateway/schemas.ts'
import { cliRun } from '../cli/cli-run.ts'
import { anchorsOf, codeOf, firstColumn, linksOf, readPage, readPages, repository } from './pages.ts'

const pages = await readPages()
const manifest: { scripts: Record<string, string>; dependencies: Record<string, string> } = JSON.parse(
  await readFile(join(repository, 'package.json'), 'utf8'),
)

/** Those that tell people what to type and set; folder READMEs and fixtures have words of their own. */
const guides = pages.filter(({ path }) => !path.startsWith('test/') && (!path.startsWith('src/') || path === 'src/README.md'))

test('the pages are where people look for them', () => {
  const paths = pages.map(({ path }) => path)
  for (const path of ['src/README.md', '.github/CONTRIBUTING.md', '.github/SECURITY.md']) assert.ok(paths.includes(path), path)
  assert.ok(paths.filter((path) => path.startsWith('.github/decisions/')).length >= 16)
})

test('every link leads to a file that exists, and to a heading that is in it', async () => {
  let count = 0
  for (const page of pages) {
    for (const { target, anchor } of linksOf(page)) {
      count += 1
      await assert.doesNotReject(access(join(repository, target)), `${page.path} links to ${target}, which is not there`)
      if (anchor === null) continue
      const headings = anchorsOf(await readPage(target))
      assert.ok(headings.includes(anchor), `${page.path} links to ${target}#${anchor}, which has ${headings.join(', ')}`)
    }
  }
  assert.ok(count > 20, `only ${count} links were found`)
})

test('a link in the map that names functions leads to the file that has them', async () => {
  const map = await readPage('src/README.md')
  let count = 0
  for (const { text, target } of linksOf(map)) {
    const names = [...text.matchAll(/`([A-Za-z]+)`/g)].map(([, name = '']) => name)
    const code = names.length === 0 ? '' : await readFile(join(repository, target), 'utf8')
    for (const name of names) {
      count += 1
      assert.match(
        code,
        new RegExp(`(?:function|const) ${name}\\b|^\\s+(?:async )?${name}[:(<]`, 'm'),
        `${name} is not defined in ${target}`,
      )
    }
  }
  assert.ok(count >= 9, `only ${count} functions are named`)
})

test('the map has a row for every folder and no other', async () => {
  const entries = await readdir(join(repository, 'src'), { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${name}/`)
  assert.deepEqual(firstColumn(await readPage('src/README.md'), 'Folders').toSorted(), folders.toSorted())
})

test('the table of imports names every rule of dependency-cruiser and no other', async () => {
  const { text } = await readPage('src/README.md')
  const section = text.split('## Who may import whom')[1]?.split('\n## ')[0] ?? ''
  const named = [...section.matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map(([, name = '']) => name)
  const config = await readFile(join(repository, '.dependency-cruiser.mjs'), 'utf8')
  const rules = [...config.matchAll(/(?:\bname: |\bonly\(\s*)'([a-z-]+)'/g)].map(([, name = '']) => name)
  assert.ok(rules.length > 10)
  const isRule = (name: string): boolean => !['fastest-levenshtein'].includes(name)
  assert.deepEqual(named.filter(isRule).toSorted(), rules.toSorted())
})

test('the map has all thirteen invariants, and code quotes no other', async () => {
  const { text } = await readPage('src/README.md')
  const numbers = [...text.matchAll(/^\* \*\*I(\d+)\*\*/gm)].map(([, number]) => Number(number))
  assert.deepEqual(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
  for (const name of await readdir(join(repository, 'src'), { recursive: true })) {
    if (!name.endsWith('.ts')) continue
    const code = await readFile(join(repository, 'src', name), 'utf8')
    for (const [, number] of code.matchAll(/(?:\/\/ |\()I(\d+)\b/g))
      assert.ok(numbers.includes(Number(number)), `${name} quotes I${number}`)
  }
})

test('the map lists the statuses of a generation as the gateway does', async () => {
  const { text } = await readPage('src/README.md')
  assert.ok(text.includes(`\`${statusSchema.options.join(' ')}\``), 'the row "status" differs')
})

test('the map stays short, and so does every decision', () => {
  for (const { path, text } of pages) {
    const limit = path === 'src/README.md' ? 150 : path.startsWith('.github/decisions/') ? 60 : 300
    const lines = text.split('\n').length - 1
    assert.ok(lines <= limit, `${path} has ${lines} lines, ${limit} are allowed`)
  }
})

test('every decision has date, status, context, decision, consequences and what was rejected', () => {
  for (const { path, text } of pages.filter((page) => page.path.startsWith('.github/decisions/'))) {
    const [, date = ''] = /\/(\d{4}-\d{2}-\d{2})-[a-z0-9-]+\.md$/.exec(path) ?? []
    assert.notEqual(date, '', path)
    assert.match(text, new RegExp(`^Status: (?:proposed|accepted|superseded.*), ${date}$`, 'm'), path)
    assert.deepEqual(
      [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading),
      ['Context', 'Decision', 'Consequences', 'Rejected'],
      path,
    )
  }
})

test('every runtime dependency has its reason, and every reason its dependency', async () => {
  const named = firstColumn(await readPage('.github/CONTRIBUTING.md'), 'Runtime dependencies')
  assert.deepEqual(named.toSorted(), Object.keys(manifest.dependencies).toSorted())
})

test('every npm script that a page names exists', () => {
  let count = 0
  for (const page of guides) {
    for (const code of codeOf(page)) {
      for (const [, script = ''] of code.matchAll(/\bnpm run (?:--silent )?([a-z][a-z:-]*)/g)) {
        count += 1
        assert.ok(Object.hasOwn(manifest.scripts, script), `${page.path}: npm run ${script}`)
      }
    }
  }
  assert.ok(count > 5, `only ${count} were found`)
})

/** Read by tests, not by darkroom. */
const testVariables = ['TEST_DATABASE_URL', 'DARKROOM_KEEP_HISTORIES']

test('every environment variable that a page names is one of the configuration', async () => {
  const example = await readFile(join(repository, '.env.example'), 'utf8')
  const known = new Set([...variables.map(({ name }) => name), ...testVariables])
  let count = 0
  for (const page of guides) {
    for (const code of codeOf(page)) {
      for (const [name] of code.matchAll(
        /\b(?:AI|MOCK|KIE|DEFAPI|DARKROOM|DATABASE|POSTGRES|TEST|TEMPORAL)_[A-Z][A-Z0-9_]*\b/g,
      )) {
        count += 1
        // Temporal's own names, which it reads itself, are not ours to list; a Compose variable is in the example file only.
        const isTemporals = ['TEMPORAL_NAMESPACE', 'TEMPORAL_API_KEY', 'TEMPORAL_TLS'].includes(name)
        assert.ok(known.has(name) || isTemporals || example.includes(`# ${name}=`), `${page.path}: ${name} is not a variable`)
      }
    }
  }
  assert.ok(count > 5, `only ${count} were found`)
})

test('every command and flag of darkroom that a page names is registered', async () => {
  const help = new Map<string, string>()
  const helpOf = async (command: string): Promise<string> => {
    const known = help.get(command)
    if (known !== undefined) return known
    const { exitCode, stdout } = await cliRun([command, '--help'])
    // `darkroom nonsense --help` shows the help of the program itself
    const isRegistered = exitCode === 0 && stdout.includes(`Usage: darkroom ${command} `)
    help.set(command, isRegistered ? stdout : '')
    return isRegistered ? stdout : ''
  }
  let count = 0
  for (const page of guides) {
    const lines = codeOf(page).flatMap((code) => code.replaceAll('\\\n', ' ').split('\n'))
    for (const line of lines) {
      const called =
        /(?:^|\s)(?:npm run (?:--silent )?(?:darkroom -- |(?=demo\b))|darkroom |node dist\/cli\/main\.js )([a-z]+)\b(.*)$/.exec(
          line,
        )
      if (called === null) continue
      count += 1
      const [, command = '', rest = ''] = called
      const text = await helpOf(command)
      assert.notEqual(text, '', `${page.path}: darkroom ${command} is no command`)
      for (const [, flag = ''] of withoutOthers(rest).matchAll(/\s(--[a-z][a-z-]*)/g)) {
        assert.match(text, new RegExp(`${flag}\\b`), `${page.path}: darkroom ${command} has no ${flag}`)
      }
    }
  }
  assert.ok(count > 0, 'none was found')
})

/** Without quoted text, comments and whatever is piped to. */
function withoutOthers(line: string): string {
  return line.replaceAll(/"[^"]*"|'[^']*'/g, '""').replace(/\s(?:#|\||&&|>).*$/, '')
}
