import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { atEnd } from '../../helpers/at-end.ts'
import { eventually } from '../../helpers/eventually.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { cliRun, startCli } from './cli-run.ts'

test('simulate says where it listens, answers there, knows its faults, and stops when told', async (t) => {
  const plan = join(await tempFolder(t), 'plan.json')
  await writeFile(plan, JSON.stringify([{ fault: 'code_429', provider: 'kie', times: 2 }]))
  const cli = startCli([
    'simulate',
    '--json',
    '--seed',
    '7',
    '--picture-ms',
    '10-20',
    '--fault',
    'defapi:submit:http_503',
    '--fault-plan',
    plan,
  ])
  const places = await eventually(() => JSON.parse(cli.stdout()))
  assert.equal(places.seed, 7)
  const answer = await fetch(`${places.url}/__simulator/faults`)
  const { rules } = JSON.parse(await answer.text())
  assert.deepEqual(
    rules.map(({ fault, provider }: { fault: string; provider: string }) => `${provider} ${fault}`),
    ['kie code_429', 'defapi http_503'],
  )
  cli.stop()
  assert.equal((await cli.ended).exitCode, 0)
  await assert.rejects(fetch(`${places.url}/__simulator/health`))
})

test("simulate has Kie's documented limits when asked for them, and none otherwise", async () => {
  for (const { args, refused } of [
    { args: ['--limits'], refused: 1 },
    { args: [], refused: 0 },
  ]) {
    const cli = startCli(['simulate', '--json', ...args])
    const { kieUrl } = await eventually(() => JSON.parse(cli.stdout()))
    const create = async (): Promise<unknown> => {
      const response = await fetch(`${kieUrl}/api/v1/jobs/createTask`, {
        method: 'POST',
        headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'google/nano-banana', input: { prompt: 'a red fox' } }),
      })
      const { code }: { code: unknown } = JSON.parse(await response.text())
      return code
    }
    const codes = await Promise.all(Array.from({ length: 21 }, create))
    assert.equal(codes.filter((code) => code === 429).length, refused)
    cli.stop()
    assert.equal((await cli.ended).exitCode, 0)
  }
})

test('simulate refuses what it does not understand with exit code 2', async (t) => {
  const folder = await tempFolder(t)
  await writeFile(join(folder, 'bad.json'), '[')
  const cases = [
    { args: ['--fault', 'kie:submit:nonsense'], says: /unknown fault "nonsense"; known: / },
    { args: ['--picture-ms', 'slow'], says: /milliseconds such as/ },
    { args: ['--fault-plan', join(folder, 'none.json')], says: /--fault-plan: .* cannot be read/ },
    { args: ['--fault-plan', join(folder, 'bad.json')], says: /--fault-plan: .* is not JSON/ },
    { args: ['--host', '203.0.113.1'], says: /--host: 203\.0\.113\.1 is no address of this machine/ },
  ]
  for (const { args, says } of cases) {
    const run = await cliRun(['simulate', ...args])
    assert.equal(run.exitCode, 2, run.stderr)
    assert.match(run.stderr, says)
    assert.equal(run.stdout, '')
  }
})

test('simulate on a port in use names the port and the flag', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  atEnd(t, () => server.close())
  await eventually(() => assert.equal(server.listening, true))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const run = await cliRun(['simulate', '--port', String(address.port)])
  assert.equal(run.exitCode, 2)
  assert.match(run.stderr, new RegExp(`ports ${address.port} to .* is in use\\. Choose others with --port`))
})
