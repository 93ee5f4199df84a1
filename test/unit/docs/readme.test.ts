// What the README shows is what darkroom prints. Names of scripts, commands, variables and files are checked for all pages in pages.test.ts.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parseGenerationRequest } from '../../../src/catalog/parse-request.ts'
import { renderComparison } from '../../../src/cli/compare/render-table.ts'
import type { ComparisonReport } from '../../../src/cli/compare/summarise.ts'
import { exitCodes } from '../../../src/cli/errors.ts'
import { defaultColumns } from '../../../src/cli/print-generation.ts'
import { createPaint } from '../../../src/cli/render/colours.ts'
import { renderGeneration } from '../../../src/cli/render/generation.ts'
import { variables } from '../../../src/config/environment.ts'
import type { Generation, ImageReport } from '../../../src/contract/index.ts'
import { generationIdOfKey } from '../../../src/gateway/idempotency.ts'
import { temporalCliVersion } from '../../../src/temporal/cli-version.ts'
import { createFileStore } from '../../../src/storage/file-store.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { makePng } from '../storage/samples.ts'
import { cliRun } from '../cli/cli-run.ts'
import { startGateway } from '../gateway/start-gateway.ts'
import { codeOf, firstColumn, readPage } from './pages.ts'

const readme = await readPage('README.md')
const code = codeOf(readme)

/** Method, path and JSON body of each `curl`. */
const calls = code
  .flatMap((block) => [...block.replaceAll('\\\n', ' ').matchAll(/^curl .*?http:\/\/127\.0\.0\.1:8080(\S+)(.*)$/gm)])
  .map(([, path = '', rest = '']) => ({
    path,
    body: /-d '([^']*)'/.exec(rest)?.[1] ?? '',
    key: /idempotency-key: ([\w-]+)/.exec(rest)?.[1],
  }))

test('the two commands come first', () => {
  const first = code[0] ?? ''
  assert.ok(first.startsWith('npm ci && npm run demo -- "a red fox in the snow"\nnpm ci && npm test\n'), first)
})

test('the screen of the demo is what its generations look like today', async () => {
  // The generations of a real run, as the gateway gave them; the screen is of the same run.
  const run = await readFile(new URL('demo-run.json', import.meta.url), 'utf8')
  const { generations }: { generations: Generation[] } = JSON.parse(run)
  assert.deepEqual(
    generations.map(({ status, servedBy }) => `${status} by ${servedBy?.provider}`),
    ['completed by kie', 'completed by defapi'],
  )
  const locate = ({ sha256 }: ImageReport): string => `.darkroom/images/${sha256.slice(0, 2)}/${sha256}.png`
  const screen = generations.map((generation) =>
    renderGeneration(generation, { paint: createPaint(false), columns: defaultColumns, locate }),
  )
  assert.ok(code.includes(`${screen.join('\n\n')}\n`), `the README should show\n\n${screen.join('\n\n')}`)
})

test('the table of the comparison is what its report looks like today', async () => {
  // The report of a real run, without its runs, which the table does not show.
  const report: ComparisonReport = JSON.parse(await readFile(new URL('compare-run.json', import.meta.url), 'utf8'))
  const screen = renderComparison(report, createPaint(false))
  const shown = codeOf(await readPage('src/cli/compare/README.md'))
  assert.ok(shown.includes(`${screen}\n`), `its page should show\n\n${screen}`)
})

test('what is sent in the examples is acceptable, or refused with exactly the answer that is shown', async (t) => {
  const gateway = await startGateway(t)
  const requests = calls.filter(({ body }) => body !== '')
  assert.equal(requests.length, 2)
  for (const { path, body } of requests) {
    const answer = await gateway.app.inject({ method: 'POST', url: path, headers: { 'content-type': 'application/json' }, body })
    const parsed = parseGenerationRequest(JSON.parse(body))
    assert.equal(answer.statusCode, parsed.ok ? 202 : 422, answer.body)
    if (parsed.ok) continue
    const shown = code.map((block) => readJson(block)).find((each) => each['status'] === 422)
    assert.deepEqual({ ...answer.json<object>(), instance: shown?.['instance'] }, shown)
  }
})

test('the example of an upload goes to where uploads are taken in', async (t) => {
  const gateway = await startGateway(t, { deps: { store: createFileStore({ folder: await tempFolder(t) }) } })
  const [upload, ...others] = calls.filter(({ body }) => body === '')
  assert.deepEqual(others, [])
  const headers = { 'content-type': 'image/png' }
  const answer = await gateway.app.inject({ method: 'POST', url: upload?.path ?? '', headers, payload: makePng() })
  assert.equal(answer.statusCode, 201, answer.body)
})

test('the example with an Idempotency-Key shows the id that this key gives', () => {
  const key = calls.find((call) => call.key !== undefined)?.key ?? ''
  const shown = code.map((block) => readJson(block)).find((each) => each['status'] === 'completed')
  assert.equal(shown?.['id'], generationIdOfKey(key))
})

test('the table of variables has ten, with the defaults that count', () => {
  const names = firstColumn(readme, 'Configuration')
  assert.equal(names.length, 10)
  for (const name of names) {
    const variable = variables.find((each) => each.name === name)
    assert.ok(variable !== undefined, name)
    const row = readme.text.split('\n').find((line) => line.startsWith(`| \`${name}\` |`)) ?? ''
    const shown = row.split('|').at(-2)?.trim().replaceAll('`', '')
    assert.equal(shown, variable.default ?? '–', row)
  }
})

test('the sentence that lists the commands lists all of them', async () => {
  const [, sentence = ''] = /The commands are (.*?); each has/.exec(readme.text) ?? []
  const { stdout } = await cliRun(['--help'])
  const registered = [...stdout.matchAll(/^ {2}([a-z]+) [^-]/gm)].map(([, name = '']) => name)
  assert.deepEqual([...sentence.matchAll(/`([a-z]+)`/g)].map(([, name = '']) => name).toSorted(), registered.toSorted())
})

test('exit codes and the name of the fetched Temporal CLI are as in the code', () => {
  const { done, failed, usage, notReachable } = exitCodes
  assert.match(
    readme.text,
    new RegExp(
      `Exit codes: ${done} done, ${failed} the generation failed or pictures are missing, ${usage} the command[^.]*,\\s+${notReachable} something`,
    ),
  )
  assert.ok(readme.text.includes(`.darkroom/bin/temporal-${temporalCliVersion}`))
})

/** Empty for a block that is no JSON object. */
function readJson(text: string): Record<string, unknown> {
  if (!text.startsWith('{\n')) return {}
  return JSON.parse(text)
}
