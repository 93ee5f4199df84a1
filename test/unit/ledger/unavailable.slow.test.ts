// Fail closed: whatever is wrong with the database, a caller hears of it within 5 s, and no word of the connection leaks.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, Socket } from 'node:net'
import { describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { Client, type PoolConfig } from 'pg'
import { createLedger } from '../../../src/ledger/create-ledger.ts'
import { LedgerConnectionError } from '../../../src/ledger/database.ts'
import { type Ledger, LedgerUnavailableError } from '../../../src/ledger/ledger.ts'
import { migrateLedger } from '../../../src/ledger/migrate.ts'
import { atEnd, type Ends } from '../../helpers/at-end.ts'
import { eventually } from '../../helpers/eventually.ts'
import { ledgerBackends, suiteLedger, testLinks } from '../../helpers/ledger.ts'
import { anyOffer, claimed, execute, newAttempt, newGeneration } from './fixtures.ts'

const secret = 'hunter2'

function ledgerAt(t: Ends, connection: PoolConfig, timeoutMs?: number): Ledger {
  const ledger = createLedger({ connection, links: testLinks, ...(timeoutMs === undefined ? {} : { timeoutMs }) })
  atEnd(t, () => ledger.close())
  return ledger
}

async function assertUnavailable(ask: () => Promise<unknown>, withinMs = 5_000): Promise<void> {
  const startedMs = performance.now()
  await assert.rejects(ask, (error: unknown) => {
    assert.ok(error instanceof LedgerUnavailableError, String(error))
    const everything = JSON.stringify([error.message, error.stack, error.cause])
    assert.ok(!everything.includes(secret), 'a secret in the error')
    assert.doesNotMatch(error.message, /postgres:|127\.0\.0\.1|localhost/)
    return true
  })
  const tookMs = performance.now() - startedMs
  assert.ok(tookMs <= withinMs, `took ${Math.round(tookMs)} ms`)
}

async function connected(connection: PoolConfig): Promise<Client> {
  const client = new Client(connection)
  await client.connect()
  return client
}

/** A port at which connections are taken, and what happens to each is `answer`'s doing. */
async function portThat(t: Ends, answer: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    answer(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(t, () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const at = (port: number): PoolConfig => ({ connectionString: `postgres://darkroom:${secret}@127.0.0.1:${port}/ledger` })

describe('a ledger that cannot be reached', () => {
  test('nobody listens: at once', async (t) => {
    const port = await portThat(t, () => {})
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    server.close()
    assert.ok(address !== null && typeof address !== 'string' && address.port !== port)
    const ledger = ledgerAt(t, at(address.port))
    await assertUnavailable(() => ledger.ping(), 2_000)
    await assertUnavailable(() => migrateLedger(at(address.port)), 2_000)
  })

  test('a port that takes the connection and says nothing: within 5 s, for every method', async (t) => {
    const port = await portThat(t, () => {})
    const ledger = ledgerAt(t, at(port))
    const ref = { generationId: 'gen_1', item: 0, attempt: 1 }
    await Promise.all([
      assertUnavailable(() => ledger.ping()),
      assertUnavailable(() => ledger.claimAttempt(newAttempt(ref), [])),
      assertUnavailable(() => ledger.beginSend(ref, anyOffer())),
      assertUnavailable(() => ledger.readGeneration('gen_1')),
      // more callers than connections: waiting for one counts, too
      ...Array.from({ length: 15 }, () => assertUnavailable(() => ledger.readAttempt(ref))),
    ])
  })

  test('a port that hangs up, or speaks something else', async (t) => {
    const hangsUp = await portThat(t, (socket) => socket.destroy())
    const http = await portThat(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    for (const port of [hangsUp, http]) {
      const ledger = ledgerAt(t, at(port), 1_000)
      await assertUnavailable(() => ledger.ping(), 2_000)
    }
  })

  test('a connection string that is none is found at the start, and not repeated', () => {
    const connection = { connectionString: `postgres://darkroom:${secret}@host:notaport/ledger` }
    assert.throws(
      () => createLedger({ connection, links: testLinks }),
      (error: unknown) =>
        error instanceof LedgerConnectionError && !JSON.stringify([error.message, error.stack]).includes(secret),
    )
  })
})

for (const backend of ledgerBackends) {
  describe(`a ledger that stops answering (${backend})`, () => {
    const own = suiteLedger({ backend })

    test('a row that somebody else keeps locked: given up in time, nothing written, and well again afterwards', async (t) => {
      const { connection } = own()
      const ledger = ledgerAt(t, connection, 600)
      // On a busy machine a statement that nothing is in the way of may take longer than that.
      const patient = ledgerAt(t, connection, 20_000)
      const ref = await claimed(patient)
      const holder = new Client(connection)
      holder.on('error', () => {})
      await holder.connect()
      await holder.query('begin')
      await holder.query('select 1 from attempts where generation_id = $1 for update', [ref.generationId])
      await assertUnavailable(() => ledger.beginSend(ref, anyOffer()), 2_000)
      await holder.query('rollback')
      await holder.end()
      await eventually(() => ledger.ping())
      const row = await patient.readAttempt(ref)
      assert.deepEqual([row?.state, row?.tries], ['claimed', 0])
      assert.equal((await patient.beginSend(ref, anyOffer())).kind, 'send')
    })

    test('a client that vanishes inside a transaction is rolled back, and the others go on', async () => {
      const { ledger, connection } = own()
      const ref = await claimed(ledger)
      const socket = new Socket()
      const client = new Client({ ...connection, stream: () => socket })
      client.on('error', () => {})
      await client.connect()
      await client.query('begin')
      await client.query(`update attempts set state = 'rejected' where generation_id = $1`, [ref.generationId])
      // gone without a word, as by SIGKILL
      socket.destroy()
      assert.equal((await ledger.readAttempt(ref))?.state, 'claimed')
    })

    test('answers are never mixed up: statements outside of transactions wait like those inside, and find themselves again', async () => {
      const { ledger, connection } = own()
      const refs = await Promise.all(Array.from({ length: 5 }, () => claimed(ledger)))
      const clients = await Promise.all(refs.map(() => connected(connection)))
      // While one holds a transaction, the others queue up: a statement with parameters (several messages), a transaction, and so on.
      const holder = await connected(connection)
      await holder.query('begin')
      const waiting = clients.flatMap((client, index) => {
        const { generationId } = refs[index] ?? assert.fail()
        const outside = client.query('select $1::text as said, id from generations where id = $2', [`${index}`, generationId])
        const inside = ledger.claimAttempt(newAttempt({ generationId, item: 0, attempt: 2 }), [])
        return [
          outside.then(({ rows }) => assert.deepEqual(rows, [{ said: `${index}`, id: generationId }])),
          inside.then((row) => assert.deepEqual([row.generationId, row.attempt], [generationId, 2])),
        ]
      })
      // long enough for all of them to have arrived
      await holder.query('select pg_sleep(0.1)')
      await holder.query('commit')
      await Promise.all(waiting)
      // Statements that come in pieces, and failing ones.
      const long = 'x'.repeat(200_000)
      await Promise.all(
        clients.map(async (client, index) => {
          for (let n = 0; n < 5; n += 1) {
            const { rows } = await client.query('select $1::text as said', [`${index}/${n} ${long}`])
            assert.ok(isDeepStrictEqual(rows, [{ said: `${index}/${n} ${long}` }]), 'its own answer')
            await assert.rejects(client.query('select $1::integer', ['no number']), /invalid input syntax/)
          }
        }),
      )
      await Promise.all([holder, ...clients].map((client) => client.end()))
    })

    test('what a transaction has not committed is not seen by others', async () => {
      const { ledger, connection } = own()
      const ref = await claimed(ledger)
      const client = new Client(connection)
      await client.connect()
      await client.query('begin')
      await client.query(`update attempts set state = 'rejected' where generation_id = $1`, [ref.generationId])
      const reading = ledger.readAttempt(ref)
      await client.query('rollback')
      assert.equal((await reading)?.state, 'claimed')
      await client.end()
    })

    test('four hundred transactions that read and then write lose none', async () => {
      const { connection } = own()
      const { generationId } = await claimed(own().ledger)
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const client = new Client(connection)
          await client.connect()
          for (let n = 0; n < 20; n += 1) {
            await client.query('begin')
            const found = await client.query<{ tries: number }>(
              'select tries from attempts where generation_id = $1 for update',
              [generationId],
            )
            await client.query('update attempts set tries = $2 where generation_id = $1', [
              generationId,
              (found.rows[0]?.tries ?? 0) + 1,
            ])
            await client.query('commit')
          }
          await client.end()
        }),
      )
      const [row] = await execute(connection, 'select tries from attempts where generation_id = $1', [generationId])
      assert.equal(row?.['tries'], 400)
    })

    test('a closed ledger is not available, and may be closed twice', async () => {
      const ledger = createLedger({ connection: own().connection, links: testLinks })
      await ledger.createGeneration(newGeneration())
      await Promise.all([ledger.close(), ledger.close()])
      await assertUnavailable(() => ledger.ping())
    })
  })
}
