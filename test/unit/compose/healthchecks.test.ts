// The two healthchecks are small programs inside docker-compose.yml: here they run against a real gateway port and a real Temporal server.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from '@temporalio/worker'
import { mainTaskQueue } from '../../../src/contract/index.ts'
import { loadWorkflowBundle } from '../../../src/worker/workflow-bundle.ts'
import { eventually } from '../../helpers/eventually.ts'
import { testCacheFolder, testTemporal } from '../../helpers/temporal.ts'
import { composeSchema, parsedCompose, repositoryFolder } from './compose-file.ts'

const { services } = composeSchema.parse(parsedCompose)

/** Runs a service's healthcheck as the container would, but for the changes in `replace`. Resolves with its exit code. */
async function runHealthcheck(
  name: string,
  env: Record<string, string>,
  replace: readonly [string, string][] = [],
): Promise<number | null> {
  const [kind, command = '', ...args] = services[name]?.healthcheck?.test ?? []
  assert.equal(kind, 'CMD')
  const changed = args.map((arg) => replace.reduce((text, [from, to]) => text.replaceAll(from, to), arg))
  const child = spawn(command, changed, {
    cwd: fileURLToPath(repositoryFolder),
    env: { PATH: process.env['PATH'], ...env },
    stdio: 'ignore',
  })
  const [code] = await once(child, 'exit')
  return typeof code === 'number' ? code : null
}

test('the gateway is healthy when it says that it is ready, and not otherwise', async (t) => {
  let status = 200
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.url)
    response.writeHead(status).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const here: [string, string][] = [['127.0.0.1:8080', `127.0.0.1:${address.port}`]]

  assert.equal(await runHealthcheck('gateway', {}, here), 0)
  status = 503
  assert.equal(await runHealthcheck('gateway', {}, here), 1)
  assert.deepEqual(asked, ['/readyz', '/readyz'])
  server.close()
  server.closeAllConnections()
  assert.equal(await runHealthcheck('gateway', {}, here), 1)
})

test('the worker is healthy when Temporal sees it ask for work, and not before', async (t) => {
  const temporal = await testTemporal(t)
  const env = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace }
  assert.equal(await runHealthcheck('worker', env), 1)
  const worker = await Worker.create({
    connection: await temporal.connectWorker(),
    namespace: temporal.namespace,
    taskQueue: mainTaskQueue,
    workflowBundle: await loadWorkflowBundle(testCacheFolder),
  })
  await worker.runUntil(eventually(async () => assert.equal(await runHealthcheck('worker', env), 0)))
})
