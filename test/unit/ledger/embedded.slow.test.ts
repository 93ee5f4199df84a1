import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client, type PoolConfig } from 'pg'
import { createLedger } from '../../../src/ledger/create-ledger.ts'
import {
  DataFolderInUseError,
  type EmbeddedLedger,
  EmbeddedLedgerError,
  type EmbeddedLedgerOptions,
  startEmbeddedLedger,
} from '../../../src/ledger/embedded/start-embedded-ledger.ts'
import { LedgerUnavailableError } from '../../../src/ledger/ledger.ts'
import { atEnd, type Ends } from '../../helpers/at-end.ts'
import { eventually } from '../../helpers/eventually.ts'
import { prepareLedgerTemplate, testLinks } from '../../helpers/ledger.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { anyOffer, claimed, newAttempt, newGeneration, openGeneration } from './fixtures.ts'

async function start(t: Ends, options: EmbeddedLedgerOptions): Promise<EmbeddedLedger> {
  const embedded = await startEmbeddedLedger({ templateFolder: await prepareLedgerTemplate(), ...options })
  atEnd(t, embedded.stop)
  return embedded
}

function openLedger(t: Ends, connection: PoolConfig, timeoutMs = 10_000) {
  const ledger = createLedger({ connection, links: testLinks, timeoutMs })
  atEnd(t, () => ledger.close())
  return ledger
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // ours once it is collected; a zombie until then
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' && process.platform !== 'linux'
  }
}

test('a folder is made and used by one process at a time, left in order, and opened again with what was in it', async (t) => {
  const dataFolder = join(await tempFolder(t), 'data')
  const first = await start(t, { dataFolder })
  const generation = newGeneration()
  await openLedger(t, first.connection).createGeneration(generation)
  await assert.rejects(start(t, { dataFolder }), (error: unknown) => {
    assert.ok(error instanceof DataFolderInUseError)
    assert.equal(error.pid, process.pid)
    for (const word of [dataFolder, `process ${process.pid}`, `ledger process ${first.pid}`, process.argv[1] ?? '']) {
      assert.ok(error.message.includes(word), `${word} in: ${error.message}`)
    }
    return true
  })
  assert.equal(isRunning(first.pid), true)
  await first.stop()
  await first.stop()
  assert.equal(isRunning(first.pid), false)
  assert.deepEqual(readdirSync(join(dataFolder, 'ledger')), ['database'], 'no lock, no socket, no leftovers')
  const second = await start(t, { dataFolder })
  assert.equal((await openLedger(t, second.connection).readGeneration(generation.id))?.id, generation.id)
})

test('of several that start at once in one folder, exactly one gets it', async (t) => {
  const dataFolder = await tempFolder(t)
  const results = await Promise.allSettled([1, 2, 3].map(() => start(t, { dataFolder })))
  const refused = results.filter((result) => result.status === 'rejected').map(({ reason }): unknown => reason)
  assert.equal(refused.length, 2)
  for (const reason of refused) assert.ok(reason instanceof DataFolderInUseError, String(reason))
})

test('killed in the middle of writing and started again: every acknowledged row is there', async (t) => {
  const dataFolder = await tempFolder(t)
  const acknowledged: string[] = []
  for (let round = 0; round < 2; round += 1) {
    const embedded = await start(t, { dataFolder })
    const ledger = openLedger(t, embedded.connection)
    for (const id of acknowledged)
      assert.equal((await ledger.readAttempt({ generationId: id, item: 0, attempt: 1 }))?.state, 'sending')
    const state = { isDead: false }
    const writers = Array.from({ length: 4 }, async () => {
      while (!state.isDead) {
        const ref = await openGeneration(ledger)
        await ledger.claimAttempt(newAttempt(ref), [])
        await ledger.beginSend(ref, anyOffer({ timeoutMs: 3_600_000 }))
        acknowledged.push(ref.generationId)
      }
    }).map((writer) => writer.catch((error: unknown) => assert.ok(error instanceof LedgerUnavailableError, String(error))))
    const before = acknowledged.length
    await eventually(() => assert.ok(acknowledged.length >= before + 15, 'rows are written'))
    process.kill(embedded.pid, 'SIGKILL')
    state.isDead = true
    await Promise.all(writers)
    await eventually(() => assert.equal(isRunning(embedded.pid), false))
    assert.deepEqual(await embedded.exited, { code: null, signal: 'SIGKILL' })
  }
  const ledger = openLedger(t, (await start(t, { dataFolder })).connection)
  for (const id of acknowledged)
    assert.equal((await ledger.readAttempt({ generationId: id, item: 0, attempt: 1 }))?.state, 'sending')
})

test('it lives exactly as long as its parent: not ended by signals to the whole group, and gone when the parent is killed', async (t) => {
  const dataFolder = await tempFolder(t)
  const { parent, pid, connection } = await startParent(t, dataFolder)
  // Ctrl-C: the parent must be able to write its last rows.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal)
  const generation = newGeneration()
  await openLedger(t, connection).createGeneration(generation)
  assert.equal(isRunning(pid), true)
  parent.kill('SIGKILL')
  // at once, while the orphan may still be closing its database
  const next = await start(t, { dataFolder })
  assert.equal(isRunning(pid), false)
  assert.equal((await openLedger(t, next.connection).readGeneration(generation.id))?.id, generation.id)
})

