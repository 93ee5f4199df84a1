// Attempts that are left: because another one will be paid, or because the generation ends.
import type { AttemptOutcome, AttemptState, RefusalReason } from '../contract/index.ts'
import { databaseClock, estimateAsCost, freeOfCharge } from './attempt-rows.ts'
import { movesOf, statesThatMayCost } from './attempt-states.ts'
import type { LedgerTransaction } from './database.ts'
import type { AttemptRef, Closing, LeftAttempt } from './ledger.ts'
import { leaveLine } from './line.ts'
import { selectAttempt } from './move-attempt.ts'
import { toText } from './storable-text.ts'
import { recordTaskId } from './task-ids.ts'

/** Open ones end: free where nothing was on the wire, else owing. Ended ones keep their end. */
export async function leaveAttempts(trx: LedgerTransaction, generationId: string, left: LeftAttempt[]): Promise<void> {
  // All of them before the first row is locked: a task id is locked before its row, everywhere.
  for (const { item, attempt, providerTaskId } of left) {
    const ref = { generationId, item, attempt }
    if (providerTaskId !== null && (await selectAttempt(trx, ref)) !== null) await recordTaskId(trx, ref, providerTaskId)
  }
  for (const { item, attempt, outcome, reason, message } of left) {
    const ref = { generationId, item, attempt }
    const words = { outcome, reason, message: toText(message) }
    await leave(trx, ref, 'withdrawn', words)
    await leaveLine(trx, ref)
    await leave(trx, ref, 'abandoned', words)
    // Withdrawn earlier, when only the activity had spoken: the workflow knows better what it meant.
    await rowOf(trx, ref).set({ outcome }).where('state', '=', 'withdrawn').execute()
  }
}

async function leave(
  trx: LedgerTransaction,
  ref: AttemptRef,
  to: 'withdrawn' | 'abandoned',
  words: { outcome: AttemptOutcome; reason: RefusalReason; message: string },
): Promise<void> {
  const cost = to === 'withdrawn' ? freeOfCharge : estimateAsCost
  const from = movesOf('leave').flatMap((move) => (move.to === to ? [move.from] : []))
  await rowOf(trx, ref)
    .set({ state: to, ...words, finished_at: databaseClock, ...cost })
    .where('state', 'in', from)
    .execute()
}

function rowOf(trx: LedgerTransaction, { generationId, item, attempt }: AttemptRef) {
  return trx
    .updateTable('attempts')
    .where('generation_id', '=', generationId)
    .where('item', '=', item)
    .where('attempt', '=', attempt)
}

/** At the end of a generation: what the workflow named, and whatever else is still open, so that no row stays without an owner. */
export async function leaveAllAttempts(trx: LedgerTransaction, generationId: string, closing: Closing): Promise<void> {
  await leaveAttempts(trx, generationId, closing.left)
  const open = await trx
    .selectFrom('attempts')
    .select(['item', 'attempt', 'state'])
    .where('generation_id', '=', generationId)
    .where(
      'state',
      'in',
      movesOf('leave').map(({ from }) => from),
    )
    .execute()
  const stored = await trx.selectFrom('images').select(['item', 'attempt']).where('generation_id', '=', generationId).execute()
  const served = [...stored, { item: closing.servedByItem ?? 0, attempt: closing.servedByAttempt }]
  const unnamed = open
    // One that served is not left, even when the provider's last word about it could not be written.
    .filter((row) => !served.some(({ item, attempt }) => item === row.item && attempt === row.attempt))
    .map(({ item, attempt, state }) => ({ item, attempt, providerTaskId: null, ...wordsForUnnamed(state, closing) }))
  await leaveAttempts(trx, generationId, unnamed)
}

function wordsForUnnamed(state: AttemptState, closing: Closing): Pick<LeftAttempt, 'outcome' | 'reason' | 'message'> {
  const message = 'still open when its generation ended'
  if (state === 'claimed') return { outcome: 'exhausted', reason: 'withdrawn', message }
  const isUnknown = state === 'unknown' || state === 'sending'
  const reason = isUnknown ? 'no_answer' : 'deadline'
  if (closing.status === 'cancelled') return { outcome: 'cancelled', reason, message }
  return { outcome: isUnknown ? 'unknown' : 'overdue', reason, message }
}

/**
 * I3: set on every earlier attempt that may cost money and is not proven free, before the next one can be paid. Also on those that
 * `left` does not name: that no second spend goes unmarked is the ledger's promise, not the caller's.
 */
export async function markPossibleExtraCharge(trx: LedgerTransaction, next: AttemptRef, left: LeftAttempt[]): Promise<void> {
  await trx
    .updateTable('attempts')
    .set({ possible_extra_charge: true })
    .where('generation_id', '=', next.generationId)
    .where('proven_free', '=', false)
    .where('state', 'in', statesThatMayCost)
    .where((eb) =>
      eb.or([
        eb.and([eb.or([eb('item', '=', next.item), eb('pictures', '>', 1)]), eb('attempt', '<', next.attempt)]),
        ...left.map(({ item, attempt }) => eb.and([eb('item', '=', item), eb('attempt', '=', attempt)])),
      ]),
    )
    .execute()
}
