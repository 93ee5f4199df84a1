import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { DevServerOptions } from '../../../src/temporal/dev-server.ts'
import { DevServerError, startDevServer } from '../../../src/temporal/dev-server.ts'
import { isAlive } from '../../../src/temporal/file-lock.ts'
import { PortInUseError } from '../../../src/temporal/ports.ts'
import { atEnd } from '../../helpers/at-end.ts'
import { eventually } from '../../helpers/eventually.ts'
import { descendantsOf } from '../../helpers/processes.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { prepareTemporalCli, testTemporal } from '../../helpers/temporal.ts'

async function optionsFor(t: Parameters<typeof tempFolder>[0]): Promise<DevServerOptions> {
  const folder = await tempFolder(t)
  return {
    cliPath: await prepareTemporalCli(),
    dbFilename: null,
    host: '127.0.0.1',
    port: 0,
    uiPort: null,
    namespace: 'default',
    searchAttributes: [],
    logFile: join(folder, 'temporal.log'),
  }
}

async function startOwner(
  t: Parameters<typeof tempFolder>[0],
): Promise<{ owner: ChildProcess; address: string; pid: number; guards: number[] }> {
  const { cliPath, logFile } = await optionsFor(t)
  const script = fileURLToPath(new URL('./dev-server-owner.ts', import.meta.url))
  const owner = spawn(process.execPath, ['--import', 'tsx', script, cliPath, logFile], { stdio: ['ignore', 'pipe', 'inherit'] })
  atEnd(t, () => owner.kill('SIGKILL'))
  let text = ''
  owner.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const { address, pid } = await eventually(() => {
    const started: unknown = JSON.parse(text)
    assert.ok(typeof started === 'object' && started !== null && 'address' in started && 'pid' in started, 'not an owner')
    return { address: String(started.address), pid: Number(started.pid) }
  })
  atEnd(t, () => (isAlive(pid) ? process.kill(pid, 'SIGKILL') : undefined))
  const guards = (await descendantsOf(owner.pid ?? 0)).map((child) => child.pid).filter((child) => child !== pid)
  return { owner, address, pid, guards }
}

test('Temporal and its guard end when their owner is killed with SIGKILL', async (t) => {
  const { owner, pid, guards } = await startOwner(t)
  assert.ok(isAlive(pid))
  assert.ok(guards.length > 0)
  owner.kill('SIGKILL')
  await eventually(() => assert.equal(isAlive(pid), false, 'Temporal still runs'))
  await eventually(() => assert.deepEqual(guards.filter(isAlive), [], 'the guard still runs'))
})

test('Temporal ends when its guard is killed with SIGKILL, and the owner is told', async (t) => {
  const server = await startDevServer(await optionsFor(t))
  atEnd(t, () => server.stop())
  const family = await descendantsOf(process.pid)
  const guard = family.find(({ pid }) => pid === server.pid)?.parent
  assert.ok(guard !== undefined && guard !== process.pid)
  process.kill(guard, 'SIGKILL')
  assert.equal(await server.ended, 'its guard ended (SIGKILL)')
  await eventually(() => assert.equal(isAlive(server.pid), false))
})

test('a stopped server is gone when stop resolves, and stopping twice is the same', async (t) => {
  const server = await startDevServer(await optionsFor(t))
  await Promise.all([server.stop(), server.stop()])
  assert.ok(!isAlive(server.pid))
  await server.stop()
  assert.equal(await server.ended, 'killed by SIGKILL')
})

test('a server that ends by itself says so', async (t) => {
  const server = await startDevServer(await optionsFor(t))
  process.kill(server.pid, 'SIGTERM')
  assert.equal(await server.ended, 'exit code 0')
  await server.stop()
})

test('the UI answers where the server says', async (t) => {
  const server = await startDevServer({ ...(await optionsFor(t)), uiPort: 0 })
  atEnd(t, () => server.stop())
  assert.ok(server.uiUrl !== null)
  await eventually(async () => assert.equal((await fetch(server.uiUrl ?? '')).status, 200))
})

