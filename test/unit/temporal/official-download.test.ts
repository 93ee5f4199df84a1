import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { downloadOfficialCli } from '../../../src/temporal/official-download.ts'
import { isAlive } from '../../../src/temporal/file-lock.ts'
import { atEnd } from '../../helpers/at-end.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'

/** A proxy that accepts and never answers: what a download looks like behind a firewall that swallows packets. */
async function silentProxy(t: Parameters<typeof atEnd>[0]): Promise<string> {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const sockets = new Set<{ destroy: () => void }>()
  server.on('connection', (socket) => sockets.add(socket))
  atEnd(t, () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return `http://127.0.0.1:${address.port}`
}

test('a download host that never answers costs the stall time and no more', async (t) => {
  const folder = await tempFolder(t)
  const beforeMs = performance.now()
  const result = await downloadOfficialCli({ folder, stallMs: 3_000, env: { ...process.env, HTTPS_PROXY: await silentProxy(t) } })
  assert.deepEqual(result, { kind: 'failed', why: 'no byte came within 3 s' })
  assert.ok(performance.now() - beforeMs < 10_000)
  assert.deepEqual(await readdir(folder), [])
})

test('a download host that cannot be reached is one short line', async (t) => {
  const folder = await tempFolder(t)
  // Port 1 refuses: the same as no network, on every machine.
  const result = await downloadOfficialCli({
    folder,
    stallMs: 15_000,
    env: { ...process.env, HTTPS_PROXY: 'http://127.0.0.1:1' },
  })
  assert.ok(result.kind === 'failed')
  assert.match(result.why, /^error sending request for url \(https:\/\/temporal\.download\/cli\/v1\.9\.1\)/)
  assert.ok(!result.why.includes('\n') && result.why.length <= 200)
})

test('the process that downloads does not outlive a stop', async (t) => {
  const folder = await tempFolder(t)
  const stop = new AbortController()
  const pids: number[] = []
  const download = downloadOfficialCli({
    folder,
    stallMs: 60_000,
    signal: stop.signal,
    env: { ...process.env, HTTPS_PROXY: await silentProxy(t) },
    onStart: (pid) => {
      pids.push(pid)
      stop.abort()
    },
  })
  assert.deepEqual(await download, { kind: 'failed', why: 'stopped' })
  assert.equal(pids.length, 1)
  assert.ok(pids.every((pid) => !isAlive(pid)))
})
