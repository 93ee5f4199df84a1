import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createLedger } from '../../../src/ledger/create-ledger.ts'
import { LedgerUnavailableError } from '../../../src/ledger/ledger.ts'
import { migrateLedger, migrations } from '../../../src/ledger/migrate.ts'
import { ledgerBackends, suiteLedger, testLinks } from '../../helpers/ledger.ts'
import { execute, newGeneration } from './fixtures.ts'

for (const backend of ledgerBackends) {
  describe(`migrations (${backend})`, () => {
    const own = suiteLedger({ backend })
    const makeEmpty = () => execute(own().connection, 'drop schema public cascade; create schema public')

    test('several processes that start at once migrate once', async () => {
      await makeEmpty()
      const runs = await Promise.all(Array.from({ length: 6 }, () => migrateLedger(own().connection)))
      const applied = runs.map((run) => run.applied).filter((names) => names.length > 0)
      assert.deepEqual(applied, [Object.keys(migrations)])
      assert.deepEqual(await own().ledger.createGeneration(newGeneration()), { kind: 'created' })
    })

    test('what is up to date is left alone, rows and all', async () => {
      const generation = newGeneration()
      await own().ledger.createGeneration(generation)
      assert.deepEqual(await migrateLedger(own().connection), { applied: [] })
      assert.equal((await own().ledger.readGeneration(generation.id))?.id, generation.id)
    })

    test('a ledger that was never migrated is not available, and says what to do', async (t) => {
      await makeEmpty()
      t.after(() => migrateLedger(own().connection))
      const ledger = createLedger({ connection: own().connection, links: testLinks })
      t.after(() => ledger.close())
      await assert.rejects(ledger.createGeneration(newGeneration()), (error: unknown) => {
        assert.ok(error instanceof LedgerUnavailableError)
        assert.match(error.message, /run the migration/)
        return true
      })
    })
  })
}