test('a port in use is an error that names the port and what to set', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  atEnd(t, () => taken.close())
  await eventually(() => assert.equal(taken.listening, true))
  const address = taken.address()
  assert.ok(typeof address === 'object' && address !== null)
  const { port } = address
  for (const ports of [{ port }, { uiPort: port }]) {
    await assert.rejects(startDevServer({ ...(await optionsFor(t)), ...ports, portRemedy: 'Set SOME_PORT.' }), (error) => {
      assert.ok(error instanceof PortInUseError)
      assert.match(error.message, new RegExp(`^Port ${port} on 127\\.0\\.0\\.1, wanted for .+, is in use\\. Set SOME_PORT\\.$`))
      return true
    })
  }
})

test('ports that are only preferred give way to free ones', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  atEnd(t, () => taken.close())
  await eventually(() => assert.equal(taken.listening, true))
  const address = taken.address()
  assert.ok(typeof address === 'object' && address !== null)
  const server = await startDevServer({
    ...(await optionsFor(t)),
    port: address.port,
    uiPort: address.port,
    arePortsFixed: false,
  })
  atEnd(t, () => server.stop())
  assert.ok(!server.address.endsWith(`:${address.port}`))
  assert.ok(server.uiUrl !== null && !server.uiUrl.endsWith(`:${address.port}`))
})

test('a server that cannot start is an error with its own last words', async (t) => {
  const options = await optionsFor(t)
  const dbFilename = join(options.logFile, 'not-a-folder', 'temporal.db')
  await assert.rejects(startDevServer({ ...options, dbFilename }), (error) => {
    assert.ok(error instanceof DevServerError)
    assert.match(error.message, /it ended \(exit code 1\): failed starting server: .+ \(see .+temporal\.log\)$/)
    return true
  })
})

test('a free port that somebody takes in the last moment is asked for again', async (t) => {
  const options = await optionsFor(t)
  const folder = await tempFolder(t)
  const count = join(folder, 'count')
  // Stands for the CLI: fails as the real one does when a port is taken, the first time only.
  const cliPath = join(folder, 'cli')
  await writeFile(
    cliPath,
    [
      '#!/bin/sh',
      `if [ ! -e ${count} ]; then echo once > ${count}; echo "Error: can't set frontend port 1: listen tcp: bind: address already in use" >&2; exit 1; fi`,
      `exec ${options.cliPath} "$@"`,
      '',
    ].join('\n'),
    { mode: 0o755 },
  )
  const server = await startDevServer({ ...options, cliPath })
  atEnd(t, () => server.stop())
  assert.equal(await readFile(count, 'utf8'), 'once\n')
})

test('histories in a database file survive a server that was killed', async (t) => {
  const temporal = await testTemporal(t, { onFile: true })
  const { workflowId } = await temporal.client.workflow.start('Nobody', { taskQueue: 'nobody', workflowId: 'kept', args: [] })
  await temporal.restart({ kill: true })
  const description = await eventually(() => temporal.client.workflow.getHandle(workflowId).describe())
  assert.equal(description.status.name, 'RUNNING')
})

test('the server gets no variable of ours: neither TEMPORAL_* nor keys', async (t) => {
  const options = await optionsFor(t)
  const folder = await tempFolder(t)
  const seen = join(folder, 'environment')
  const cliPath = join(folder, 'cli')
  await writeFile(cliPath, `#!/bin/sh\nenv > ${seen}\nexec ${options.cliPath} "$@"\n`, { mode: 0o755 })
  process.env['TEMPORAL_ADDRESS'] = 'elsewhere:7233'
  process.env['KIE_API_KEY'] = 'not-a-real-key'
  t.after(() => {
    delete process.env['TEMPORAL_ADDRESS']
    delete process.env['KIE_API_KEY']
  })
  const server = await startDevServer({ ...options, cliPath })
  atEnd(t, () => server.stop())
  const environment = await readFile(seen, 'utf8')
  assert.match(environment, /^PATH=/m)
  assert.doesNotMatch(environment, /TEMPORAL_|_KEY/)
})
