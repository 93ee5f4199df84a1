import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { eventually } from '../../helpers/eventually.ts'
import { assertFails, prepare, sendPicture } from './download-trial.ts'
import { startRaw, startTrap } from './local-servers.ts'
import { makePng } from './samples.ts'

test('a connection that is reset inside the body is a truncated picture, one before the answer a network error', async (t) => {
  const inside = await startRaw(t, (socket) => {
    socket.write(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n'), makePng().subarray(0, 50)]), () =>
      socket.resetAndDestroy(),
    )
  })
  await assertFails(await prepare(t, inside), { code: 'truncated' })
  for (const answer of ['', 'HTTP/1.1 200 OK\r\ncontent-le', 'SSH-2.0-OpenSSH_9.6\r\n']) {
    const before = await startRaw(t, (socket) => void socket.end(answer))
    await assertFails(await prepare(t, before), { code: 'network' })
  }
})

test('nobody listening is a network error that names the place', async (t) => {
  const closed = await startTrap(t)
  const { port } = closed
  await closed.close()
  const set = await prepare(t, sendPicture, { allow: [`127.0.0.1:${port}`] })
  await assertFails(
    set,
    { code: 'network', message: /^http:\/\/127\.0\.0\.1:\d+\/…: .*ECONNREFUSED/ },
    `http://127.0.0.1:${port}/x.png`,
  )
})

test('silence is cut off: before the headers, inside the headers, inside the body', async (t) => {
  for (const start of ['', 'HTTP/1.1 200 OK\r\nx-', 'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nabc']) {
    const raw = await startRaw(t, (socket) => void socket.write(start))
    const startedAt = performance.now()
    await assertFails(await prepare(t, raw, { limits: { headersTimeoutMs: 300, idleTimeoutMs: 300 } }), { code: 'timeout' })
    assert.ok(performance.now() - startedAt < 9_000)
  }
})

test('a drip is never silent, and still ends at the total time', async (t) => {
  for (const start of ['HTTP/1.1 200 OK\r\ncontent-length: 50000\r\n\r\n', 'HTTP/1.1 200 OK\r\nx-drip: ']) {
    const raw = await startRaw(t, (socket) => {
      socket.write(start)
      const timer = setInterval(() => socket.write('x'), 20)
      socket.on('close', () => clearInterval(timer))
    })
    const startedAt = performance.now()
    const limits = { totalTimeoutMs: 700, headersTimeoutMs: 60_000, idleTimeoutMs: 10_000 }
    await assertFails(await prepare(t, raw, { limits }), { code: 'timeout', message: /more than 700 ms/ })
    const tookMs = performance.now() - startedAt
    assert.ok(tookMs >= 650 && tookMs < 9_000, `took ${tookMs} ms`)
  }
})

test('a look-up that never comes to an end is given up at the total time', async (t) => {
  const set = await prepare(t, sendPicture, { lookup: () => new Promise(() => undefined), limits: { totalTimeoutMs: 200 } })
  const startedAt = performance.now()
  await assertFails(set, { code: 'timeout', message: /more than 200 ms/ }, 'https://pictures.example.com/x.png')
  assert.ok(performance.now() - startedAt < 9_000, 'it waited for the 10 s that a connection may take')
})

test('a look-up that never comes to an end is given up at the time for connecting', async (t) => {
  const set = await prepare(t, sendPicture, { lookup: () => new Promise(() => undefined), limits: { connectTimeoutMs: 200 } })
  await assertFails(set, { code: 'timeout' }, 'https://pictures.example.com/x.png')
})

test('a caller that gives up gets its own reason back, and nothing is left behind', async (t) => {
  const reason = new Error('cancelled by the workflow')
  for (const start of ['', 'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nabc']) {
    const controller = new AbortController()
    const raw = await startRaw(t, (socket) => {
      socket.write(start)
      setTimeout(() => controller.abort(reason), 50)
    })
    const { folder, download } = await prepare(t, raw, {
      signal: controller.signal,
      limits: { headersTimeoutMs: 60_000, idleTimeoutMs: 60_000, totalTimeoutMs: 60_000 },
    })
    const startedAt = performance.now()
    await assert.rejects(download(), (error) => error === reason)
    assert.ok(performance.now() - startedAt < 9_000)
    assert.deepEqual(await readdir(folder), [])
    await eventually(() => assert.equal(raw.openSockets(), 0))
    await assert.rejects(download(), (error) => error === reason)
    assert.equal(raw.requests, 1)
  }
})
