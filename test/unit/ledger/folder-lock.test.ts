import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { FolderLockedError, type LockHolder, lockFolder } from '../../../src/ledger/embedded/folder-lock.ts'
import { identify, isAlive } from '../../../src/ledger/embedded/process-identity.ts'
import { eventually } from '../../helpers/eventually.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'

const owner: LockHolder['owner'] = { ...identify(process.pid), command: 'darkroom dev', startedAt: '2026-11-22T10:00:00Z' }
const alive: LockHolder = { owner, ledger: identify(process.pid), host: hostname() }

/** A process that has ended and was collected. */
async function deadProcess() {
  const child = spawn(process.execPath, ['-e', ''])
  const identity = identify(child.pid ?? 0)
  await once(child, 'exit')
  return identity
}

async function leave(folder: string, holder: unknown, ageMs = 0): Promise<void> {
  const path = join(folder, `lock-${randomUUID()}.json`)
  await writeFile(path, typeof holder === 'string' ? holder : JSON.stringify(holder))
  const then = new Date(Date.now() - ageMs)
  await utimes(path, then, then)
}

describe('the lock of a data folder', () => {
  test('is had by one at a time, and free again after its release', async (t) => {
    const folder = join(await tempFolder(t), 'made', 'when', 'missing')
    const lock = await lockFolder(folder, owner)
    await assert.rejects(lockFolder(folder, owner), (error: unknown) => {
      assert.ok(error instanceof FolderLockedError)
      assert.deepEqual(error.holder, alive)
      return true
    })
    lock.release()
    assert.deepEqual(readdirSync(folder), [])
    ;(await lockFolder(folder, owner)).release()
  })

  test('never goes to two of many that come at once', async (t) => {
    const folder = await tempFolder(t)
    for (let round = 0; round < 5; round += 1) {
      let holders = 0
      let most = 0
      await Promise.allSettled(
        Array.from({ length: 8 }, async () => {
          const lock = await lockFolder(folder, owner)
          holders += 1
          most = Math.max(most, holders)
          await new Promise((done) => setImmediate(done))
          holders -= 1
          lock.release()
        }),
      )
      assert.equal(most, 1)
    }
  })

  const stale: [string, () => Promise<unknown>, number?][] = [
    ['a process that is gone', async () => ({ ...alive, ledger: await deadProcess() })],
    [
      'another process that got the same pid',
      async () => ({ ...alive, ledger: { pid: process.pid, startMark: 'another boot/1' } }),
    ],
    ['a machine that has not been heard of for a minute', async () => ({ ...alive, host: 'another.host' }), 60_000],
    ['no process at all, but half a file', async () => '{"owner":'],
    ['something else', async () => ({ hello: 'world' })],
  ]
  for (const [whose, holder, ageMs] of stale) {
    test(`is taken over from ${whose}`, { skip: whose.includes('same pid') && process.platform === 'win32' }, async (t) => {
      const folder = await tempFolder(t)
      await leave(folder, await holder(), ageMs)
      const lock = await lockFolder(folder, owner)
      assert.equal(readdirSync(folder).length, 1)
      lock.release()
    })
  }

  test('is respected on another machine that was heard of just now', async (t) => {
    const folder = await tempFolder(t)
    await leave(folder, { ...alive, host: 'another.host', ledger: { pid: 1, startMark: null } }, 1_000)
    await assert.rejects(lockFolder(folder, owner), FolderLockedError)
  })

  test('is waited for while a ledger whose owner was killed is on its way out', async (t) => {
    const folder = await tempFolder(t)
    const leaving = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    t.after(() => leaving.kill('SIGKILL'))
    const ledger = identify(leaving.pid ?? 0)
    await leave(folder, { owner: { ...owner, ...(await deadProcess()) }, ledger, host: hostname() })
    let isTaken = false
    const taking = lockFolder(folder, owner).then((lock) => {
      isTaken = true
      return lock
    })
    // it is being looked at again and again, and not taken
    const startedMs = performance.now()
    while (performance.now() - startedMs < 700) {
      assert.equal(isTaken, false)
      await new Promise((done) => setTimeout(done, 20))
    }
    leaving.kill('SIGKILL')
    ;(await taking).release()
  })
})

describe('a process', () => {
  test('is alive, gone, or another one under the same pid', async () => {
    assert.equal(isAlive(identify(process.pid)), true)
    assert.equal(isAlive({ pid: process.pid, startMark: null }), true)
    assert.equal(isAlive(await deadProcess()), false)
    if (process.platform !== 'win32') assert.equal(isAlive({ pid: process.pid, startMark: 'long ago' }), false)
  })

  test('that has ended and was not collected yet is gone', { skip: process.platform === 'win32' }, async (t) => {
    // a shell that starts a child, says its pid and never waits for it
    const shell = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 30'])
    t.after(() => shell.kill('SIGKILL'))
    const [line]: unknown[] = await once(shell.stdout.setEncoding('utf8'), 'data')
    const pid = Number(line)

    await eventually(() => assert.equal(isAlive({ pid, startMark: null }), false))
  })
})
