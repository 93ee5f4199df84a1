// The statements that keep "paid once" (I3): each is one short transaction, each move a compare-and-set in SQL.
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { databaseClock, freeOfCharge, identityOf, lostReply, toAttemptRow, withdrawal } from './attempt-rows.ts'
import type { LedgerTransaction, Run } from './database.ts'
import { lockGeneration } from './lock-generation.ts'
import { leaveAttempts, markPossibleExtraCharge } from './leave-attempts.ts'
import type { AttemptRef, AttemptRow, BeginSendResult, Ledger, LeftAttempt, NewAttempt } from './ledger.ts'
import { moveOwnSend, mustSelectAttempt, passDeadline, selectAttempt, tryMove } from './move-attempt.ts'
import { toText } from './storable-text.ts'
import { adoptTaskId, isTaskIdHeldElsewhere, recordTaskId } from './task-ids.ts'
import { recordVerdict } from './verdicts.ts'

type AttemptMethods = Pick<
  Ledger,
  | 'claimAttempt'
  | 'beginSend'
  | 'releaseSend'
  | 'rejectSend'
  | 'loseSend'
  | 'recordTaskId'
  | 'adoptTaskId'
  | 'withdrawAttempt'
  | 'readAttempt'
  | 'recordVerdict'
  | 'isTaskIdHeldElsewhere'
>

export function attemptMethods(run: Run): AttemptMethods {
  return {
    claimAttempt: (attempt, left) => run((trx) => claimAttempt(trx, attempt, left)),
    beginSend: (ref, sendTimeoutMs) => run((trx) => beginSend(trx, ref, sendTimeoutMs)),
    releaseSend: (ref, sendId, { reason, message }) => {
      const changes = { send_id: null, send_deadline_at: null, reason, message: toText(message) }
      return run((trx) => moveOwnSend(trx, ref, 'release_send', sendId, changes))
    },
    rejectSend: (ref, sendId, { reason, message }) => {
      const words = { outcome: 'rejected' as const, reason, message: toText(message) }
      const changes = { ...words, finished_at: databaseClock, ...freeOfCharge }
      return run((trx) => moveOwnSend(trx, ref, 'reject_send', sendId, changes))
    },
    loseSend: (ref, sendId, { message }) => {
      // The one run that could be talking says that it has ended: nobody need wait for its deadline.
      const changes = { ...lostReply(message), send_deadline_at: databaseClock }
      return run((trx) => moveOwnSend(trx, ref, 'lose_send', sendId, changes))
    },
    recordTaskId: (ref, providerTaskId) => run((trx) => recordTaskId(trx, ref, providerTaskId)),
    adoptTaskId: (ref, providerTaskId) => run((trx) => adoptTaskId(trx, ref, providerTaskId)),
    withdrawAttempt: (attempt, why) => run((trx) => withdrawAttempt(trx, attempt, why)),
    readAttempt: (ref) => run((trx) => readAttempt(trx, ref)),
    recordVerdict: (ref, verdict) => run((trx) => recordVerdict(trx, ref, verdict)),
    isTaskIdHeldElsewhere: (provider, account, providerTaskId, ref) =>
      run((trx) => isTaskIdHeldElsewhere(trx, provider, account, providerTaskId, ref)),
  }
}

async function claimAttempt(trx: LedgerTransaction, attempt: NewAttempt, left: LeftAttempt[]): Promise<AttemptRow> {
  const { isOpen } = await lockGeneration(trx, attempt.generationId)
  // I3: marked before the next one can be paid, and in the same transaction.
  await leaveAttempts(trx, attempt.generationId, left)
  await markPossibleExtraCharge(trx, attempt, left)
  // A run that wakes after the end of its generation must find that its time is over.
  const tooLate = withdrawal('withdrawn', 'the generation had already ended')
  const birth = isOpen ? { state: 'claimed' as const } : { state: 'withdrawn' as const, ...tooLate }
  await trx
    .insertInto('attempts')
    .values({ ...identityOf(attempt), ...birth })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return mustSelectAttempt(trx, attempt)
}

async function beginSend(trx: LedgerTransaction, ref: AttemptRef, sendTimeoutMs: number): Promise<BeginSendResult> {
  await mustSelectAttempt(trx, ref, { lock: true })
  await passDeadline(trx, ref)
  const sendId = randomUUID()
  const row = await tryMove(trx, ref, 'begin_send', {
    send_id: sendId,
    send_started_at: databaseClock,
    first_send_started_at: sql<Date>`coalesce(first_send_started_at, ${databaseClock})`,
    send_deadline_at: sql<Date>`${databaseClock} + ${sendTimeoutMs} * interval '1 millisecond'`,
    tries: sql<number>`tries + 1`,
  })
  if (row !== null) return { kind: 'send', sendId, row }
  const found = await mustSelectAttempt(trx, ref)
  return found.state === 'sending' ? { kind: 'sending_elsewhere', row: found } : { kind: 'decided', row: found }
}

async function withdrawAttempt(
  trx: LedgerTransaction,
  attempt: NewAttempt,
  why: Parameters<Ledger['withdrawAttempt']>[1],
): Promise<AttemptRow> {
  const changes = withdrawal(why.reason, why.message)
  // The tombstone first: whichever of this and a late claim comes second finds the row of the other.
  const tombstone = await trx
    .insertInto('attempts')
    .values({ ...identityOf(attempt), state: 'withdrawn', ...changes })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  if (tombstone !== undefined) return toAttemptRow(tombstone)
  await passDeadline(trx, attempt)
  return (await tryMove(trx, attempt, 'withdraw', changes)) ?? mustSelectAttempt(trx, attempt)
}

async function readAttempt(trx: LedgerTransaction, ref: AttemptRef): Promise<AttemptRow | null> {
  const row = await selectAttempt(trx, ref)
  if (row?.state !== 'sending') return row
  await passDeadline(trx, ref)
  return selectAttempt(trx, ref)
}
