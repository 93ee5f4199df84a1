// When a provider first called back about the task of an attempt, as reports tell it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AttemptRef } from '../../../src/ledger/ledger.ts'
import { ledgerBackends, suiteLedger } from '../../helpers/ledger.ts'
import { accepted, unknown } from './fixtures.ts'

for (const backend of ledgerBackends) {
  describe(`the first callback of an attempt (${backend})`, () => {
    const own = suiteLedger({ backend })
    const hint = (ref: AttemptRef, claimedTaskId: string, receivedAt: string, digit: string): Promise<void> =>
      own().ledger.keepHint({
        ...ref,
        claimedTaskId,
        claimedState: 'success',
        bodySha256: digit.repeat(64),
        receivedAt: new Date(receivedAt),
      })
    const calledBackAt = async (ref: AttemptRef): Promise<string | null | undefined> =>
      (await own().ledger.readGeneration(ref.generationId))?.attempts[0]?.calledBackAt

    test('is the first that names its task, however many follow and whatever forged ones name', async () => {
      const ref = await accepted(own().ledger)
      assert.equal(await calledBackAt(ref), null)
      await hint(ref, 'another task', '2026-11-01T10:00:00.000Z', 'c')
      assert.equal(await calledBackAt(ref), null)
      await hint(ref, ref.taskId, '2026-11-01T10:00:02.500Z', 'd')
      await hint(ref, ref.taskId, '2026-11-01T10:00:07.500Z', 'e')
      assert.equal(await calledBackAt(ref), '2026-11-01T10:00:02.500Z')
    })

    test('counts as soon as the task is known, also when it came before', async () => {
      const ref = await unknown(own().ledger)
      await hint(ref, `task of ${ref.generationId}`, '2026-11-01T10:00:01.000Z', 'd')
      assert.equal(await calledBackAt(ref), null)
      await own().ledger.adoptTaskId(ref, `task of ${ref.generationId}`)
      assert.equal(await calledBackAt(ref), '2026-11-01T10:00:01.000Z')
    })
  })
}