async function startParent(
  t: Ends,
  dataFolder: string,
): Promise<{ parent: Pick<ChildProcess, 'kill'>; pid: number; connection: PoolConfig }> {
  const script = fileURLToPath(new URL('./embedded-parent.ts', import.meta.url))
  const parent = spawn(process.execPath, ['--import', 'tsx', script, dataFolder, await prepareLedgerTemplate()], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, KIE_API_KEY: 'a-secret-of-the-parent' },
  })
  atEnd(t, () => parent.kill('SIGKILL'))
  const lines = createInterface({ input: parent.stdout })
  const [line]: unknown[] = await once(lines, 'line')
  lines.close()
  const said: { pid: number; connection: PoolConfig } = JSON.parse(String(line))
  if (process.platform === 'linux') {
    assert.ok(!readFileSync(`/proc/${said.pid}/environ`, 'utf8').includes('a-secret-of-the-parent'), 'I6')
  }
  return { parent, ...said }
}

test('a client that falls silent inside a transaction is cut off and rolled back, so that the others can go on', async (t) => {
  // Too long for a Unix socket: this one is on the loopback.
  const dataFolder = join(await tempFolder(t), 'long-'.repeat(20))
  const { connection } = await start(t, { dataFolder, idleTimeoutMs: 2_000 })
  assert.equal(connection.host, '127.0.0.1')
  const ref = await claimed(openLedger(t, connection))
  const frozen = new Client(connection)
  const ended = once(frozen, 'error')
  await frozen.connect()
  await frozen.query('begin')
  await frozen.query(`update attempts set state = 'rejected' where generation_id = $1`, [ref.generationId])
  assert.equal((await openLedger(t, connection).readAttempt(ref))?.state, 'claimed')
  await ended

  // Clients that go away in the middle of a statement, also one that failed inside a transaction, or that speak nonsense.
  const begin = Buffer.from('Q\0\0\0\x0abegin\0', 'latin1')
  const halves = [parseMessage('select 1'), Buffer.concat([begin, parseMessage('no sql')]), Buffer.from('P\0\0\0\x04', 'latin1')]
  // a request, unknown types, start-ups that end too early or have no version
  const nonsense = [
    'GET / HTTP/1.1\r\n\r\n',
    'z\0\0\0\x04',
    'p\0\0\0\x04',
    '\0\0\0\x0a\0\x03\0\0ab',
    '\0\0\0\0\x08\0\0\0\0',
    '\xff'.repeat(64),
  ].map((text) => Buffer.from(text, 'latin1'))
  for (const bytes of [...halves, ...nonsense]) {
    const socket = connect(connection.port ?? 0, '127.0.0.1').on('error', () => {})
    atEnd(t, () => socket.destroy())
    await once(socket, 'connect')
    socket.write(bytes)
    if (halves.includes(bytes)) await once(socket, 'data')
    socket.end()
    await openLedger(t, connection).claimAttempt(newAttempt({ ...ref, attempt: ref.attempt + 1 }), [])
  }
})

/** Postgres' Parse message: a statement is announced, and Bind, Execute and Sync must follow. */
function parseMessage(statement: string): Buffer {
  const content = Buffer.from(`\0${statement}\0\0\0`, 'latin1')
  const head = Buffer.alloc(5, 'P')
  head.writeInt32BE(4 + content.length, 1)
  return Buffer.concat([head, content])
}

test('a folder that cannot be written is said in one sentence that names it', async (t) => {
  const dataFolder = join(await tempFolder(t), 'data')
  await writeFile(dataFolder, 'a file in its place')
  for (const folder of process.platform === 'linux' ? [dataFolder, '/proc/none/data'] : [dataFolder]) {
    await assert.rejects(start(t, { dataFolder: folder, startTimeoutMs: 20_000 }), (error: unknown) => {
      assert.ok(error instanceof EmbeddedLedgerError)
      assert.ok(error.message.startsWith(`The data folder ${folder} cannot be written: `), error.message)
      assert.ok(!error.message.includes('\n'))
      return true
    })
  }
})

test('a database folder that is broken is said so, and nothing keeps running', async (t) => {
  const dataFolder = await tempFolder(t)
  await mkdir(join(dataFolder, 'ledger', 'database'), { recursive: true })
  await writeFile(join(dataFolder, 'ledger', 'database', 'PG_VERSION'), 'nonsense')
  await assert.rejects(start(t, { dataFolder }), (error: unknown) => {
    assert.ok(error instanceof EmbeddedLedgerError, String(error))
    return true
  })
  assert.deepEqual(
    readdirSync(join(dataFolder, 'ledger')).filter((name) => name.startsWith('lock-')),
    [],
  )
})

test('a template is made once by the first who needs it, then copied; what a killed start left behind is cleared away', async (t) => {
  const folder = await tempFolder(t)
  const templateFolder = join(folder, 'cache', 'template')
  const leftover = join(folder, 'one', 'ledger', 'database.1234.tmp')
  await mkdir(leftover, { recursive: true })
  const one = await start(t, { dataFolder: join(folder, 'one'), templateFolder })
  assert.equal(existsSync(leftover), false)
  assert.deepEqual(readdirSync(join(folder, 'cache')), ['template'])
  const madeAt = statSync(join(templateFolder, 'PG_VERSION')).mtimeMs
  await openLedger(t, one.connection).createGeneration(newGeneration({ id: 'gen_one' }))
  const two = await start(t, { dataFolder: join(folder, 'two'), templateFolder })
  assert.equal(statSync(join(templateFolder, 'PG_VERSION')).mtimeMs, madeAt)
  assert.equal(await openLedger(t, two.connection).readGeneration('gen_one'), null)
})
