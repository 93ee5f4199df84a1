// Attempts that somebody may want to look at, listed and counted by why.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type AttemptRef, InvalidCursorError } from '../../../src/ledger/ledger.ts'
import { type AttemptConcern, attemptConcerns } from '../../../src/ledger/stats-port.ts'
import { ledgerBackends, testLedger } from '../../helpers/ledger.ts'
import { accepted, anyOffer, closingAs, execute, leftAs, newAttempt, newImage, nextOf, unknown } from './fixtures.ts'

const word = { reason: null, message: null, cost: null, provenFree: false, finishedAt: null }
const measured = (usd: number) => ({ usd, credits: null, source: 'measured' as const })

for (const backend of ledgerBackends) {
  describe(`attempts of concern (${backend})`, () => {
    test('each is listed under its concerns, and counted there, until somebody has looked', async (t) => {
      const { ledger } = await testLedger(t, { backend })
      const lists = async () => {
        const found: Partial<Record<AttemptConcern, string[]>> = {}
        for (const concern of attemptConcerns) {
          const { attempts, nextCursor } = await ledger.listAttempts({ mode: 'mock', concern, limit: 100 })
          assert.equal(nextCursor, null)
          if (attempts.length > 0)
            found[concern] = attempts.map(({ generationId, number }) => `${names.get(generationId) ?? '?'} ${number}`)
        }
        const { attempts: counts } = await ledger.readTotals('mock')
        assert.deepEqual(counts, Object.fromEntries(attemptConcerns.map((concern) => [concern, found[concern]?.length ?? 0])))
        return found
      }
      const names = new Map<string, string>()
      const named = <Ref extends AttemptRef>(name: string, ref: Ref): Ref => {
        names.set(ref.generationId, name)
        return ref
      }
      assert.deepEqual(await lists(), {})
      const late = named('late', await accepted(ledger))
      await ledger.claimAttempt(newAttempt(nextOf(late)), [leftAs(late)])
      await ledger.beginSend(nextOf(late), anyOffer())
      await ledger.recordTaskId(nextOf(late), 'task of the second')
      assert.deepEqual(await lists(), { possible_extra: ['late 1'], owing: ['late 1'] })
      await ledger.recordVerdict(nextOf(late), { ...word, state: 'succeeded' })
      await ledger.closeGeneration(late.generationId, closingAs('completed', { servedByAttempt: 2 }), [newImage(nextOf(late))])
      await ledger.settleAttempt(late, { found: 'paid', cost: measured(0.1), message: null })
      assert.deepEqual(await lists(), { confirmed_extra: ['late 1'] })

      const twice = named('twice', await unknown(ledger))
      await ledger.adoptTaskId(twice, 'adopted')
      await ledger.recordTaskId(twice, 'own')
      assert.deepEqual(await lists(), { confirmed_extra: ['late 1'], task_conflict: ['twice 1'] })
      await ledger.recordVerdict(twice, { ...word, state: 'succeeded' })
      await ledger.closeGeneration(twice.generationId, closingAs('completed', { servedByAttempt: 1 }), [newImage(twice)])
      assert.deepEqual((await lists()).owing, ['twice 1'])
      await ledger.settleExtraTask(twice, 'adopted', { found: 'paid', cost: null, message: null })
      assert.deepEqual(await lists(), { confirmed_extra: ['twice 1', 'late 1'], task_conflict: ['twice 1'] })

      const lost = named('lost', await unknown(ledger))
      await ledger.closeGeneration(lost.generationId, closingAs('failed'), [])
      await ledger.settleAttempt(lost, { found: 'unresolved', cost: null, message: null })
      assert.deepEqual((await lists()).unresolved, ['lost 1'])
      const hint = { ...lost, claimedTaskId: 'after all', claimedState: 'success', bodySha256: 'd', receivedAt: new Date() }
      await ledger.keepHint(hint)
      assert.deepEqual((await lists()).owing, ['lost 1'])
      assert.deepEqual((await ledger.readTotals('live')).attempts.owing, 0)
      assert.equal((await ledger.readTotals('mock')).generationsOpen, 0)
    })

    test('pages hold each once, the newest first, with what an attempt has in its generation', async (t) => {
      const { ledger, connection } = await testLedger(t, { backend })
      const refs: AttemptRef[] = []
      for (let n = 0; n < 5; n += 1) {
        const ref = await accepted(ledger)
        await ledger.recordTaskId(ref, `other ${n}`)
        refs.push(ref)
      }
      await execute(connection, `update attempts set created_at = '2026-01-01T00:00:00Z'`)
      const seen: string[] = []
      let cursor: string | null = null
      do {
        const page: Awaited<ReturnType<typeof ledger.listAttempts>> = await ledger.listAttempts({
          mode: 'mock',
          concern: 'task_conflict',
          limit: 2,
          ...(cursor === null ? {} : { cursor }),
        })
        for (const { generationId, tenant, createdAt, ...report } of page.attempts) {
          seen.push(generationId)
          const generation = (await ledger.readGeneration(generationId)) ?? assert.fail()
          assert.deepEqual([[report], tenant, createdAt], [generation.attempts, 'default', '2026-01-01T00:00:00.000Z'])
          assert.equal(report.extraTasks.length, 1)
        }
        cursor = page.nextCursor
      } while (cursor !== null)
      assert.deepEqual(
        seen,
        refs
          .map(({ generationId }) => generationId)
          .toSorted()
          .toReversed(),
      )
      for (const id of ['gen_1', 'gen_1/x/1', 'gen_1/0/1/2']) {
        const forged = Buffer.from(JSON.stringify([0, id])).toString('base64url')
        await assert.rejects(
          ledger.listAttempts({ mode: 'mock', concern: 'owing', limit: 1, cursor: forged }),
          InvalidCursorError,
        )
      }
    })
  })
}
