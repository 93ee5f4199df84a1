// The SQL against the table: every state × every event, on a real database.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { attemptStates } from '../../../src/contract/word-lists.ts'
import { type AttemptEvent, type AttemptPlace, attemptMoves, nextState } from '../../../src/ledger/attempt-states.ts'
import type { AttemptRef, Ledger } from '../../../src/ledger/ledger.ts'
import { ledgerBackends, suiteLedger, type TestLedger } from '../../helpers/ledger.ts'
import { anyOffer, claimed, execute, force, leftAs, newAttempt, nextOf, openGeneration, passDeadline } from './fixtures.ts'

const events = Object.keys(attemptMoves).filter((event): event is AttemptEvent => event in attemptMoves)

/** Makes an event happen by the method that a caller would use. */
async function happen({ ledger, connection }: TestLedger, ref: AttemptRef, event: AttemptEvent, sendId: string): Promise<void> {
  const why = { reason: 'rate_limited', message: 'later', wasSent: true } as const
  const verdict = { reason: null, message: null, cost: null, provenFree: false, finishedAt: null }
  const methods: Record<AttemptEvent, () => Promise<unknown>> = {
    claim: () => ledger.claimAttempt(newAttempt(ref), []),
    begin_send: () => ledger.beginSend(ref, anyOffer()),
    release_send: () => ledger.releaseSend(ref, sendId, why),
    reject_send: () => ledger.rejectSend(ref, sendId, why),
    lose_send: () => ledger.loseSend(ref, sendId, why),
    pass_deadline: async () => {
      await passDeadline(connection, ref)
      await ledger.readAttempt(ref)
    },
    record_task_id: () => ledger.recordTaskId(ref, `task_${randomUUID()}`),
    adopt_task_id: () => ledger.adoptTaskId(ref, `task_${randomUUID()}`),
    succeed: () => ledger.recordVerdict(ref, { ...verdict, state: 'succeeded' }),
    fail: () => ledger.recordVerdict(ref, { ...verdict, state: 'failed' }),
    withdraw: () => ledger.withdrawAttempt(newAttempt(ref), why),
    fail_upload: () => ledger.failUpload(ref, why),
    settle: () => ledger.settleAttempt(ref, { found: 'failed_free', cost: null, message: null }),
    leave: () => ledger.claimAttempt(newAttempt({ ...nextOf(ref), attempt: 999 }), [leftAs(ref)]),
  }
  await methods[event]()
}

async function stateOf(ledger: Ledger, ref: AttemptRef): Promise<AttemptPlace> {
  return (await ledger.readAttempt(ref))?.state ?? 'absent'
}

for (const backend of ledgerBackends) {
  describe(`the statements keep the table of states (${backend})`, () => {
    const own = suiteLedger({ backend })

    for (const state of attemptStates) {
      test(`from ${state}, each event leads where the table says`, async () => {
        for (const event of events) {
          const ref = await claimed(own().ledger)
          await force(own().connection, ref, state, 'own send')
          await happen(own(), ref, event, 'own send')
          assert.equal(await stateOf(own().ledger, ref), nextState(state, event) ?? state, event)
        }
      })
    }

    test('without a row, only a claim and a withdrawal make one', async () => {
      for (const event of events) {
        const ref = await openGeneration(own().ledger)
        await happen(own(), ref, event, 'own send').catch((error: unknown) => {
          assert.match(String(error), /has no row/, event)
        })
        assert.equal(await stateOf(own().ledger, ref), nextState('absent', event) ?? 'absent', event)
      }
    })

    test('a word about a send that is not the newest one touches nothing, in any state', async () => {
      for (const state of attemptStates) {
        for (const event of ['release_send', 'reject_send', 'lose_send'] as const) {
          const ref = await claimed(own().ledger)
          await force(own().connection, ref, state, 'newer send')
          const [before] = await rowsOf(ref)
          await happen(own(), ref, event, 'older send')
          assert.deepEqual(await rowsOf(ref), [before], `${state} ${event}`)
        }
      }
    })

    test('any sequence of events leads where the table leads', async () => {
      const property = fc.asyncProperty(
        fc.array(fc.constantFrom(...events), { minLength: 2, maxLength: 10 }),
        async (sequence) => {
          const ref = await openGeneration(own().ledger)
          let place: AttemptPlace = 'absent'
          for (const event of sequence) {
            const [row] = await rowsOf(ref)
            const sendId = typeof row?.['send_id'] === 'string' ? row['send_id'] : 'no send'
            await happen(own(), ref, event, sendId).catch((error: unknown) => {
              if (place !== 'absent') throw error
            })
            place = nextState(place, event) ?? place
            assert.equal(await stateOf(own().ledger, ref), place, sequence.join(', '))
          }
        },
      )
      await fc.assert(property, { numRuns: 25 })
    })

    function rowsOf(ref: AttemptRef) {
      return execute(own().connection, 'select * from attempts where generation_id = $1 and attempt = $2', [
        ref.generationId,
        ref.attempt,
      ])
    }
  })
}
