// The statements that keep "paid once" (I3): each is one short transaction, each move a compare-and-set in SQL.
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Busy, SendOffer } from './accounts-port.ts'
import { databaseClock, freeOfCharge, identityOf, lostReply, toAttemptRow, withdrawal } from './attempt-rows.ts'
import type { LedgerTransaction, Run } from './database.ts'
import { countAhead, leaveLine, retryInLine } from './line.ts'
import { lockGeneration } from './lock-generation.ts'
import { leaveAttempts, markPossibleExtraCharge } from './leave-attempts.ts'
import type { AttemptRef, AttemptRow, BeginSendResult, Ledger, LeftAttempt, NewAttempt } from './ledger.ts'
import { moveOwnSend, mustSelectAttempt, passDeadline, selectAttempt, tryMove } from './move-attempt.ts'
import { answerOwnPermit, answerPermit, findHeldPermit, forgetPermit, grantPermit, lockAccounts, usePermit } from './permits.ts'
import { toText } from './storable-text.ts'
import { adoptTaskId, earlierHolderOf, isTaskIdHeldElsewhere, recordTaskId } from './task-ids.ts'
import { recordVerdict } from './verdicts.ts'
import { busyBecause } from './when-free.ts'

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
  | 'earlierHolderOf'
>

export function attemptMethods(run: Run): AttemptMethods {
  return {
    claimAttempt: (attempt, left) => run((trx) => claimAttempt(trx, attempt, left)),
    beginSend: (ref, offer) => run((trx) => beginSend(trx, ref, offer)),
    releaseSend: (ref, sendId, { reason, message, wasSent }) =>
      run(async (trx) => {
        const changes = { send_id: null, send_deadline_at: null, reason, message: toText(message) }
        const row = await moveOwnSend(trx, ref, 'release_send', sendId, changes)
        await (wasSent ? answerOwnPermit(trx, sendId, { isOver: true }) : forgetPermit(trx, sendId))
        return row
      }),
    rejectSend: (ref, sendId, { reason, message }) =>
      run(async (trx) => {
        const words = { outcome: 'rejected' as const, reason, message: toText(message) }
        const changes = { ...words, finished_at: databaseClock, ...freeOfCharge }
        const row = await moveOwnSend(trx, ref, 'reject_send', sendId, changes)
        await answerOwnPermit(trx, sendId, { isOver: true })
        return row
      }),
    loseSend: (ref, sendId, { message }) =>
      run(async (trx) => {
        // The one run that could be talking says that it has ended: nobody need wait for its deadline.
        const changes = { ...lostReply(message), send_deadline_at: databaseClock }
        const row = await moveOwnSend(trx, ref, 'lose_send', sendId, changes)
        // A task may be at work all the same.
        await answerOwnPermit(trx, sendId, { isOver: false })
        return row
      }),
    recordTaskId: (ref, providerTaskId) =>
      run(async (trx) => {
        const row = await recordTaskId(trx, ref, providerTaskId)
        await answerPermit(trx, ref)
        return row
      }),
    adoptTaskId: (ref, providerTaskId) => run((trx) => adoptTaskId(trx, ref, providerTaskId)),
    withdrawAttempt: (attempt, why) => run((trx) => withdrawAttempt(trx, attempt, why)),
    readAttempt: (ref) => run((trx) => readAttempt(trx, ref)),
    recordVerdict: (ref, verdict) => run((trx) => recordVerdict(trx, ref, verdict)),
    earlierHolderOf: (ref, providerTaskId) => run((trx) => earlierHolderOf(trx, ref, providerTaskId)),
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

async function beginSend(trx: LedgerTransaction, ref: AttemptRef, offer: SendOffer): Promise<BeginSendResult> {
  let found = await mustSelectAttempt(trx, ref, { lock: true })
  if (found.state === 'sending') {
    await passDeadline(trx, ref)
    found = await mustSelectAttempt(trx, ref)
  }
  if (found.state === 'sending') return { kind: 'sending_elsewhere', row: found }
  if (found.state !== 'claimed') return { kind: 'decided', row: found }
  const permit = await takePermit(trx, found, offer)
  if (permit.kind === 'busy') return { ...permit, row: found }
  const sendId = randomUUID()
  const row = await tryMove(trx, ref, 'begin_send', {
    account: permit.account,
    send_id: sendId,
    send_started_at: databaseClock,
    first_send_started_at: sql<Date>`coalesce(first_send_started_at, ${databaseClock})`,
    send_deadline_at: sql<Date>`${databaseClock} + ${offer.timeoutMs} * interval '1 millisecond'`,
    tries: sql<number>`tries + 1`,
  })
  const deadlineAt = row?.sendDeadlineAt ?? null
  if (row === null || deadlineAt === null) throw new Error('ledger: a claimed attempt did not become a send under its lock')
  await usePermit(trx, permit.id, { sendId, deadlineAt, limits: offer.limits })
  await leaveLine(trx, ref)
  return { kind: 'send', sendId, row }
}

type TakenPermit = { kind: 'taken'; id: string; account: string } | { kind: 'busy'; busy: Busy }

/** The one held for this attempt, else a free one if nobody came first. */
async function takePermit(
  trx: LedgerTransaction,
  row: AttemptRow,
  { accounts, limits, timeoutMs }: SendOffer,
): Promise<TakenPermit> {
  const group = { mode: row.mode, provider: row.provider }
  await lockAccounts(trx, group, accounts)
  const held = await findHeldPermit(trx, row, accounts)
  if (held !== null) return { kind: 'taken', ...held }
  const ahead = await countAhead(trx, group, row)
  // A newcomer does not know whom it would overtake: whoever stands in line comes first, also where there is room for one more.
  const request = { ...group, ref: row, accounts, limits, holdMs: timeoutMs, ahead: ahead === 0 ? 0 : null }
  const grant = await grantPermit(trx, request)
  if (grant.kind === 'granted') return { kind: 'taken', id: grant.id, account: grant.account }
  const busy = busyBecause(grant.gates, limits, ahead + 1)
  return { kind: 'busy', busy: busy.because === 'line' ? { ...busy, retryAfterMs: retryInLine(busy.retryAfterMs) } : busy }
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
  const withdrawn = await tryMove(trx, attempt, 'withdraw', changes)
  if (withdrawn !== null) await leaveLine(trx, attempt)
  return withdrawn ?? mustSelectAttempt(trx, attempt)
}

async function readAttempt(trx: LedgerTransaction, ref: AttemptRef): Promise<AttemptRow | null> {
  const row = await selectAttempt(trx, ref)
  if (row?.state !== 'sending') return row
  await passDeadline(trx, ref)
  return selectAttempt(trx, ref)
}
